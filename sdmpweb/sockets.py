"""uvicorn's WebSockets, whose messages are small until the application allows larger ones.

A message is put together in memory before the application sees it. So its size is limited here,
and for somebody who has not yet said who it is, to little (protocol §11).
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import urlsplit

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from sdmp import limits

_Scope = dict[str, Any]
_Receive = Callable[[], Awaitable[dict[str, Any]]]
_Send = Callable[[dict[str, Any]], Awaitable[None]]
_Application = Callable[[_Scope, _Receive, _Send], Awaitable[None]]

EXTENSION: Final = "sdmpweb.limit"
"""In the scope's extensions: a function that sets how many bytes a message may have from now on."""


class Sockets(WebSocketsSansIOProtocol):
    """One connection; `EXTENSION` in its scope lets the application raise the limit."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.limit(limits.FRAME_BYTES_UNPROVED)

    def limit(self, size: int) -> None:
        """Set how many bytes the messages that begin from now on may have."""
        self.conn.max_message_size = size

    def data_received(self, data: bytes) -> None:
        """Read on; who speaks before the answer to its request is no WebSocket, and let go."""
        if self.handshake_initiated and not self.handshake_complete:
            self.transport.close()
        else:
            super().data_received(data)

    def handle_connect(self, event: Request) -> None:
        """Offer the extension; the application runs later."""
        super().handle_connect(event)
        if self.response.status_code == 101:
            extensions: dict[str, Any] = dict(self.scope.get("extensions") or {})
            extensions[EXTENSION] = self.limit
            self.scope["extensions"] = extensions


async def nowhere(scope: _Scope, receive: _Receive, send: _Send) -> None:
    """Turn away a WebSocket at a path where nobody listens; an ASGI application."""
    await send({"type": "websocket.close"})


def from_somewhere(application: _Application) -> _Application:
    """Turn away a WebSocket whose origin is no address; for what compares origins (channels)."""

    async def answer(scope: _Scope, receive: _Receive, send: _Send) -> None:
        try:
            for name, value in scope["headers"]:
                if name == b"origin":
                    urlsplit(value.decode("latin-1"))
        except ValueError:
            await nowhere(scope, receive, send)
        else:
            await application(scope, receive, send)

    return answer
