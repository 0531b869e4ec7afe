"""Pages speak to the reader in his own zone and language."""

from collections.abc import Callable
from contextlib import ExitStack
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone, translation

from nodes.models import Account


class ReaderMiddleware:
    """Sets the time zone and the language that the account has chosen, for one request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request in the reader's zone and language."""
        user = getattr(request, "user", None)
        with ExitStack() as stack:
            zone = _zone(user.timezone) if isinstance(user, Account) else None
            # None is the node's own zone; a thread keeps none from one reader to the next.
            stack.enter_context(timezone.override(zone))
            if isinstance(user, Account) and user.language in dict(settings.LANGUAGES):
                stack.enter_context(translation.override(user.language))
                request.LANGUAGE_CODE = user.language
            return self.get_response(request)


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError):
        return None
