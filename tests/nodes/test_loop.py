"""Coroutines run on the process's home loop, from any thread."""

import asyncio
from concurrent.futures import CancelledError

import pytest

from nodes import loop


async def _where() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


def test_process_without_a_server_gets_a_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "_home", None)
    first = loop.run(_where()).result(30)
    assert loop.run(_where()).result(30) is first


def test_servers_loop_is_the_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "_home", None)

    async def main() -> bool:
        loop.set_home(asyncio.get_running_loop())
        found = await asyncio.to_thread(lambda: loop.run(_where()).result(30))
        return found is asyncio.get_running_loop()

    assert asyncio.run(main())


def test_cancelling_frees_threads_that_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "_home", None)
    waiting = loop.run(asyncio.sleep(3600))
    loop.cancel_all()
    with pytest.raises(CancelledError):
        waiting.result(30)
