"""Where coroutines leave blocking work: a small pool of threads, each with its connection."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, ParamSpec, TypeVar

from django.db import close_old_connections

P = ParamSpec("P")
T = TypeVar("T")

_THREADS: Final = 4
_pool: Final = ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="sync")


async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run blocking work, database included, without holding up the loop."""

    def work() -> T:
        close_old_connections()
        return function(*args, **kwargs)

    # With the context of who asks, so that lines of the log tell which session they are of.
    context = contextvars.copy_context()
    return await asyncio.get_running_loop().run_in_executor(_pool, context.run, work)
