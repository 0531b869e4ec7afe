"""Letting contents go: the line of the journal and all that is known of a resource stay.

Peers that ask are answered as if it were not for them (`journal.answers`), it is not asked for
again, since its identifier is held (`journal.wanted`), and the check of the journal counts it as
removed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Final

from django.db import transaction

from hosting.retention.keeping import (
    Copies,
    Held,
    Keeper,
    held,
    why_notice,
    why_private,
    why_receipt,
)
from hosting.retention.tally import Tally
from journal.models import HeldBy, Resource
from mail.models import Delivery, Letter
from nodes.models import LocalNode

_AT_ONCE: Final = 200
Why = Callable[[Held, Copies, Keeper], str]
Step = Callable[[int], None]


def private(tally: Tally, before: datetime, now: datetime, *, dry: bool, step: Step) -> None:
    """Let the sealed originals of filed messages go that came before a moment."""
    letters = Letter.objects.filter(
        resource__kind="encrypted", resource__payload__isnull=False, removed=None
    )
    keys = _some(lambda last: _after(letters, "resource_id", last))
    _sweep(keys, why_private, tally, before, now, dry=dry, step=step)
    rest = Resource.objects.filter(kind="encrypted", payload__isnull=False).count()
    judged = (tally.count if dry else 0) + sum(tally.kept.values())
    tally.kept["unknown"] += max(0, rest - judged)


def notices(tally: Tally, before: datetime, now: datetime, *, dry: bool, step: Step) -> None:
    """Let public notices by people without an account here go that came before a moment."""
    here = set(Keeper(now).here)
    rows = Resource.objects.filter(kind="message", payload__isnull=False).exclude(author__in=here)
    keys = _some(lambda last: _after(rows, "pk", last))
    _sweep(keys, why_notice, tally, before, now, dry=dry, step=step)


def receipts(tally: Tally, before: datetime, now: datetime, *, dry: bool, step: Step) -> None:
    """Let receipts go that have been counted and came before a moment."""
    counted = Delivery.objects.filter(state=Delivery.State.RECEIVED).exclude(receipt="")
    last = 0
    while found := list(
        counted.filter(pk__gt=last)
        .order_by("pk")
        .values_list("pk", "receipt", "letter__author")[:_AT_ONCE]
    ):
        last = found[-1][0]
        senders = {receipt: sender for _, receipt, sender in found}
        keys = Resource.objects.filter(identifier__in=senders, kind="encrypted")

        def why(row: Held, copies: Copies, keeper: Keeper, of: dict[str, str] = senders) -> str:
            return why_receipt(row, copies, keeper, of[row.identifier])

        some = sorted(keys.values_list("pk", flat=True))
        _sweep(iter([some]), why, tally, before, now, dry=dry, step=step)


def _after(rows: object, name: str, last: int) -> list[int]:
    """Give the next keys of a question, in order and each once."""
    query = rows.filter(**{f"{name}__gt": last}).order_by(name)  # type: ignore[attr-defined]
    return list(query.values_list(name, flat=True).distinct()[:_AT_ONCE])


def _some(after: Callable[[int], list[int]]) -> Iterator[list[int]]:
    last = 0
    while keys := after(last):
        last = keys[-1]
        yield keys


def _sweep(
    keys: Iterator[list[int]],
    why: Why,
    tally: Tally,
    before: datetime,
    now: datetime,
    *,
    dry: bool,
    step: Step,
) -> None:
    """Judge some at a time, and let those go for which there is no reason to keep them."""
    keeper = Keeper(now)
    for some in keys:
        if dry:
            _judge(some, why, tally, before, keeper)
        else:
            with transaction.atomic():
                # Nothing is filed, and no trust changes, while this is judged and done.
                LocalNode.objects.select_for_update().first()
                going = _judge(some, why, tally, before, Keeper(now))
                gone = [row.pk for row in going]
                Resource.objects.filter(pk__in=gone).update(payload=None)
                HeldBy.objects.filter(resource__in=gone).delete()
        step(len(some))


def _judge(
    keys: Sequence[int], why: Why, tally: Tally, before: datetime, keeper: Keeper
) -> list[Held]:
    going = []
    rows = [row for row in held(keys) if row.received < before]
    copies = Copies.of(rows)
    for row in rows:
        reason = why(row, copies, keeper)
        if reason:
            tally.kept[reason] += 1
            continue
        tally.goes(row.size, row.received, row.author)
        going.append(row)
    return going
