"""The open sessions of this process, and the leases that keep others from opening more.

One lease in the database says which process calls a peer. All leases of a process are renewed
together, so a hundred idle sessions cost one statement every few seconds. A peer may call several
processes; how many sessions it has with all of them they count together (`nodes.together`).
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from django.utils import timezone

from journal.threads import in_thread
from journal.waking import END
from journal.waking import SESSIONS as ALL
from nodes import together
from nodes.bounds import SESSIONS, reached
from nodes.peers import keep_leases, release_lease, take_lease
from nodes.wake import wake

_log = structlog.get_logger(__name__)

PROCESS: Final = secrets.token_hex(8)
_RENEW_SECONDS: Final = 5.0
_SECONDS: Final = 20  # after which the sessions of a killed process count no longer

Stop = Callable[[], Awaitable[None]]
_open: Final[dict[str, dict[str, Stop]]] = {}  # by peer and by place, the oldest first
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


async def enter(node: str, stop: Stop) -> str:
    """Count a session as open. The oldest of more than so many with one peer is stopped.

    Returns:
        Its place among them, for `leave`; a message of the type `END` names the place of a session
        that is to end in another process.
    """
    global _renewing
    place = f"{time.time_ns():020d}-{PROCESS}-{secrets.token_hex(4)}"
    sessions = _open.setdefault(node, {})
    sessions[place] = stop
    everywhere = await together.enter(_where(node), place, _SECONDS)
    await _stop_oldest(node, sorted({*everywhere, *sessions}))
    await claim(node)
    if _renewing is None or _renewing.done():
        _renewing = asyncio.create_task(_renew())
    return place


async def leave(node: str, place: str) -> None:
    """Count a session as open no more."""
    sessions = _open.get(node, {})
    sessions.pop(place, None)
    if not sessions:
        _open.pop(node, None)
    await together.leave(_where(node), place)
    await give_up(node)


async def _stop_oldest(node: str, places: list[str]) -> None:
    """Stop as many of a peer's sessions, the oldest first, as there are too many."""
    surplus = places[: max(0, len(places) - SESSIONS.most)]
    if not surplus:
        return
    await together.leave(_where(node), *surplus)
    for place in surplus:
        reached(SESSIONS)
        stop = _open.get(node, {}).pop(place, None)
        if stop is None:
            wake(ALL, type=END, peers=[node], places=[place])
        else:
            await stop()


def _where(node: str) -> str:
    return f"sessions {node}"


async def _renew() -> None:
    while _open:
        try:
            await in_thread(keep_leases, PROCESS, set(_open), timezone.now())
        except Exception:  # the database may be away for a while; the leases then end
            _log.exception("leases not renewed")
        await together.keep(
            {_where(node): [*sessions] for node, sessions in _open.items()}, _SECONDS
        )
        await asyncio.sleep(_RENEW_SECONDS)
