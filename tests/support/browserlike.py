"""Django's test client, made to hold the secret of a session as a browser does, not its key."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.test.client import ClientMixin

from sdmpweb.session_store import SessionStore


def install() -> None:
    """Change all clients of this process."""
    set_cookies = ClientMixin._set_login_cookies  # type: ignore[attr-defined]

    def with_secret(client: Any, request: HttpRequest) -> None:
        set_cookies(client, request)
        secret = request.session.secret  # type: ignore[attr-defined]
        client.cookies[settings.SESSION_COOKIE_NAME].set(
            settings.SESSION_COOKIE_NAME, secret, secret
        )

    def session(client: Any) -> SessionStore:
        cookie = client.cookies.get(settings.SESSION_COOKIE_NAME)
        if cookie and cookie.value:
            return SessionStore(secret=cookie.value)
        made = SessionStore()
        made.save()
        client.cookies[settings.SESSION_COOKIE_NAME] = made.secret
        return made

    ClientMixin._set_login_cookies = with_secret  # type: ignore[attr-defined]
    ClientMixin.session = property(session)  # type: ignore[assignment]
