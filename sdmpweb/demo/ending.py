"""Being asked to end, by Ctrl-C or a signal, without leaving anything behind."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType
from typing import Any, Final, Self

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Ended(Exception):
    """Somebody has asked to end."""


class Ending:
    """While entered, SIGINT, SIGTERM or SIGHUP raises `Ended` once, in the main thread.

    What must not be left half done stands in `undisturbed`, which raises `Ended` at its end.
    """

    def __init__(self) -> None:
        self._asked = False
        self._raised = False
        self._held = 0
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._ask) for number in _SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextlib.contextmanager
    def undisturbed(self) -> Iterator[None]:
        """Put off what somebody asks until the context is left."""
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1
            self._raise()

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self._asked = True
        self._raise()

    def _raise(self) -> None:
        if self._asked and not self._raised and not self._held:
            self._raised = True
            raise Ended
