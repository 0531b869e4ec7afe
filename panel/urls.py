"""Addresses of the panel's own pages; Django's admin adds those of its tables.

Each file of `panel/views` lists its pages in `PAGES`: address, view, name. The front page is the
site's own.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

from django.urls import URLPattern, path

_FILES: Final = (
    "running",
    "storage",
    "retention",
    "health",
    "map",
    "accounts",
    "invitations",
    "announcement",
    "restored",
    "backups",
)


def own_urls(admin_view: Callable[..., Any]) -> list[URLPattern]:
    """Give the addresses of all pages, each open to owners only."""
    return [
        path(address, admin_view(view), name=name)
        for file in _FILES
        for address, view, name in import_module(f"panel.views.{file}").PAGES
    ]
