"""What an ASGI server does first and last: it tells the node which loop is its home."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from nodes import loop


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
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
