"""The jobs of the embedded shape: Celery's worker and its schedule, in threads of the node."""

import threading
import time
from collections import deque
from typing import Any

import structlog
from celery.beat import Service
from celery.worker import WorkController
from django.conf import settings

from sdmpweb.celery import app
from sdmpweb.embedded import broker
from sdmpweb.schedule import BeatingScheduler

_MOST_RESTARTS = 3
_WITHIN_SECONDS = 60.0

_log = structlog.get_logger(__name__)


class Jobs:
    """A worker thread and a schedule thread, watched and started again when they die."""

    def __init__(self) -> None:
        self._worker: Any = None
        self._schedule: Service | None = None
        self._threads: dict[str, threading.Thread] = {}
        self._restarts: deque[float] = deque(maxlen=_MOST_RESTARTS)
        self._stopping = False

    def start(self) -> None:
        """Start whichever of the two threads is not running."""
        if not self._alive("worker"):
            self._worker = WorkController(
                app=app,
                hostname="sdmpweb@node",
                pool_cls="threads",
                concurrency=settings.WORKER_THREADS,
                without_gossip=True,
                without_mingle=True,
                without_heartbeat=True,
            )
            self._run("worker", self._worker.start)
        if not self._alive("schedule"):
            self._schedule = Service(app, scheduler_cls=BeatingScheduler)
            self._run("schedule", self._schedule.start)

    def healthy(self) -> bool:
        """Say whether both threads run, starting again what has died.

        Returns false when that happened too often for another try to be of use.
        """
        dead = [name for name in self._threads if not self._alive(name)]
        if not dead or self._stopping:
            return True
        now = time.monotonic()
        if len(self._restarts) == _MOST_RESTARTS and now - self._restarts[0] < _WITHIN_SECONDS:
            return False
        self._restarts.append(now)
        _log.error("a thread of the jobs died and is started again", threads=dead)
        self.start()
        return True

    def stop(self, seconds: float) -> bool:
        """Stop both, waiting at most `seconds`; false when a job was still running then."""
        self._stopping = True
        if self._schedule is not None:
            self._schedule.stop()
        if self._worker is None:
            return True
        self._worker.signal_consumer_close()
        broker.interrupt()
        # Stopping waits for the jobs that run, which may be longer than anybody wants to wait.
        stopping = threading.Thread(target=self._worker.stop, name="stopping", daemon=True)
        deadline = time.monotonic() + seconds
        stopping.start()
        stopping.join(seconds)
        self._threads["worker"].join(max(0.0, deadline - time.monotonic()))
        return not stopping.is_alive() and not self._alive("worker")

    def _alive(self, name: str) -> bool:
        return name in self._threads and self._threads[name].is_alive()

    def _run(self, name: str, target: Any) -> None:
        def run() -> None:
            app.set_current()
            target()

        self._threads[name] = threading.Thread(target=run, name=name, daemon=True)
        self._threads[name].start()
