"""Requests that no browser and no node makes: refused, one line each in the log, and counted."""

from __future__ import annotations

import asyncio
import base64
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest

from sdmpweb.requests import LARGEST_HEAD, SECONDS
from tests.hostile.conftest import Victim

pytestmark = pytest.mark.nodes

HOST = b"Host: localhost\r\n"
FORM = b"Content-Type: application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def bob(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    """Bob's node, which logs as it does by itself."""
    victim = Victim(tmp_path_factory.mktemp("requests"), SDMPWEB_LOG_LEVEL="info")
    victim.node.start()
    yield victim
    victim.node.stop()


def ask(
    method: bytes, path: bytes, *headers: bytes, body: bytes = b"", host: bytes = HOST
) -> bytes:
    """Write a request as it is said, right or wrong."""
    length = b"Content-Length: %d\r\n" % len(body) if body else b""
    more = b"".join(header + b"\r\n" for header in headers)
    return method + b" " + path + b" HTTP/1.1\r\n" + host + more + length + b"\r\n" + body


def socket_at(path: bytes, *headers: bytes) -> bytes:
    """Write the request that opens a WebSocket."""
    key = b"Sec-WebSocket-Key: " + base64.b64encode(os.urandom(16))
    upgrade = (b"Upgrade: websocket", b"Connection: Upgrade", b"Sec-WebSocket-Version: 13", key)
    return ask(b"GET", path, *upgrade, *headers)


def frame(opcode: int, data: bytes) -> bytes:
    """Write one small frame of a WebSocket, masked with nothing."""
    return bytes([0x80 | opcode, 0x80 | len(data)]) + bytes(4) + data


def say(bob: Victim, request: bytes, frames: bytes = b"") -> str:
    """Ask something of the node; gives the first line of its answer."""
    with socket.create_connection(("127.0.0.1", bob.node.port), timeout=20) as connection:
        connection.sendall(request)
        answer = connection.recv(4096).partition(b"\r\n")[0].decode("latin-1")
        if frames:
            connection.sendall(frames)
            while connection.recv(4096):
                pass
        return answer


def leave(bob: Victim, request: bytes) -> None:
    """Ask something of the node, and be gone before it answers."""
    with socket.create_connection(("127.0.0.1", bob.node.port), timeout=20) as connection:
        connection.sendall(request)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def refused(bob: Victim, reason: str) -> float:
    """How many requests the metrics say were refused for a reason."""
    beginning = f'sdmpweb_requests_refused_total{{reason="{reason}"}} '
    for line in httpx.get(f"{bob.node.url}/metrics", timeout=20).text.splitlines():
        if line.startswith(beginning):
            return float(line.removeprefix(beginning))
    return 0.0


MANY = b"a=1&" * 5000
ODD = {
    "DisallowedHost": (400, ask(b"GET", b"/", host=b"Host: evil.example\r\n")),
    "TooManyFieldsSent": (400, ask(b"POST", b"/account/login/", FORM, body=MANY)),
    "RequestDataTooBig": (400, ask(b"POST", b"/account/login/", FORM, body=b"a" * 17_000_000)),
    "not HTTP": (400, ask(b"GET", b"/", b"X: \0")),
    "unknown upgrade": (302, ask(b"GET", b"/", b"Upgrade: h2c", b"Connection: Upgrade")),
}


@pytest.mark.parametrize("reason", ODD)
def test_a_request_that_is_refused_is_one_line_and_counted(bob: Victim, reason: str) -> None:
    status, request = ODD[reason]
    for _ in range(3):
        assert f" {status} " in say(bob, request)
    assert refused(bob, reason) == 3
    lines = [line for line in bob.node.read_log().splitlines() if f"reason='{reason}'" in line]
    lines += [line for line in bob.node.read_log().splitlines() if f"reason={reason} " in line]
    assert len(lines) == 1
    assert "warning" in lines[0]
    assert ("evil.example" in lines[0]) == (reason == "DisallowedHost")


def test_a_text_frame_that_is_no_text(bob: Victim) -> None:
    before = refused(bob, "not UTF-8")
    assert " 101 " in say(bob, socket_at(b"/sdmp"), frame(1, b"\xff\xfe"))
    bob.until(lambda: refused(bob, "not UTF-8") == before + 1)


@pytest.mark.parametrize("charset", [b"utf-16", b"rot13", b"utf8", b"nonsense"])
def test_a_form_in_another_encoding(bob: Victim, charset: bytes) -> None:
    request = ask(b"POST", b"/account/login/", FORM + b"; charset=" + charset, body=b"a=b")
    # What only writes the name of the right one otherwise lacks its token like any stranger's.
    assert f" {403 if charset in (b'utf8', b'nonsense') else 400} " in say(bob, request)


@pytest.mark.parametrize("origin", [b"http://[", b"\xff", b"http://localhost:99999", b"null"])
def test_a_page_from_nowhere(bob: Victim, origin: bytes) -> None:
    assert " 403 " in say(bob, socket_at(b"/live", b"Origin: " + origin))


def test_who_is_gone_before_the_answer(bob: Victim) -> None:
    page = ask(b"GET", b"/account/login/")
    for request in (page * 30, page[:20], page[:-2], socket_at(b"/sdmp"), socket_at(b"/live")):
        leave(bob, request)
        assert " 200 " in say(bob, page)


async def test_a_head_without_an_end(bob: Victim) -> None:
    """Refused long before it fills the memory: as one header, and as many."""
    for more in (b"a" * 1000, b"X: a\r\n" * 100):
        reader, writer = await asyncio.open_connection("127.0.0.1", bob.node.port)
        writer.write(b"GET / HTTP/1.1\r\n" + HOST + b"X: ")
        sent = 0
        with suppress(ConnectionError):
            while sent < 100 * LARGEST_HEAD and not reader.at_eof():
                writer.write(more)
                await writer.drain()
                sent += len(more)
                await asyncio.sleep(0)
        assert sent < 50 * LARGEST_HEAD
        writer.close()


async def test_connections_of_which_nothing_comes(bob: Victim) -> None:
    """Closed after a while, whatever little they said; others are answered meanwhile."""
    beginnings = [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: loc", b"\r\n"]
    made = [
        await asyncio.open_connection("127.0.0.1", bob.node.port)
        for _ in range(10 * len(beginnings))
    ]
    page = ask(b"GET", b"/healthz")
    second = await asyncio.open_connection("127.0.0.1", bob.node.port)
    for (_, writer), said in zip([*made, second], [*beginnings * 10, page], strict=True):
        writer.write(said)
    assert b" 200 " in await second[0].readuntil(b"ok\n")
    second[1].write(b"GET / HT")  # and no more of its second request
    assert " 200 " in await asyncio.to_thread(say, bob, page)
    async with asyncio.timeout(SECONDS + 20):
        for reader, writer in [*made, second]:
            assert await reader.read() == b""
            writer.close()


def test_nothing_of_it_is_an_error(bob: Victim) -> None:
    """Comes last: nothing above has left more than its line."""
    log = bob.node.read_log()
    assert "Traceback" not in log
    assert "[error" not in log
    assert httpx.get(f"{bob.node.url}/healthz", timeout=20).status_code == 200
