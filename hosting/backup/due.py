"""When the node backs up and tests by itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings

from hosting import runs
from hosting.backup.deeds import why_not
from hosting.models import Run
from nodes.models import LocalNode

CHECK_EVERY: Final = timedelta(days=30)
_AFTER_FAILURE: Final = timedelta(hours=1)
_LOOKED_AT: Final = 100


def ask_for_due(now: datetime) -> None:
    """Ask for a backup when its time has come, else for the monthly test of the newest one.

    Before the node has an owner there is nothing to back up.
    """
    if not LocalNode.objects.exists():
        return
    for kind, at in ((Run.Kind.BACKUP, next_backup(now)), (Run.Kind.CHECK, next_check(now))):
        if at is not None and at <= now:
            runs.ask(kind)
            return


def next_backup(now: datetime) -> datetime | None:
    """Say when the next backup is due; `None` where backups are not set up."""
    if why_not():
        return None
    every = timedelta(hours=settings.BACKUP_EVERY)
    last = last_scheduled()
    due = now if last is None or last.started is None else last.started + every
    return _not_soon_after_failure(Run.Kind.BACKUP, due, min(every, _AFTER_FAILURE))


def next_check(now: datetime) -> datetime | None:
    """Say when the newest backup is tested next; `None` while there is nothing to test."""
    first = last_scheduled()
    if why_not() or first is None or first.finished is None:
        return None
    last = (
        Run.objects.filter(kind=Run.Kind.CHECK)
        .exclude(finished=None)
        .exclude(outcome=Run.Outcome.FAILED)
        .order_by("-finished")
        .first()
    )
    # The first test does not wait for a month: that backups can be restored is to be known early.
    due = first.finished if last is None or last.finished is None else last.finished + CHECK_EVERY
    return _not_soon_after_failure(Run.Kind.CHECK, due, timedelta(days=1))


def last_scheduled() -> Run | None:
    """Give the last good backup that went to the place of backups."""
    good = Run.objects.filter(kind=Run.Kind.BACKUP, outcome=Run.Outcome.GOOD)
    for run in good.order_by("-finished")[:_LOOKED_AT]:
        if run.findings and run.findings[0].get("scheduled"):
            return run
    return None


def _not_soon_after_failure(kind: Run.Kind, due: datetime, wait: timedelta) -> datetime:
    last = runs.latest(kind)
    if last is None or last.finished is None or last.outcome != Run.Outcome.FAILED:
        return due
    return max(due, last.finished + wait)
