"""A broker within the process: a Celery transport whose consumer is woken, never polls.

kombu's own memory transport looks for messages once a second and forgets to look when an
acknowledgement frees a place. Here every change (a message put, acknowledged or rejected, by any
thread) wakes every consumer that waits. Messages live as long as the process: a job only says
"look now", so a lost one costs time and nothing else.
"""

import threading
from collections import deque
from queue import Empty
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, virtual
from kombu.transport.virtual.base import BrokerState

SCHEME = "inproc"


class _Shelf:
    """The queues of the process and the number of changes made to them."""

    def __init__(self) -> None:
        self.queues: dict[str, deque[Any]] = {}
        self.changes = 0
        self._changed = threading.Condition()

    def change(self) -> None:
        """Wake whoever waits for a change."""
        with self._changed:
            self.changes += 1
            self._changed.notify_all()

    def wait(self, seen: int, timeout: float | None) -> bool:
        """Wait until more than `seen` changes were made; false when `timeout` seconds passed."""
        with self._changed:
            return self._changed.wait_for(lambda: self.changes != seen, timeout)


_shelf = _Shelf()


def interrupt() -> None:
    """Let consumers that wait for messages look whether they are to go on."""
    _shelf.change()


class Channel(virtual.Channel):
    """Queues in memory; every change wakes the consumers."""

    do_restore = False
    supports_fanout = False

    def _has_queue(self, queue: str, **_: Any) -> bool:
        return queue in _shelf.queues

    def _new_queue(self, queue: str, **_: Any) -> None:
        _shelf.queues.setdefault(queue, deque())

    def _put(self, queue: str, message: Any, **_: Any) -> None:
        _shelf.queues.setdefault(queue, deque()).append(message)
        _shelf.change()

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        try:
            return _shelf.queues[queue].popleft()
        except (KeyError, IndexError):
            raise Empty from None

    def _size(self, queue: str) -> int:
        return len(_shelf.queues.get(queue, ()))

    def _delete(self, queue: str, *_: Any, **__: Any) -> None:
        _shelf.queues.pop(queue, None)

    def _purge(self, queue: str) -> int:
        held = _shelf.queues.get(queue)
        size = self._size(queue)
        if held is not None:
            held.clear()
        return size

    def basic_ack(self, delivery_tag: str, multiple: bool = False) -> None:
        """Acknowledge a message, which frees a place for another one."""
        super().basic_ack(delivery_tag, multiple)
        _shelf.change()

    def basic_reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """Reject a message, which frees a place for another one."""
        super().basic_reject(delivery_tag, requeue)
        _shelf.change()


class Transport(virtual.Transport):
    """Joins the threads of one process."""

    Channel = Channel
    driver_type = SCHEME
    driver_name = SCHEME
    # Exchanges and bindings belong to the process, not to a connection.
    _state = BrokerState()

    def __init__(self, client: Any, **options: Any) -> None:
        super().__init__(client, **options)
        self.state = self._state

    def driver_version(self) -> str:
        """Return what `celery report` shows."""
        return "1"

    def drain_events(self, connection: Any, timeout: float | None = None, **_: Any) -> None:
        """Hand one message to its consumer, waiting for it at most `timeout` seconds.

        Raises TimeoutError when none came, and also when a change brought none, so that the
        caller can look whether it is to stop.
        """
        seen = _shelf.changes
        if self._delivered():
            return
        if _shelf.wait(seen, timeout) and self._delivered():
            return
        raise TimeoutError

    def _delivered(self) -> bool:
        assert self.cycle is not None
        try:
            self.cycle.get(self._deliver)
        except Empty:
            return False
        return True


def register() -> None:
    """Let kombu know the scheme `inproc://`."""
    TRANSPORT_ALIASES[SCHEME] = f"{__name__}:Transport"
