"""Jobs of hosting. A job says "look now"; what there is to do is read from the database."""

from __future__ import annotations

import secrets
from typing import Final

from celery import shared_task
from django.utils import timezone

from hosting import audit, beats, gauges, runs, schedule
from hosting.retention.told import note_told
from hosting.work import WORK
from nodes import counts

_PROCESS: Final = secrets.token_hex(8)


@shared_task
def do_runs() -> None:
    """Do the long work that was asked for; it comes every few seconds, so it shows life too."""
    beats.note(beats.WORKER)
    runs.do_asked(_PROCESS, WORK)


@shared_task
def ask_for_due() -> None:
    """Ask for the long work that is due."""
    now = timezone.now()
    note_told(now)
    schedule.ask_for_due(now)


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
