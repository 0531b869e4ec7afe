"""Connections that we open, against a real server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.server import ServerConnection, serve

from nodes import dial
from nodes.dial import Closed, Unreachable
from sdmp import limits
from tests.support.ports import free_port

SMALL, LARGE = "s" * 100, "l" * 200_000


@asynccontextmanager
async def server(*frames: str | bytes) -> AsyncIterator[str]:
    """A node that says these frames at once and then waits."""

    async def say(connection: ServerConnection) -> None:
        for frame in frames:
            await connection.send(frame)
        await connection.wait_closed()

    port = free_port()
    async with serve(say, "127.0.0.1", port, max_size=None):
        yield f"ws://127.0.0.1:{port}/sdmp"


async def test_large_traffic_right_behind_the_proof_is_taken() -> None:
    async with server(SMALL, LARGE) as url:
        call = await dial.call(url, private=True)
        assert await call.receive(limits.FRAME_BYTES_UNPROVED) == SMALL
        await asyncio.sleep(0.1)  # the proof is judged, and the next frame comes meanwhile
        assert await call.receive(limits.RESPONSE_FRAME_BYTES) == LARGE
        await call.close()


async def test_a_frame_over_the_limit_ends_the_call() -> None:
    async with server(LARGE) as url:
        call = await dial.call(url, private=True)
        with pytest.raises(Closed):
            await call.receive(limits.FRAME_BYTES_UNPROVED)
        with pytest.raises(Closed):
            await call.send("more")


async def test_a_binary_frame_ends_the_call() -> None:
    async with server(b"frame") as url:
        call = await dial.call(url, private=True)
        with pytest.raises(Closed):
            await call.receive(limits.FRAME_BYTES_UNPROVED)


async def test_where_nobody_listens() -> None:
    with pytest.raises(Unreachable, match="nothing listens there"):
        await dial.call(f"ws://127.0.0.1:{free_port()}/sdmp", private=True)
