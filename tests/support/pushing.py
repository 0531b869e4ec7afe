"""A push service: takes the wake-ups that a node sends, and answers as it is told."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


class PushService:
    """An HTTP server on a free port of 127.0.0.1. `took` holds path, headers, content."""

    def __init__(self, status: int = 201) -> None:
        self.status = status
        self.took: list[tuple[str, dict[str, str], bytes]] = []
        self.came = threading.Event()
        service = self

        class Answer(BaseHTTPRequestHandler):
            """Notes a POST and answers with the service's status."""

            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                service.took.append((self.path, headers, content))
                self.send_response(service.status)
                self.send_header("Content-Length", "0")
                if service.status == 302:
                    self.send_header("Location", f"{service.url}/elsewhere")
                self.end_headers()
                service.came.set()

            def log_message(self, *_: object) -> None:
                """Keep still."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
