"""Jobs of hosting. A job says "look now"; what there is to do is read from the database."""

from __future__ import annotations

import secrets
from typing import Final

from celery import shared_task
from django.utils import timezone

from hosting import beats, runs, schedule
from hosting.work import WORK

_PROCESS: Final = secrets.token_hex(8)


@shared_task
def do_runs() -> None:
    """Do the long work that was asked for; it comes every few seconds, so it shows life too."""
    beats.note(beats.WORKER)
    runs.do_asked(_PROCESS, WORK)


@shared_task
def ask_for_due() -> None:
    """Ask for the long work that is due."""
    schedule.ask_for_due(timezone.now())
