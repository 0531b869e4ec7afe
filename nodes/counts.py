"""Counting what happens, cheaply: in memory first, a few times a minute in the database.

So all processes of a node add to the same numbers, and a killed one loses a few seconds of them.
`count` is for things with a name, `exchanged` for what goes to and fro with a peer.
"""

from __future__ import annotations

import threading
from collections import Counter
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.conf import settings
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from nodes.models import Count, Exchange
from nodes.spacing import Spaced

_log = structlog.get_logger(__name__)
_LABEL: Final = 48
_KEPT: Final = timedelta(days=8)
_lock = threading.Lock()
_counts: Counter[tuple[str, str]] = Counter()
_exchanges: Counter[tuple[str, datetime, str]] = Counter()

AMOUNTS: Final = ("sessions", "failures", "frames_in", "frames_out", "bytes_in", "bytes_out")


def count(name: str, label: str = "", by: int = 1) -> None:
    """Add to a number, from any thread; it never raises and never waits.

    Args:
        name: what is counted, such as `drops`; at most 48 characters.
        label: which of its kinds, from a small closed set, such as a reason.
        by: how many more.
    """
    if by:
        with _lock:
            _counts[name, label[:_LABEL]] += by
        _write_soon()


def exchanged(peer: str, **amounts: int) -> None:
    """Add what went to and fro with a peer: `frames_in=1, bytes_in=512` (see `AMOUNTS`).

    It is added up for all peers too, as the count `exchanged` with the name as its label.
    """
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    with _lock:
        for name, amount in amounts.items():
            _exchanges[peer, hour, name] += amount
            _counts["exchanged", name] += amount
    _write_soon()


def totals() -> dict[tuple[str, str], int]:
    """Give all counts by name and label, what is not written yet among them."""
    found = {(row.name, row.label): row.count for row in Count.objects.all()}
    with _lock:
        for key, more in _counts.items():
            found[key] = found.get(key, 0) + more
    return found


def write() -> None:
    """Write down what was counted since the last time; what cannot be written is kept."""
    global _counts, _exchanges
    with _lock:
        counts, _counts = _counts, Counter()
        exchanges, _exchanges = _exchanges, Counter()
    try:
        with transaction.atomic():
            for (name, label), more in sorted(counts.items()):
                _add(name, label, more)
            _add_exchanges(exchanges)
    except DatabaseError:
        _log.warning("counts are not written yet")
        with _lock:
            _counts.update(counts)
            _exchanges.update(exchanges)


def forget_old(now: datetime) -> int:
    """Delete what went to and fro with peers longer ago than it is shown; returns how many rows."""
    return Exchange.objects.filter(hour__lt=now - _KEPT).delete()[0]


def _add(name: str, label: str, more: int) -> None:
    row = Count.objects.filter(name=name, label=label)
    if not row.update(count=F("count") + more):
        try:
            with transaction.atomic():
                Count.objects.create(name=name, label=label, count=more)
        except IntegrityError:  # another process made it meanwhile
            row.update(count=F("count") + more)


def _add_exchanges(exchanges: Counter[tuple[str, datetime, str]]) -> None:
    rows: dict[tuple[str, datetime], dict[str, int]] = {}
    for (peer, hour, name), amount in exchanges.items():
        rows.setdefault((peer, hour), {})[name] = amount
    for (peer, hour), amounts in sorted(rows.items()):
        added = {name: F(name) + amount for name, amount in amounts.items()}
        row = Exchange.objects.filter(peer=peer, hour=hour)
        if not row.update(**added):
            try:
                with transaction.atomic():
                    Exchange.objects.create(peer=peer, hour=hour, **amounts)
            except IntegrityError:
                row.update(**added)


_in_a_while: Final = Spaced(write, settings.COUNT_SECONDS, patient=True)


def _write_soon() -> None:
    if settings.COUNT_SECONDS:
        _in_a_while()
