"""What a session needs of the connection under it, whoever opened it."""

from __future__ import annotations

from typing import Protocol

from nodes.dial import Closed

__all__ = ["Closed", "Transport"]


class Transport(Protocol):
    """Text frames both ways."""

    async def send(self, frame: str) -> None:
        """Send one frame. Raises Closed."""

    async def receive(self, limit: int) -> str:
        """Wait for a frame of at most `limit` bytes. Raises Closed, also for a larger one."""

    async def close(self) -> None:
        """Close the connection; may be called twice."""
