"""The ASGI application: pages over HTTP, peers at `/sdmp` and open pages at `/live`."""

import os
from typing import Any

import django
from channels.auth import AuthMiddleware
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from channels.sessions import CookieMiddleware, SessionMiddleware
from django.urls import path, re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sdmpweb.settings")
django.setup(set_prefix=False)

from journal.consumers import SdmpConsumer  # noqa: E402  (models need Django set up first)
from mail.consumers import LiveConsumer  # noqa: E402
from sdmpweb import strangers  # noqa: E402
from sdmpweb.lifespan import lifespan  # noqa: E402
from sdmpweb.pages import PagesHandler  # noqa: E402
from sdmpweb.session_store import SocketSessions  # noqa: E402
from sdmpweb.sockets import from_somewhere, nowhere  # noqa: E402

_pages = PagesHandler()
# Django types what a path leads to as a view, and these are ASGI applications.
_peers: Any = SdmpConsumer.as_asgi()
_with_origin: Any = AllowedHostsOriginValidator(
    CookieMiddleware(SocketSessions(SessionMiddleware(AuthMiddleware(LiveConsumer.as_asgi()))))
)
_open_pages: Any = from_somewhere(_with_origin)
# Peers are not browsers: they send no Origin and bring no cookies.
_elsewhere: Any = nowhere
_sockets: list[Any] = [path("sdmp", _peers), path("live", _open_pages), re_path("", _elsewhere)]

strangers.watch()
application = ProtocolTypeRouter(
    {"lifespan": lifespan, "http": _pages, "websocket": URLRouter(_sockets)}
)
