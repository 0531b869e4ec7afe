"""Long work that the node asks for by itself, when the last of its kind is old enough."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from hosting import runs
from hosting.backup import deeds, due
from hosting.models import Run
from hosting.retention.work import is_dry

EVERY: Final[dict[str, timedelta]] = {
    Run.Kind.DOCTOR: timedelta(days=1),
    Run.Kind.STORAGE: timedelta(hours=1),
    Run.Kind.RETENTION: timedelta(days=1),
}
_LOOKED_AT: Final = 50
_started: Final = timezone.now()
_SETTLED: Final = timedelta(minutes=2)  # after a start, until peers are in contact


def ask_for_due(now: datetime) -> None:
    """Ask for work whose last run began long enough ago, or that never was done; look for backups.

    One of the kinds at most, so that not all of them go on at once; the next one follows in a few
    minutes. What killed backups have left is cleared away at once.
    """
    kind = next((kind for kind in EVERY if _is_due(kind, now)), None)
    if kind is not None:
        runs.ask(kind)
    due.ask_for_due(now)
    deeds.clear_leftovers(now)


def _is_due(kind: str, now: datetime) -> bool:
    last = _last(kind)
    if last is None:
        return True
    if last.finished is None:  # long as it may take, it holds up no other kind
        return False
    return last.asked <= now - EVERY[kind] or _is_of_before(kind, last, now)


def _is_of_before(kind: str, last: Run, now: datetime) -> bool:
    """Tell whether a check is of before the start: address, settings or machine may be others."""
    return kind == Run.Kind.DOCTOR and last.asked < _started <= now - _SETTLED


def _last(kind: str) -> Run | None:
    """Give the run of a kind that was asked for last, leaving out those that only tried rules.

    When nothing else is among the latest runs, the work is done once more, which does no harm.
    """
    latest = Run.objects.filter(kind=kind).order_by("-asked")[:_LOOKED_AT]
    return next((run for run in latest if not is_dry(run)), None)
