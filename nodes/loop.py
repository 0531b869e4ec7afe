"""The process's home loop: where background coroutines of this process run.

A server process has one event loop, on which sessions with peers live and to which the channel
layer delivers. Code in other threads (views, jobs, commands) hands it coroutines with `run`. A
process without a server gets a loop of its own, in a daemon thread, on first use.
"""

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

import uvloop

T = TypeVar("T")

_lock = threading.Lock()
_home: asyncio.AbstractEventLoop | None = None


def set_home(loop: asyncio.AbstractEventLoop) -> None:
    """Make `loop`, which runs already or soon will, the home loop of this process."""
    global _home
    with _lock:
        _home = loop


def home() -> asyncio.AbstractEventLoop:
    """Return the home loop, starting one in a daemon thread when there is none."""
    global _home
    with _lock:
        if _home is None or _home.is_closed():
            _home = uvloop.new_event_loop()
            threading.Thread(target=_home.run_forever, name="home-loop", daemon=True).start()
        return _home


def run(coroutine: Coroutine[Any, Any, T]) -> Future[T]:
    """Run a coroutine on the home loop, from any thread; the future tells how it ended.

    Waiting for the future on the home loop's own thread would never end.
    """
    return asyncio.run_coroutine_threadsafe(coroutine, home())


def cancel_all() -> None:
    """Cancel every coroutine of the home loop, so that threads waiting for one go on."""
    running = home()
    running.call_soon_threadsafe(_cancel_tasks, running)


def _cancel_tasks(running: asyncio.AbstractEventLoop) -> None:
    for task in asyncio.all_tasks(running):
        task.cancel()
