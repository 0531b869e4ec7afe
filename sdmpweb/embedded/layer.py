"""A channel layer within the process, usable from any thread.

Channels' own in-memory layer puts a message from another thread into an asyncio queue without
waking the loop that waits for it. Here everything is done on the node's home loop.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from channels.layers import InMemoryChannelLayer

from nodes import loop


class EmbeddedChannelLayer(InMemoryChannelLayer):
    """Messages and groups of one process; each call runs on the home loop, whoever makes it."""

    async def send(self, channel: str, message: dict[str, Any]) -> None:
        """Put a message onto a channel; raises ChannelFull when too many wait there."""
        await _at_home(super().send, channel, message)

    async def receive(self, channel: str) -> dict[str, Any]:
        """Wait for the next message of a channel."""
        received: dict[str, Any] = await _at_home(super().receive, channel)
        return received

    async def group_add(self, group: str, channel: str) -> None:
        """Let a channel receive what is sent to a group."""
        await _at_home(super().group_add, group, channel)

    async def group_discard(self, group: str, channel: str) -> None:
        """Let a channel no longer receive what is sent to a group."""
        await _at_home(super().group_discard, group, channel)

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        """Send a message to every channel of a group; a full channel misses it."""
        await _at_home(super().group_send, group, message)


async def _at_home(call: Callable[..., Awaitable[Any]], *arguments: Any) -> Any:
    home = loop.home()
    if asyncio.get_running_loop() is home:
        return await call(*arguments)

    async def called() -> Any:
        return await call(*arguments)

    return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(called(), home))
