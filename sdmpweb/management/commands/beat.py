"""`sdmpweb beat`: the schedule of the grown shape."""

import signal
import sys
from typing import Any

from django.core.management.base import BaseCommand

from sdmpweb import grown


class Command(BaseCommand):
    """Queues scheduled jobs from this process, until SIGTERM or Ctrl-C."""

    help = "queue jobs by the clock, one process for a node (grown shape)"

    def handle(self, *_: Any, **__: Any) -> None:
        """Keep the schedule; raises UserError when it cannot start."""
        grown.require("beat")
        from celery.beat import Service

        from sdmpweb.celery import app
        from sdmpweb.schedule import BeatingScheduler

        app.set_current()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: sys.exit(0))
        self.stdout.write("The schedule is kept.")
        self.stdout.flush()
        Service(app, scheduler_cls=BeatingScheduler).start()
