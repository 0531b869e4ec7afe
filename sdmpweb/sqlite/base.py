"""SQLite, with the threads of one process queueing for their turn to write.

SQLite itself makes a writer that finds another one sleep, longer each time, up to a tenth of a
second, and look again; with several threads that write, most of the time nobody does. Here a
writer first waits for the one before it in this process, and is woken when that has ended. It is
a help and no more: between processes, and should the wait be too long, SQLite's own lock decides.
"""

import threading
from typing import Any, Final

from django.db.backends.sqlite3 import base

_LONGEST_WAIT: Final = 20.0
_WRITES: Final = ("INSERT", "UPDATE", "DELETE")
_turns: Final[dict[str, threading.Lock]] = {}
_turns_lock: Final = threading.Lock()


class _Cursor(base.SQLiteCursorWrapper):
    """A cursor whose statements take turns also where they are a transaction by themselves."""

    turn: threading.Lock

    def execute(self, query: str, params: Any = None) -> Any:
        """Execute a statement, in its turn when it writes."""
        if self.connection.in_transaction or not query.startswith(_WRITES):
            return super().execute(query, params)
        taken = self.turn.acquire(timeout=_LONGEST_WAIT)
        try:
            return super().execute(query, params)
        finally:
            if taken:
                self.turn.release()


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection whose transactions take turns with the others of this process."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._taken: threading.Lock | None = None

    def create_cursor(self, name: str | None = None) -> Any:
        """Make a cursor that takes turns."""
        cursor = self.connection.cursor(factory=_Cursor)
        cursor.turn = self._turn()
        return cursor

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

    def _turn(self) -> threading.Lock:
        with _turns_lock:
            return _turns.setdefault(str(self.settings_dict["NAME"]), threading.Lock())

    def _take_turn(self) -> None:
        self._end_turn()
        turn = self._turn()
        if turn.acquire(timeout=_LONGEST_WAIT):
            self._taken = turn

    def _end_turn(self) -> None:
        turn, self._taken = self._taken, None
        if turn is not None:
            turn.release()
