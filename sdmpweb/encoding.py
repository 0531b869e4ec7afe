"""Requests in UTF-8 alone, and without the one character that no database keeps."""

from __future__ import annotations

import codecs
from collections.abc import Callable

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponseBase


class Utf8Middleware:
    """Refuses requests in another encoding than that of the pages.

    Django reads a form in whatever encoding its sender names, and some of Python's make of it
    text that can be neither stored nor shown, such as halves of surrogate pairs. PostgreSQL keeps
    no NUL in a text, and nobody types one.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request, or refuse it with status 400."""
        named = request.encoding
        if named is not None:
            # Whatever is answered looks at the form once more, and must be able to.
            request.encoding = "utf-8"
            if codecs.lookup(named).name != "utf-8":
                raise BadRequest("Requests must be in UTF-8.")
        fields = (text for name, values in request.POST.lists() for text in (name, *values))
        query = request.META.get("QUERY_STRING", "")
        if "\0" in request.path_info or "%00" in query or any("\0" in text for text in fields):
            raise BadRequest("Requests must not hold NUL characters.")
        return self.get_response(request)
