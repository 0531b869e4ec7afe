"""SQLite, with the transactions of one process queueing for their turn to write.

SQLite itself makes a writer that finds another one sleep, longer each time, up to a tenth of a
second, and look again; with several threads that write, most of the time nobody does. Here a
transaction first waits for the one before it in this process, and is woken when that ends. It is
a help and no more: between processes, and should the wait be too long, SQLite's own lock decides.
"""

import threading
from typing import Any, Final

from django.db.backends.sqlite3 import base

_LONGEST_WAIT: Final = 20.0
_turns: Final[dict[str, threading.Lock]] = {}
_turns_lock: Final = threading.Lock()


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection whose transactions take turns with the others of this process."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._my_turn: threading.Lock | None = None

    def _start_transaction_under_autocommit(self) -> None:
        self._take_turn()
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except BaseException:
            self._end_turn()
            raise

    def _commit(self) -> None:
        super()._commit()  # type: ignore[misc]
        self._end_turn()  # not when it fails: then it is rolled back

    def _rollback(self) -> None:
        try:
            super()._rollback()  # type: ignore[misc]
        finally:
            self._end_turn()

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc]
        finally:
            self._end_turn()

    def _take_turn(self) -> None:
        self._end_turn()
        with _turns_lock:
            turn = _turns.setdefault(str(self.settings_dict["NAME"]), threading.Lock())
        if turn.acquire(timeout=_LONGEST_WAIT):
            self._my_turn = turn

    def _end_turn(self) -> None:
        turn, self._my_turn = self._my_turn, None
        if turn is not None:
            turn.release()
