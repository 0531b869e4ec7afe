"""When and from where people were last here, as the page of their sign-ins shows it."""

from collections.abc import Callable
from typing import Final

from allauth.account.adapter import get_adapter
from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.http import HttpRequest, HttpResponseBase

_SECONDS: Final = 60


class SessionsMiddleware:
    """Notes a sign-in's activity once a minute, and at once when it comes from elsewhere.

    allauth's own middleware writes to the database at every request.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Note who is here, then answer."""
        key = request.session.session_key
        if key and request.user.is_authenticated:
            address = get_adapter().get_client_ip(request)
            where = f"{request.user.pk} {address} {request.headers.get('User-Agent', '')}"
            noted = f"session-{key}"
            if cache.get(noted) != where:
                UserSession.objects.create_from_request(request)
                cache.set(noted, where, _SECONDS)
        return self.get_response(request)
