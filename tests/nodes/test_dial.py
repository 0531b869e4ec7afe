"""Connections that we open, against a real server."""

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import uvloop
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
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


@contextmanager
def silent() -> Iterator[tuple[str, int]]:
    """An address at which calls are neither answered nor refused: its queue is full."""
    with socket.create_server(("127.0.0.2", 0), backlog=0) as listening, ExitStack() as stack:
        address = listening.getsockname()
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(address)
        yield address


def answers(monkeypatch: pytest.MonkeyPatch, port: int, *addresses: str) -> list[str]:
    """Let the running loop's resolver know one name; gives what it is asked for."""
    asked: list[str] = []
    running = asyncio.get_running_loop()
    known = running.getaddrinfo

    async def look_up(host: str, *more: Any, **named: Any) -> list[Any]:
        if host != "node.example":
            return await known(host, *more, **named)
        asked.append(host)
        return [
            (
                socket.AF_INET6 if ":" in address else socket.AF_INET,
                socket.SOCK_STREAM,
                socket.IPPROTO_TCP,
                "",
                (address, port, 0, 0) if ":" in address else (address, port),
            )
            for address in addresses
        ]

    monkeypatch.setattr(running, "getaddrinfo", look_up)
    return asked


async def wait(connection: ServerConnection) -> None:
    await connection.wait_closed()


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop])
def runner(request: pytest.FixtureRequest) -> Iterator[asyncio.Runner]:
    """A loop of Python's own kind, and one of the kind that nodes run on."""
    with asyncio.Runner(loop_factory=request.param) as made:
        yield made


@pytest.mark.parametrize("dead", ["silent", "refusing"])
def test_a_name_whose_first_address_is_dead(
    runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch, dead: str
) -> None:
    """As with a name of two kinds whose IPv6 leads nowhere."""

    async def reach(port: int) -> None:
        first = "127.0.0.2" if dead == "silent" else "::1"
        async with serve(wait, "127.0.0.1", port):
            asked = answers(monkeypatch, port, first, "127.0.0.1")
            begun = time.monotonic()
            call = await dial.call(f"ws://node.example:{port}/sdmp", private=True)
            await call.close()
            greeting = await dial.greet_own(f"ws://node.example:{port}/sdmp", "Door", "it")
            assert greeting.header == ""
            assert time.monotonic() - begun < dial._OPEN_SECONDS / 2
            assert asked == ["node.example"] * 2

    with silent() as (_, port):
        runner.run(reach(port))


def test_only_addresses_that_were_checked_are_dialled(
    runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A live address within does not stand in for a dead one outside."""
    reached: list[str] = []

    async def note(connection: ServerConnection) -> None:
        reached.append(str(connection.remote_address))

    async def reach(port: int) -> None:
        # No packet of a test goes to a real address: one that leads nowhere passes for public.
        monkeypatch.setattr(dial, "is_public", lambda address: address == "127.0.0.2")
        monkeypatch.setattr(dial, "_OPEN_SECONDS", 1.0)
        async with serve(note, "127.0.0.1", port):
            answers(monkeypatch, port, "127.0.0.1", "127.0.0.2", "127.0.0.1")
            with pytest.raises(Unreachable, match="no answer in time"):
                await dial.call(f"ws://node.example:{port}/sdmp", private=False)

    with silent() as (_, port):
        runner.run(reach(port))
    assert reached == []


def test_a_name_all_of_whose_addresses_are_dead(
    runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def reach(port: int) -> None:
        answers(monkeypatch, port, "127.0.0.3", "127.0.0.4")
        with pytest.raises(Unreachable, match="nothing listens there"):
            await dial.call(f"ws://node.example:{port}/sdmp", private=True)

    runner.run(reach(free_port()))


async def test_who_sends_us_on_is_not_followed() -> None:
    reached: list[str] = []

    def send_on(connection: ServerConnection, request: Request) -> Response | None:
        reached.append(request.path)
        if request.path == "/sdmp":
            return Response(302, "Found", Headers({"Location": "/elsewhere"}), b"")
        return None

    async with serve(wait, "127.0.0.1", 0, process_request=send_on) as running:
        port = running.sockets[0].getsockname()[1]
        with pytest.raises(Unreachable, match="does not speak the protocol"):
            await dial.call(f"ws://127.0.0.1:{port}/sdmp", private=True)
    assert reached == ["/sdmp"]
