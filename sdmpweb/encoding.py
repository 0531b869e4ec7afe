"""Requests in UTF-8 alone."""

from __future__ import annotations

import codecs
from collections.abc import Callable

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponseBase


class Utf8Middleware:
    """Refuses requests in another encoding than that of the pages.

    Django reads a form in whatever encoding its sender names, and some of Python's make of it
    text that can be neither stored nor shown, such as halves of surrogate pairs.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request, or refuse it with status 400."""
        named = request.encoding
        if named is not None and codecs.lookup(named).name != "utf-8":
            raise BadRequest("Requests must be in UTF-8.")
        return self.get_response(request)
