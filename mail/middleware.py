"""What holds for every page: the reader's own zone and language, and signing in anew."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import resolve_url
from django.utils import timezone, translation
from django.utils.cache import add_never_cache_headers

from mail.live import state_of
from nodes.models import Account


class ReaderMiddleware:
    """Sets the time zone and the language that the account has chosen, for one request.

    What is answered to an account is its own: unless the page says otherwise, no browser and no
    proxy keeps it.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self._waits = iscoroutinefunction(get_response)
        if self._waits:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Answer the request in the reader's zone and language."""
        if self._waits:
            return self._answer_later(request)
        with _speaking_to(getattr(request, "user", None), request):
            return _kept_nowhere(request, self.get_response(request))

    async def _answer_later(self, request: HttpRequest) -> HttpResponseBase:
        user = await request.auser() if hasattr(request, "auser") else None
        with _speaking_to(user, request):
            return _kept_nowhere(request, await self.get_response(request))


def _kept_nowhere(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    if not response.has_header("Cache-Control") and hasattr(request, "live_state"):
        add_never_cache_headers(response)
    return response


class SignInMiddleware:
    """Leads the whole page to signing in when a part of it is fetched and the session has ended.

    A redirect would be followed by htmx, and the page for signing in put where the part belongs.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request."""
        response = self.get_response(request)
        location = response.headers.get("Location", "")
        if not location or "HX-Request" not in request.headers:
            return response
        sign_in = resolve_url(settings.LOGIN_URL)
        if location.partition("?")[0] != sign_in:
            return response
        shown = urlsplit(request.headers.get("HX-Current-URL", ""))
        query = urlencode({"next": shown.path}) if shown.path.startswith("/") else ""
        return HttpResponse(
            status=204, headers={"HX-Redirect": f"{sign_in}?{query}" if query else sign_in}
        )


@contextmanager
def _speaking_to(user: object, request: HttpRequest) -> Iterator[None]:
    account = user if isinstance(user, Account) else None
    if account is not None:
        # Before anything is read: what changes meanwhile makes another state of it.
        request.live_state = state_of(account.pk)  # type: ignore[attr-defined]
    # Until an account has chosen a zone it gets the browser's (static/js/zone.js), else the
    # node's; none stays from another request.
    chosen = account.timezone if account else ""
    with timezone.override(_zone(chosen) or _zone(unquote(request.COOKIES.get("zone", "")))):
        if account is None or account.language not in dict(settings.LANGUAGES):
            yield
            return
        with translation.override(account.language):
            request.LANGUAGE_CODE = account.language
            yield


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a directory, or too long
        return None
