"""Waking what waits: sessions, open pages and jobs, in this process or another one.

A wake-up says "look now". What there is to do stands in the database, so nothing that matters
depends on a wake-up: it is sent without waiting, may be lost, and never raises.

In the embedded shape only one process has the channel layer and the jobs: the node. Other
processes of the same data directory (commands) reach it through a datagram socket there. In the
grown shape Redis joins the processes, and the socket is not used.
"""

import asyncio
import atexit
import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future, wait
from pathlib import Path
from typing import Any

import orjson
import structlog
from celery import current_app
from channels.layers import get_channel_layer
from django.conf import settings

from nodes import loop

SOCKET_NAME = "wake.sock"
_LONGEST_SOCKET_PATH = 100  # sockaddr_un holds 107 bytes
_LARGEST_DATAGRAM = 64 * 1024
_PATIENCE_AT_EXIT = 2.0

_log = structlog.get_logger(__name__)
_pending: set[Future[None]] = set()
_outbox: tuple[asyncio.AbstractEventLoop | None, list[tuple[str, dict[str, Any]]]] = (None, [])
_outbox_lock = threading.Lock()
_is_node = False


def wake(group: str, **message: Any) -> None:
    """Send `message` (with its `type`) to a channel-layer group, from any thread or process."""
    try:
        if settings.GROWN or _is_node:
            _deliver(group, message)
        else:
            _poke({"group": group, "message": message})
    except Exception as error:
        _log.debug("wake-up lost", group=group, error=type(error).__name__)


def start_task(name: str, *arguments: Any) -> None:
    """Queue the Celery task called `name`, from any thread or process."""
    try:
        if settings.GROWN or _is_node:
            current_app.send_task(name, args=arguments, retry=False)
        else:
            _poke({"task": name, "arguments": arguments})
    except Exception as error:
        _log.debug("wake-up lost", task=name, error=type(error).__name__)


@contextlib.contextmanager
def listening(home: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Be the node of the data directory: within the context, other processes' wake-ups arrive.

    To be entered on the thread of `home`, by the process that holds the data directory's lock.
    Raises OSError when the socket cannot be made.
    """
    global _is_node
    with _socket() as listener, _reachable(settings.DATA) as address:
        with contextlib.suppress(FileNotFoundError):
            Path(address).unlink()
        listener.bind(address)
        Path(address).chmod(0o600)
        home.add_reader(listener.fileno(), _receive, listener)
        _is_node = True
        try:
            yield
        finally:
            _is_node = False
            home.remove_reader(listener.fileno())
            with contextlib.suppress(FileNotFoundError):
                Path(address).unlink()


def _deliver(group: str, message: dict[str, Any]) -> None:
    outbox = _outbox_of(loop.home())
    with _outbox_lock:
        outbox.append((group, message))
        if len(outbox) > 1:  # who put in the first one has seen to it that all are sent
            return
    sent = loop.run(_send_all(outbox))
    _pending.add(sent)
    sent.add_done_callback(_done)


def _outbox_of(home: asyncio.AbstractEventLoop) -> list[tuple[str, dict[str, Any]]]:
    global _outbox
    if _outbox[0] is not home:
        _outbox = (home, [])
    return _outbox[1]


async def _send_all(outbox: list[tuple[str, dict[str, Any]]]) -> None:
    """Send what is in the outbox: one visit to the loop for all wake-ups of a transaction."""
    layer = get_channel_layer()
    assert layer is not None
    with _outbox_lock:
        messages = list(outbox)
        outbox.clear()
    for group, message in messages:
        await layer.group_send(group, message)
        await asyncio.sleep(0)  # lets receivers take it, whose channels hold only so many


def _done(sent: Future[None]) -> None:
    _pending.discard(sent)
    if not sent.cancelled() and (error := sent.exception()) is not None:
        _log.debug("wake-up lost", error=type(error).__name__)


@atexit.register
def _flush() -> None:
    # A command may end before its loop's thread has sent what it was handed.
    wait(list(_pending), timeout=_PATIENCE_AT_EXIT)


def _socket() -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    made.setblocking(False)
    return made


@contextlib.contextmanager
def _reachable(directory: Path) -> Iterator[str]:
    """Yield a path of the socket in `directory` that is short enough for the kernel."""
    path = directory / SOCKET_NAME
    if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH:
        yield str(path)
        return
    opened = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{opened}/{SOCKET_NAME}"
    finally:
        os.close(opened)


def _poke(what: dict[str, Any]) -> None:
    with _socket() as sender, _reachable(settings.DATA) as address:
        sender.sendto(orjson.dumps(what), address)


def _receive(listener: socket.socket) -> None:
    with contextlib.suppress(BlockingIOError):
        while True:
            datagram = listener.recv(_LARGEST_DATAGRAM)
            try:
                what = orjson.loads(datagram)
                if "group" in what:
                    wake(what["group"], **what["message"])
                else:
                    start_task(what["task"], *what["arguments"])
            except (orjson.JSONDecodeError, KeyError, TypeError):
                _log.warning("unreadable wake-up")
