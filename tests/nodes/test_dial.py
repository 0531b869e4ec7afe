"""Connections that we open, against a real server."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from nodes import dial
from nodes.dial import Closed, Unreachable
from sdmp import limits
from tests.support.ports import free_port
from tests.support.proxies import Authority

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


async def test_an_own_address_is_greeted_and_let_go(tmp_path: Path) -> None:
    """As a peer would, with a header asked and answered, and a look at the certificate."""

    def answer(connection: ServerConnection, request: Request, response: Response) -> Response:
        response.headers["Door"] = request.headers["Door"].upper()
        return response

    async def wait(connection: ServerConnection) -> None:
        await connection.wait_closed()

    authority = Authority(tmp_path)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(authority.certificate, authority.key)
    for scheme, context in (("ws", None), ("wss", tls)):
        async with serve(wait, "127.0.0.1", 0, ssl=context, process_response=answer) as running:
            port = running.sockets[0].getsockname()[1]
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("SSL_CERT_FILE", str(authority.authority))
                greeting = await dial.greet_own(f"{scheme}://127.0.0.1:{port}/sdmp", "Door", "it")
            assert greeting.header == "IT"
            until = greeting.certificate_until
            assert (until is None) is (scheme == "ws")
            if until is not None:
                assert timedelta(0) < until - datetime.now(UTC) <= timedelta(days=1)
                with pytest.raises(Unreachable, match=r"certificate is not accepted .*issuer"):
                    await dial.greet_own(f"wss://127.0.0.1:{port}/sdmp", "Door", "it")


async def test_an_own_address_where_nobody_listens() -> None:
    with pytest.raises(Unreachable, match="nothing listens there"):
        await dial.greet_own(f"ws://127.0.0.1:{free_port()}/sdmp", "Door", "it")
