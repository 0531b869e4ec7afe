"""What every page of the panel gives to its template."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from panel.parts import part


def context(request: HttpRequest, slug: str, **more: Any) -> dict[str, Any]:
    """Give the admin's own context, the navigation, and `more`.

    Args:
        request: the request that is answered.
        slug: which part of the panel (`panel.parts`) the page belongs to.
        more: what the page itself needs.
    """
    return {
        **admin.site.each_context(request),
        "part": part(slug),
        **more,
    }
