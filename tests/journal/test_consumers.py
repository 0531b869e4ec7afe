"""The door for nodes that call us, without a server under it."""

import asyncio
from typing import Any

import pytest

from journal import consumers, doorway
from journal.consumers import SdmpConsumer
from sdmp import limits
from sdmp.errors import RemoteSessionError


async def test_what_waits_behind_the_end_of_a_session_holds_nothing_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    over = asyncio.Event()

    async def converse(*_: Any, **__: Any) -> None:
        await over.wait()
        raise RemoteSessionError("A frame was wrong.")

    async def send(message: dict[str, Any]) -> None:
        pass

    monkeypatch.setattr(consumers, "converse", converse)
    consumer: Any = SdmpConsumer()
    consumer.scope = {"client": ("192.0.2.1", 1)}
    consumer.base_send = send
    await consumer.connect()
    frames = [asyncio.create_task(consumer.receive(text_data="frame")) for _ in range(5)]
    await asyncio.sleep(0)
    over.set()
    async with asyncio.timeout(5):
        await asyncio.gather(*frames)
        await consumer.disconnect(1000)


async def test_a_peer_that_does_not_read_keeps_no_session_from_ending(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def send(message: dict[str, Any]) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(consumers, "_CLOSE_SECONDS", 0.01)
    consumer: Any = SdmpConsumer()
    consumer._gone = False
    consumer.base_send = send
    async with asyncio.timeout(5):
        await consumers._ConsumerTransport(consumer).close()
    assert consumer._gone


async def test_who_is_gone_before_it_is_let_in_takes_no_room() -> None:
    """The server says so by an exception, and tells of no end of what has not begun."""

    async def send(message: dict[str, Any]) -> None:
        raise ConnectionError

    for _ in range(limits.UNPROVED_PER_ADDRESS + 1):
        consumer: Any = SdmpConsumer()
        consumer.scope = {"client": ("192.0.2.99", 1)}
        consumer.base_send = send
        with pytest.raises(ConnectionError):
            await consumer.connect()
        assert not doorway._waiting["192.0.2.99"]
