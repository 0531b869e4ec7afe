"""The one door for resources of others (protocol §5)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from django.db import transaction
from django.db.models import F

from journal.ledger import Ledger
from journal.models import DropCount, Resource
from journal.signals import resources_accepted
from journal.taken_over import notice
from journal.wanted import forget
from nodes.counts import count
from sdmp.encoding import JSON
from sdmp.errors import Revoked, SdmpError
from sdmp.signature import Envelope, read_envelope

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Report:
    """What became of a batch: identifiers accepted, held before, and refused with the reason."""

    accepted: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    refused: dict[str, SdmpError] = field(default_factory=dict)
    unreadable: int = 0


def read_batch(values: Sequence[JSON]) -> tuple[list[Envelope], int]:
    """Read the envelopes of a batch; one that cannot be read does not spoil the others.

    Returns:
        Those that could be read, in order, and how many could not.
    """
    envelopes: list[Envelope] = []
    reasons: list[str] = []
    for value in values:
        try:
            envelopes.append(read_envelope(value))
        except SdmpError as error:
            reasons.append(error.why)
    if reasons:
        count_drops(reasons)
    return envelopes, len(reasons)


def accept(
    envelopes: Sequence[Envelope],
    *,
    now: datetime,
    hand: str | None = None,
    authors: Collection[str] | None = None,
) -> Report:
    """Verify resources in the order given and keep those that pass, each with its line.

    Everything is in one transaction, and doing it twice changes nothing.

    Args:
        envelopes: in the order of the journal that they come from.
        now: the time at which to judge.
        hand: the node that gives them; it may vouch for some (§5).
        authors: whose resources are wanted; anyone's when `None`.
    """
    report = Report()
    with transaction.atomic():
        ledger = Ledger()
        held = _held([envelope.identifier for envelope in envelopes])
        for envelope in envelopes:
            if envelope.identifier in report.accepted or held.get(envelope.identifier) is False:
                report.held.append(envelope.identifier)
                continue
            try:
                if held.get(envelope.identifier):
                    raise Revoked("The resource has been revoked.")
                accepted = ledger.judge(envelope, now, hand)
            except SdmpError as error:
                report.refused[envelope.identifier] = error
                continue
            if authors is None or accepted.resource.user in authors:
                ledger.add(accepted)
                report.accepted.append(envelope.identifier)
        written = ledger.write(now, own=False)
        if written:
            forget(report.accepted)
            notice([row for row, _ in written], now)
            resources_accepted.send(sender=accept, resources=written)
        count_drops([error.why for error in report.refused.values()])
    for kind, number in Counter(row.kind for row, _ in written).items():
        count("accepts", kind, number)
    for identifier, refusal in report.refused.items():
        _log.info(
            "resource refused", why=refusal.why, reason=str(refusal), resource=identifier[:12]
        )
    return report


def count_drops(reasons: Sequence[str]) -> None:
    """Add to the count of drops by reason."""
    for reason in set(reasons):
        row, _ = DropCount.objects.get_or_create(reason=reason)
        DropCount.objects.filter(pk=row.pk).update(count=F("count") + reasons.count(reason))


def _held(identifiers: list[str]) -> dict[str, bool]:
    """Say which resources are held already, and of those whether they have been revoked."""
    rows = Resource.objects.filter(identifier__in=identifiers)
    return {row.identifier: row.revoked_by_id is not None for row in rows.defer("payload")}
