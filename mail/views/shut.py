"""Answering with bytes that somebody else has made: never a page of our own."""

from django.http import HttpResponse

_SHUT = "default-src 'none'; frame-ancestors 'none'; sandbox"


def shut_in(data: bytes, media_type: str) -> HttpResponse:
    """Answer with a file, shut in a sandbox, and kept by no browser."""
    response = HttpResponse(data, content_type=media_type)
    response["Content-Security-Policy"] = _SHUT
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = "private, no-store"
    return response
