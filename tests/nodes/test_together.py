"""Counting together, over a real Redis."""

import asyncio
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from nodes import bounds, together
from tests.support.ports import free_port
from tests.support.services import Redis

pytestmark = pytest.mark.redis
_names = count()


@pytest.fixture(autouse=True)
def grown(settings: Settings, redis_server: Redis) -> Iterator[None]:
    """Be one process of several."""
    settings.GROWN = True
    settings.REDIS_URL = redis_server.url(255)
    together._not_before = 0.0
    bounds._said.clear()
    yield
    together._not_before = 0.0


@pytest.fixture
def name() -> str:
    """What is counted in one test alone."""
    return f"test {next(_names)}"


def test_so_many_in_all_and_no_more(name: str) -> None:
    """Each run has a loop, and so connections, of its own: as processes have."""
    answers = [asyncio.run(together.within(name, 3, 60)) for _ in range(5)]
    assert answers == [True] * 3 + [False] * 2
    assert asyncio.run(together.within(name + " too", 3, 60))


async def test_when_the_time_is_over_it_begins_anew(name: str) -> None:
    assert await together.within(name, 1, 1)
    await asyncio.sleep(1.1)
    assert await together.within(name, 1, 1)


def test_all_who_are_somewhere(name: str) -> None:
    assert asyncio.run(together.enter(name, "b", 60)) == ["b"]
    assert asyncio.run(together.enter(name, "a", 60)) == ["a", "b"]
    assert asyncio.run(together.enter(name, "c", 60)) == ["a", "b", "c"]
    asyncio.run(together.leave(name, "a", "c"))
    assert asyncio.run(together.enter(name, "d", 60)) == ["b", "d"]


async def test_who_says_nothing_more_is_forgotten(name: str) -> None:
    await together.enter(name, "killed", 2)
    await together.enter(name, "alive", 2)
    async with asyncio.timeout(20):
        while await together.enter(name, "here", 60) != ["alive", "here"]:
            await together.keep({name: ["alive"]}, 60)
            await asyncio.sleep(0.1)


async def test_without_redis_nothing_is_known(
    settings: Settings, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    settings.REDIS_URL = f"redis://:secret@127.0.0.1:{free_port()}/0"
    for _ in range(3):
        assert await together.within(name, 1, 60)
        assert await together.enter(name, "a", 60) == []
    said = [record.getMessage() for record in caplog.records]
    assert len([text for text in said if "Redis does not answer" in text]) == 1
    assert "secret" not in str(said)


async def test_one_process_asks_nobody(
    settings: Settings, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.GROWN = False

    def asked(*_: Any, **__: Any) -> None:
        raise AssertionError("Redis was asked.")

    monkeypatch.setattr(together, "_client", asked)
    assert await together.within(name, 0, 60)
    assert await together.enter(name, "a", 60) == []
    together.leave_soon(name, "a")
    await together.leave(name, "a")
