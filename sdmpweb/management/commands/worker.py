"""`sdmpweb worker`: jobs of the grown shape."""

import os
import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from mail import startup
from nodes import keystore, loop
from sdmpweb import grown

_SECONDS_TO_STOP = 1.5


class Command(BaseCommand):
    """Runs jobs in this process, until SIGTERM or Ctrl-C."""

    help = "run jobs (grown shape)"

    def handle(self, *_: Any, **__: Any) -> None:
        """Work; raises UserError when it cannot start."""
        grown.require("worker")
        from celery.worker import WorkController, state

        from sdmpweb.celery import app

        def stop(*_: Any) -> None:
            setattr(state, "should_stop", 0)  # noqa: B010  (typed as None)
            loop.cancel_all()
            # Jobs hold nothing that matters; one that computes on must not keep the process.
            last = threading.Timer(_SECONDS_TO_STOP, os._exit, (0,))
            last.daemon = True
            last.start()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        app.set_current()
        keystore.check_secret()
        worker: Any = WorkController(
            app=app,
            pool_cls="threads",
            concurrency=settings.WORKER_THREADS,
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
        )
        startup.resume()
        self.stdout.write("Jobs are run.")
        self.stdout.flush()
        worker.start()
