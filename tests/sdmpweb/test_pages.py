"""Streams end with whoever takes them."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from sdmpweb import pages
from sdmpweb.pages import _while_there


async def forever() -> Mapping[str, Any]:
    """A browser that stays."""
    await asyncio.sleep(3600)
    return {"type": "http.disconnect"}


async def test_a_stream_is_sent_to_its_end() -> None:
    sent: list[int] = []

    async def send() -> None:
        for number in range(5):
            await asyncio.sleep(0)
            sent.append(number)

    await _while_there(send(), forever)
    assert sent == [0, 1, 2, 3, 4]


async def test_a_stream_that_nobody_takes_any_more_ends() -> None:
    ended = asyncio.Event()

    async def send() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            ended.set()

    async def leave() -> Mapping[str, Any]:
        return {"type": "http.disconnect"}

    await asyncio.wait_for(_while_there(send(), leave), 5)
    assert ended.is_set()


async def test_what_breaks_a_stream_is_heard_of() -> None:
    async def send() -> None:
        raise OSError("the disk")

    with pytest.raises(OSError, match="the disk"):
        await _while_there(send(), forever)


async def test_a_request_that_stops_in_the_middle_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "_SECONDS_OF_SILENCE", 0.05)
    begun = False
    said: list[Mapping[str, Any]] = []

    async def receive() -> Mapping[str, Any]:
        nonlocal begun
        if begun:
            return await forever()
        begun = True
        return {"type": "http.request", "body": b"a=", "more_body": True}

    async def send(message: Mapping[str, Any]) -> None:
        said.append(message)

    await asyncio.wait_for(pages.PagesHandler()({"type": "http"}, receive, send), 20)
    assert said[0]["status"] == 408
    assert (b"connection", b"close") in said[0]["headers"]
