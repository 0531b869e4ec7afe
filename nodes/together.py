"""Counting together with the other processes of this node, where Redis joins them.

So a limit holds for all of them and not for each. All of it expires: a killed process keeps nobody
out. In the embedded shape there is one process, and while Redis is away each counts for itself:
then nothing is known here, and callers go by what they know themselves.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final, TypeVar
from weakref import WeakKeyDictionary

import structlog
from django.conf import settings
from django.core.cache import cache
from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.exceptions import RedisError

from nodes.bounds import seldom

T = TypeVar("T")

_log = structlog.get_logger(__name__)
_SECONDS: Final = 1.0  # for an answer of Redis: who calls waits for it
_REST: Final = 5.0  # after which Redis is asked again that did not answer
_clients: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, Redis]] = WeakKeyDictionary()
_leaving: Final[set[asyncio.Task[None]]] = set()
_not_before = 0.0


async def within(name: str, most: int, seconds: int) -> bool:
    """Count one more of something; false once there were more than `most` within so many seconds.

    The count begins anew when the time is over.
    """
    key = _key(name)

    async def ask(pipeline: Pipeline) -> list[Any]:
        pipeline.set(key, 0, ex=seconds, nx=True)
        pipeline.incr(key)
        return await pipeline.execute()

    answers = await _ask(ask)
    return answers is None or int(answers[-1]) <= most


async def enter(name: str, place: str, seconds: int) -> list[str]:
    """Be one of those who are somewhere, for so many seconds or until `leave`.

    Args:
        name: where.
        place: who; no other has the same.
        seconds: after which it counts no longer, unless `keep` is called.

    Returns:
        All who are there, in the order of the alphabet; nothing when that cannot be told.
    """
    key = _key(name)

    async def ask(pipeline: Pipeline) -> list[Any]:
        now = time.time()
        pipeline.zremrangebyscore(key, "-inf", now)
        pipeline.zadd(key, {place: now + seconds})
        pipeline.expire(key, seconds)
        pipeline.zrange(key, 0, -1)
        return await pipeline.execute()

    answers = await _ask(ask)
    return [] if answers is None else sorted(answers[-1])


async def keep(places: Mapping[str, Iterable[str]], seconds: int) -> None:
    """Let those who are somewhere, by its name, count for so many seconds from now."""

    async def ask(pipeline: Pipeline) -> list[Any]:
        until = time.time() + seconds
        for name, those in places.items():
            key = _key(name)
            pipeline.zadd(key, dict.fromkeys(those, until))
            pipeline.expire(key, seconds)
        return await pipeline.execute()

    if places:
        await _ask(ask)


async def leave(name: str, *places: str) -> None:
    """Be no longer among those who are somewhere."""

    async def ask(pipeline: Pipeline) -> list[Any]:
        pipeline.zrem(_key(name), *places)
        return await pipeline.execute()

    await _ask(ask)


def leave_soon(name: str, place: str) -> None:
    """Do so without waiting for it; to be called on a loop."""
    if settings.GROWN:
        leaving = asyncio.get_running_loop().create_task(leave(name, place))
        _leaving.add(leaving)
        leaving.add_done_callback(_leaving.discard)


async def _ask(question: Callable[[Pipeline], Awaitable[T]]) -> T | None:
    """Ask Redis something in one piece; `None` when there is none, or it does not answer."""
    global _not_before
    if not settings.GROWN or time.monotonic() < _not_before:
        return None
    try:
        async with asyncio.timeout(_SECONDS):
            async with _client().pipeline(transaction=True) as pipeline:
                return await question(pipeline)
    except (RedisError, OSError) as error:
        _not_before = time.monotonic() + _REST
        if seldom("counted alone"):
            _log.warning(
                "limits are counted in each process alone: Redis does not answer",
                error=type(error).__name__,
            )
        return None


def _client() -> Redis:
    """Give this loop's connections to Redis."""
    running = asyncio.get_running_loop()
    found = _clients.get(running)
    if found is None:
        found = Redis.from_url(
            settings.REDIS_URL,
            decode_responses=True,
            socket_timeout=_SECONDS,
            socket_connect_timeout=_SECONDS,
        )
        _clients[running] = found
    return found


def _key(name: str) -> str:
    """Name it in Redis, without the address or the fingerprint that it is about."""
    return str(cache.make_key(f"together-{hashlib.sha256(name.encode()).hexdigest()}"))
