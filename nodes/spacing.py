"""Doing something at once, but not again and again: for wake-ups that come in swarms."""

from __future__ import annotations

import asyncio
import atexit
import threading
import time
from collections.abc import Callable
from typing import Final

from nodes import loop


class Spaced:
    """An action that is done at most once in so many seconds.

    The first call does it at once, or with `patient` when the seconds are over. Calls that follow
    too soon are joined to one, done when the time has come, so that it is always done after the
    last call. Callable from any thread.
    """

    def __init__(
        self, action: Callable[[], None], seconds: float, *, patient: bool = False
    ) -> None:
        self._action: Final = action
        self._seconds: Final = seconds
        self._patient: Final = patient
        self._lock: Final = threading.Lock()
        self._not_before = 0.0
        self._later = False
        atexit.register(self._at_exit)

    def __call__(self) -> None:
        """Do it now, or see to it that it is done soon."""
        with self._lock:
            if self._later:
                return
            rest = self._seconds if self._patient else self._not_before - time.monotonic()
            self._later = rest > 0
            if not self._later:
                self._not_before = time.monotonic() + self._seconds
        if rest <= 0:
            self._action()
        else:
            loop.run(self._wait(rest))

    async def _wait(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await asyncio.to_thread(self._do_late)

    def _do_late(self) -> None:
        with self._lock:
            if not self._later:
                return
            self._later = False
            self._not_before = time.monotonic() + self._seconds
        self._action()

    def _at_exit(self) -> None:
        # A command may end before the time has come.
        if self._later:
            self._do_late()
