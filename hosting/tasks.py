"""Jobs of hosting. A job says "look now"; what there is to do is read from the database."""

from __future__ import annotations

import secrets
import threading
from typing import Final

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from hosting import audit, beats, gauges, runs, schedule, telling
from hosting.retention.told import note_told
from hosting.work import WORK
from nodes import counts

# Half of the threads at most do long work, so that letters are opened meanwhile.
_room: Final = threading.BoundedSemaphore(settings.WORKER_THREADS // 2)


@shared_task
def do_runs() -> None:
    """Do the long work that was asked for; it comes every few seconds, so it shows life too.

    When as many threads as may are at long work already, one of them takes up what waits.
    """
    beats.note(beats.WORKER)
    if _room.acquire(blocking=False):
        try:
            runs.do_asked(secrets.token_hex(8), WORK)
        finally:
            _room.release()


@shared_task
def ask_for_due() -> None:
    """Ask for the long work that is due."""
    now = timezone.now()
    note_told(now)
    schedule.ask_for_due(now)


@shared_task
def tell_owners() -> None:
    """Tell owners what has gone wrong with the node."""
    telling.look(timezone.now())


@shared_task
def forget_audit() -> None:
    """Delete what the audit list has remembered long enough."""
    audit.forget_old(timezone.now())


@shared_task
def measure() -> None:
    """Count what the metrics show and what takes a moment to count."""
    gauges.measure(timezone.now())


@shared_task
def forget_exchanges() -> None:
    """Delete what went to and fro with peers longer ago than anybody looks."""
    counts.forget_old(timezone.now())
