"""The ASGI application: pages over HTTP, peers at `/sdmp` and open pages at `/live`."""

import os

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.core.asgi import get_asgi_application
from django.urls import path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sdmpweb.settings")
_pages = get_asgi_application()

from journal.consumers import SdmpConsumer  # noqa: E402  (models need Django set up first)
from mail.consumers import LiveConsumer  # noqa: E402
from sdmpweb.lifespan import lifespan  # noqa: E402

application = ProtocolTypeRouter(
    {
        "lifespan": lifespan,
        "http": _pages,
        "websocket": URLRouter(
            [
                # Peers are not browsers: they send no Origin and bring no cookies.
                path("sdmp", SdmpConsumer.as_asgi()),
                path(
                    "live",
                    AllowedHostsOriginValidator(AuthMiddlewareStack(LiveConsumer.as_asgi())),
                ),
            ]
        ),
    }
)
