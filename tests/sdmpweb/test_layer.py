"""The channel layer within the process works from any thread and any loop."""

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from asgiref.sync import async_to_sync

from nodes import loop
from sdmpweb.embedded.layer import EmbeddedChannelLayer


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[asyncio.AbstractEventLoop]:
    """A home loop in a thread of its own, with nothing else to wake it."""
    made = asyncio.new_event_loop()
    thread = threading.Thread(target=made.run_forever)
    thread.start()
    monkeypatch.setattr(loop, "_home", made)
    yield made
    made.call_soon_threadsafe(made.stop)
    thread.join()
    made.close()


async def _join_and_wait(layer: EmbeddedChannelLayer, joined: threading.Event) -> object:
    channel = await layer.new_channel()
    await layer.group_add("group", channel)
    joined.set()
    return await layer.receive(channel)


def test_message_from_another_thread_wakes_the_receiver(home: asyncio.AbstractEventLoop) -> None:
    layer = EmbeddedChannelLayer()
    joined = threading.Event()
    received = asyncio.run_coroutine_threadsafe(_join_and_wait(layer, joined), home)
    assert joined.wait(30)
    time.sleep(0.05)  # the receiver waits by now, and its loop sleeps
    async_to_sync(layer.group_send)("group", {"type": "new"})
    assert received.result(30) == {"type": "new"}


def test_receiver_on_another_loop_is_woken(home: asyncio.AbstractEventLoop) -> None:
    layer = EmbeddedChannelLayer()
    joined = threading.Event()
    with ThreadPoolExecutor(1) as elsewhere:
        received = elsewhere.submit(asyncio.run, _join_and_wait(layer, joined))
        assert joined.wait(30)
        asyncio.run_coroutine_threadsafe(layer.group_send("group", {"type": "new"}), home)
        assert received.result(30) == {"type": "new"}


def test_channel_that_left_receives_nothing(home: asyncio.AbstractEventLoop) -> None:
    layer = EmbeddedChannelLayer()

    async def leave() -> bool:
        channel = await layer.new_channel()
        await layer.group_add("group", channel)
        await layer.group_discard("group", channel)
        await layer.group_send("group", {"type": "new"})
        return channel in layer.channels

    assert asyncio.run(leave()) is False


def test_many_threads_send_and_none_is_lost(home: asyncio.AbstractEventLoop) -> None:
    layer = EmbeddedChannelLayer(capacity=1000)
    joined = threading.Event()

    async def collect() -> list[int]:
        channel = await layer.new_channel()
        await layer.group_add("group", channel)
        joined.set()
        return [(await layer.receive(channel))["n"] for _ in range(200)]

    received = asyncio.run_coroutine_threadsafe(collect(), home)
    assert joined.wait(30)
    with ThreadPoolExecutor(4) as threads:
        for n in range(200):
            threads.submit(async_to_sync(layer.group_send), "group", {"type": "n", "n": n})
    assert sorted(received.result(30)) == list(range(200))
