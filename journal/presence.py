"""The open sessions of this process, and the leases that keep others from opening more.

One lease in the database says which process talks to a peer. All leases of a process are renewed
together, so a hundred idle sessions cost one statement every few seconds.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from django.utils import timezone

from journal.threads import in_thread
from nodes.bounds import SESSIONS, reached
from nodes.peers import keep_leases, release_lease, take_lease

_log = structlog.get_logger(__name__)

PROCESS: Final = secrets.token_hex(8)
_RENEW_SECONDS: Final = 5.0

Stop = Callable[[], Awaitable[None]]
_open: Final[dict[str, list[Stop]]] = {}
_renewing: asyncio.Task[None] | None = None


def is_open(node: str) -> bool:
    """Tell whether this process has a session with a peer."""
    return bool(_open.get(node))


def number_open() -> int:
    """Count the sessions that this process has."""
    return sum(map(len, _open.values()))


async def claim(node: str) -> bool:
    """Become the process that calls or talks to a peer; false when another one is."""
    return await in_thread(take_lease, node, PROCESS, timezone.now())


async def give_up(node: str) -> None:
    """Let another process call a peer, unless a session with it is still open here."""
    if not is_open(node):
        await in_thread(release_lease, node, PROCESS)


async def enter(node: str, stop: Stop) -> None:
    """Count a session as open. The oldest of more than so many with one peer is stopped."""
    global _renewing
    sessions = _open.setdefault(node, [])
    sessions.append(stop)
    if len(sessions) > SESSIONS.most:
        reached(SESSIONS)
        await sessions.pop(0)()
    await claim(node)
    if _renewing is None or _renewing.done():
        _renewing = asyncio.create_task(_renew())


async def leave(node: str, stop: Stop) -> None:
    """Count a session as open no more."""
    sessions = _open.get(node, [])
    if stop in sessions:
        sessions.remove(stop)
    if not sessions:
        _open.pop(node, None)
    await give_up(node)


async def _renew() -> None:
    while _open:
        try:
            await in_thread(keep_leases, PROCESS, set(_open), timezone.now())
        except Exception:  # the database may be away for a while; the leases then end
            _log.exception("leases not renewed")
        await asyncio.sleep(_RENEW_SECONDS)
