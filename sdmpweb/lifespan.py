"""What an ASGI server tells the node: which loop is its home, and that it is alive.

A process that answers pages sees to it, too, that owners hear of it when nothing else is alive.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from django.utils import timezone

from hosting import beats, telling
from journal.threads import in_thread
from nodes import loop

_tasks: set[asyncio.Task[None]] = set()


async def lifespan(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    """Answer the lifespan protocol of ASGI."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            loop.set_home(asyncio.get_running_loop())
            _tasks.add(asyncio.create_task(_beat()))
            _tasks.add(asyncio.create_task(_look_for_workers()))
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _beat() -> None:
    """Note every few seconds that this process answers pages."""
    while True:
        await in_thread(beats.note, beats.WEB)
        await asyncio.sleep(beats.SECONDS)


async def _look_for_workers() -> None:
    """Tell owners, every few minutes, what nobody else tells while no worker is there."""
    while True:
        await asyncio.sleep(telling.SECONDS)
        await in_thread(telling.look_for_workers, timezone.now())
