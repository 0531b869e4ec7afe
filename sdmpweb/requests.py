"""uvicorn's HTTP, for strangers: what comes before a request is bounded, in time and in size.

A proxy does as much. Without one a few hundred connections that say nothing would keep all others
out, and one header without an end would fill the memory.
"""

from __future__ import annotations

import asyncio
import resource
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

SECONDS: Final = 20.0
"""For the head of a request, and for the first one from when the connection is made."""
LARGEST_HEAD: Final = 64 * 1024
"""Of its first line and its headers together, in bytes."""
_MOST_FILES: Final = 65_536


class Requests(HttpToolsProtocol):
    """One connection, which is closed when no request comes of it."""

    _late: asyncio.TimerHandle | None = None
    _head = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Read on, and see whether a request has come of it."""
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop_waiting()
        elif not self.transport.is_closing() and self.transport.get_protocol() is self:
            self._head += len(data)
            if self._head > LARGEST_HEAD:
                self.logger.warning("Invalid HTTP request received.")
                self.send_400_response("Invalid HTTP request received.")
            elif self._late is None:
                self._wait()

    def handle_websocket_upgrade(self) -> None:
        """Leave the connection to who speaks WebSocket."""
        self._stop_waiting()
        super().handle_websocket_upgrade()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._late = asyncio.get_running_loop().call_later(SECONDS, self.transport.close)

    def _stop_waiting(self) -> None:
        self._head = 0
        if self._late is not None:
            self._late.cancel()
            self._late = None


def allow_many() -> None:
    """Let this process have as many connections as the system lets it, not only the usual 1,024."""
    soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted: Any = _MOST_FILES if most == resource.RLIM_INFINITY else min(most, _MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
