"""The front page of the panel: is it healthy, and what needs the owner today."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest
from django.template.response import TemplateResponse

from panel.page import context

PAGES: Final = ()


def front(request: HttpRequest) -> TemplateResponse:
    """Show it; the site sees to it that only owners come here."""
    return TemplateResponse(request, "panel/front.html", context(request, "front"))
