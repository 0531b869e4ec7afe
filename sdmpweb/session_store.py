"""Sessions of browsers, of which the database holds only a hash.

The cookie holds a secret; the session is found by its hash. So who has the database, or a backup
of it, cannot go on where somebody is signed in.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from typing import Any, Final

from django.conf import settings
from django.contrib.sessions.backends import cached_db
from django.contrib.sessions.backends.base import VALID_KEY_CHARS
from django.contrib.sessions.middleware import SessionMiddleware as DjangosMiddleware
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import get_random_string

_LENGTH: Final = 32
_HASHED_BYTES: Final = 30  # 40 characters, which is what the table has room for


def key_of(secret: str) -> str:
    """Give the key under which the session of a cookie is kept."""
    digest = hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()
    return urlsafe_b64encode(digest[:_HASHED_BYTES]).decode()


class SessionStore(cached_db.SessionStore):
    """A session; `secret` is what the browser is given, known only while it is made or shown."""

    def __init__(self, session_key: str | None = None, secret: str = "") -> None:
        super().__init__(key_of(secret) if secret else session_key)
        self.secret = secret

    def _get_new_session_key(self) -> str:
        while True:
            secret = get_random_string(_LENGTH, VALID_KEY_CHARS)
            key = key_of(secret)
            if not self.exists(key):
                self.secret = secret
                return key

    async def _aget_new_session_key(self) -> str:
        while True:
            secret = get_random_string(_LENGTH, VALID_KEY_CHARS)
            key = key_of(secret)
            if not await self.aexists(key):
                self.secret = secret
                return key


class SessionMiddleware(DjangosMiddleware):
    """Django's, with a cookie from which the key of the session is only derived."""

    def process_request(self, request: HttpRequest) -> None:
        """Find the session of the cookie."""
        secret = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
        request.session = SessionStore(secret=secret)

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Keep the session, and give its secret to the browser where it has to change."""
        answer = super().process_response(request, response)
        cookie = answer.cookies.get(settings.SESSION_COOKIE_NAME)
        if cookie is not None and cookie.value:
            secret = request.session.secret  # type: ignore[attr-defined]
            cookie.set(cookie.key, secret, secret)
        return answer


class SocketSessions:
    """Lets Channels, which looks for a key in the cookie, find the session of a WebSocket."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Put the key in the place of the secret."""
        name = settings.SESSION_COOKIE_NAME
        cookies = dict(scope["cookies"])
        if name in cookies:
            cookies[name] = key_of(cookies[name])
        await self._inner({**scope, "cookies": cookies}, receive, send)
