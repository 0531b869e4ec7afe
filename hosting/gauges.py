"""Numbers that take a moment to find out: counted by the schedule, read by the metrics.

They are kept in the cache, as of the last few minutes.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from django.core.cache import cache
from django.db.models import Min

from hosting.sizes import data_bytes, database_bytes
from journal.models import Wanted
from mail.models import Letter, Unopened
from nodes.wake import start_task

_KEY: Final = "hosting-gauges"
_SECONDS_KEPT: Final = 3600


@dataclass(frozen=True, slots=True)
class Gauges:
    """What was counted. Sizes are in bytes; `wanted_since` is a time in seconds, or 0."""

    letters: int
    unopened: int
    wanted: int
    wanted_since: float
    database_bytes: int
    data_bytes: int


def measure(now: datetime) -> Gauges:
    """Count, and keep what was found for the metrics."""
    wanted = Wanted.objects.filter(passed_over=False)
    due = wanted.filter(not_before__lte=now).aggregate(since=Min("not_before"))["since"]
    found = Gauges(
        letters=Letter.objects.count(),
        unopened=Unopened.objects.count(),
        wanted=wanted.count(),
        wanted_since=due.timestamp() if due else 0.0,
        database_bytes=database_bytes(),
        data_bytes=data_bytes(),
    )
    cache.set(_KEY, asdict(found), _SECONDS_KEPT)
    return found


def latest() -> Gauges | None:
    """Give what was counted last; when there is nothing, it is asked for and comes soon."""
    found = cache.get(_KEY)
    if found is None:
        start_task("hosting.tasks.measure")
        return None
    return Gauges(**found)
