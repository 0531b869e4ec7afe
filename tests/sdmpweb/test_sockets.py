"""The server's WebSockets, over real sockets."""

import asyncio
import base64
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import uvicorn
import uvloop

from sdmpweb.sockets import Sockets
from tests.support.ports import free_port

ASK = (
    b"GET /sdmp HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + base64.b64encode(bytes(16)) + b"\r\n\r\n"
)


@pytest.mark.parametrize(
    "early",
    [b"\x81\x01x", b"\x81\x82\0\0\0\0\xff\xfe", b"\x88\x82\0\0\0\0\0\0", b"\x81\x81\0\0\0\0x"],
    ids=["unmasked", "no text", "a wrong end", "well formed"],
)
def test_who_speaks_before_it_is_let_in_is_let_go(
    early: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    said: list[str] = []
    asked, ended = asyncio.Event(), asyncio.Event()

    async def slow(
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[dict[str, Any]]],
        send: Callable[[dict[str, Any]], Awaitable[None]],
    ) -> None:
        said.append((await receive())["type"])
        asked.set()
        await ended.wait()
        await send({"type": "websocket.accept"})
        said.append("accepted")

    async def talk() -> bytes:
        config = uvicorn.Config(
            slow, port=free_port(), ws=Sockets, lifespan="off", log_config=None, http="httptools"
        )
        config.load()
        server = uvicorn.Server(config)
        server.lifespan = config.lifespan_class(config)
        await server.startup()
        reader, writer = await asyncio.open_connection("127.0.0.1", config.port)
        writer.write(ASK)
        await asked.wait()
        writer.write(early)
        answer = await asyncio.wait_for(reader.read(), 20)
        ended.set()
        await asyncio.sleep(0.5)
        await server.shutdown()
        return answer

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(talk()) == b""
    assert said == ["websocket.connect"]
    assert [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING] == []
