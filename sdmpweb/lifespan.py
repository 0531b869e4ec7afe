"""What an ASGI server tells the node: which loop is its home, and that it is alive."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from hosting import beats
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
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _beat() -> None:
    """Note every few seconds that this process answers pages."""
    while True:
        await in_thread(beats.note, beats.WEB)
        await asyncio.sleep(beats.SECONDS)
