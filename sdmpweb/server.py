"""The server of pages and peers: uvicorn on one loop, which is the process's home loop."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator

import structlog
import uvicorn
import uvloop
from django.conf import settings

from nodes import loop, wake
from nodes.errors import UserError
from sdmpweb.embedded.jobs import Jobs
from sdmpweb.requests import Requests, allow_many
from sdmpweb.sockets import Sockets

_SECONDS_FOR_REQUESTS = 1
_SECONDS_FOR_TASKS = 0.3
_SECONDS_FOR_JOBS = 0.5
_WATCH_SECONDS = 1.0

_log = structlog.get_logger(__name__)


def listen(host: str, port: int) -> socket.socket:
    """Bind a listening socket; raises UserError when the address or port cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise UserError(
            f"Port {port} of {host} cannot be used ({os.strerror(error.errno or 0)}); "
            "choose another one with --port or SDMPWEB_PORT."
        ) from None


def serve(listening: socket.socket, started: Callable[[], None], jobs: Jobs | None = None) -> int:
    """Answer pages and peers until SIGTERM or SIGINT; returns the exit status.

    `started` is called once requests are answered. With `jobs` the process is a whole node: it
    runs them too, and is woken by other processes of its data directory.
    """
    allow_many()
    server = _Server(started, jobs)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        status = runner.run(_main(server, listening, jobs))
    if jobs is not None and not server.jobs_ended:
        # A job still computes. It holds nothing that matters, and would keep the process.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    return status


class _Server(uvicorn.Server):
    """uvicorn, with its signals handled by us and the jobs started once it answers."""

    def __init__(self, started: Callable[[], None], jobs: Jobs | None) -> None:
        super().__init__(
            uvicorn.Config(
                "sdmpweb.asgi:application",
                http=Requests,
                ws=Sockets,
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=bool(settings.PROXIES),
                forwarded_allow_ips=settings.PROXIES,
                # Frames are ciphertext: compressing them costs time and wins little.
                ws_per_message_deflate=False,
                timeout_graceful_shutdown=_SECONDS_FOR_REQUESTS,
            )
        )
        self._when_started = started
        self._jobs = jobs
        self.jobs_ended = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer, then start the jobs."""
        await super().startup(sockets)
        if self._jobs is not None:
            self._jobs.start()
        self._when_started()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: uvicorn would raise them again after its end."""
        yield


async def _main(server: _Server, listening: socket.socket, jobs: Jobs | None) -> int:
    home = asyncio.get_running_loop()
    loop.set_home(home)
    for number in (signal.SIGTERM, signal.SIGINT):
        home.add_signal_handler(number, setattr, server, "should_exit", True)
    if jobs is None:
        await server.serve([listening])
        await _end_tasks()
        return 0
    with wake.listening(home):
        watching = asyncio.create_task(_watch(server, jobs))
        await server.serve([listening])
        failed = watching.done()
        await _end_tasks()
        server.jobs_ended = await asyncio.to_thread(jobs.stop, _SECONDS_FOR_JOBS)
    return 1 if failed else 0


async def _watch(server: _Server, jobs: Jobs) -> None:
    """End, and end the server, when the jobs have died and cannot be kept alive."""
    while True:
        await asyncio.sleep(_WATCH_SECONDS)
        if not jobs.healthy():
            _log.critical("the jobs die again and again; the node stops")
            server.should_exit = True
            return


async def _end_tasks() -> None:
    """Cancel what still runs on the loop, so that jobs waiting for it end too."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    if others:
        await asyncio.wait(others, timeout=_SECONDS_FOR_TASKS)
