"""What a peer is given: journal lines, and resources that it may have (protocol §6, §10)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from journal.models import Line, Resource
from nodes.models import Peer
from sdmp import limits
from sdmp.signature import Envelope
from sdmp.traffic import Reference
from sdmp.trust import Facts


@dataclass(slots=True)
class Given:
    """The answer to a request for resources; what is in neither list did not fit."""

    resources: list[Envelope] = field(default_factory=list)
    not_found: list[Reference] = field(default_factory=list)
    handed: list[str] = field(default_factory=list)
    size: int = 0


def lines_after(position: int, limit: int = limits.JOURNAL_LINES) -> list[str]:
    """Give the journal lines after a position, as they stand, at most `limit`."""
    rows = Line.objects.filter(position__gt=position).order_by("position")
    values = rows.values_list("identifier", "resource__author", "resource__identifier")
    return [f"{line}@{author}/{resource}" for line, author, resource in values[:limit]]


def lines_since(identifier: str, limit: int | None) -> tuple[int, list[str]] | None:
    """Give the lines after the one with this identifier, and where that one stands.

    `None` when the journal has no such line.
    """
    row = Line.objects.filter(identifier=identifier).only("position").first()
    if row is None:
        return None
    most = min(limit or limits.JOURNAL_LINES, limits.JOURNAL_LINES)
    return row.position, lines_after(row.position, most)


def news_for(peer: Peer) -> tuple[str, list[str]]:
    """Give the lines that a peer has not been told, and the identifier of the line before.

    They count as told at once. Another session with the same peer that does so at the same time
    gets none; should they be lost on the way, the next broadcast does not fit what the peer
    knows, and it asks for the lines between.
    """
    rows = Line.objects.filter(position__gte=peer.sent_position).order_by("position")
    values = rows.values_list("identifier", "resource__author", "resource__identifier")
    (before, *_), *news = values[: limits.JOURNAL_LINES + 1]
    entries = [f"{line}@{author}/{resource}" for line, author, resource in news]
    if entries:
        told = Peer.objects.filter(pk=peer.pk, sent_position=peer.sent_position).update(
            sent_position=peer.sent_position + len(entries)
        )
        if not told:
            return before, []
        peer.sent_position += len(entries)
    return before, entries


def told_until(peer: Peer, position: int) -> None:
    """Record that a peer has been told the journal up to a position, by an answer."""
    Peer.objects.filter(pk=peer.pk, sent_position__lt=position).update(sent_position=position)


def give(
    wanted: Sequence[Reference], *, node: str, here: str, facts: Facts, now: datetime
) -> Given:
    """Find what a peer asks for, as far as it may have it and as it fits one answer.

    The first resource is given whatever its size. What the peer may not have looks the same as
    what does not exist.
    """
    # Contents are loaded when it is known which fit: together they could be gigabytes.
    rows = Resource.objects.filter(
        identifier__in=[identifier for _, identifier in wanted if identifier]
        # What a user who left has taken along is not here any more, though its line is.
    ).exclude(payload=None, revoked_by=None)
    found = {row.identifier: row for row in rows.select_related("revoked_by").defer("payload")}
    given = Given()
    rights: dict[tuple[str, str, str], bool] = {}
    fitting: list[Resource] = []
    for author, identifier in wanted:
        row = found.get(identifier)
        if (
            row is None
            or row.author != author
            or not _may_have(row, node, here, facts, now, rights)
        ):
            given.not_found.append((author, identifier))
            continue
        size = _size_in_base64(row) + (_size_in_base64(row.revoked_by) if row.revoked_by else 0)
        if fitting and given.size + size > limits.BATCH_BYTES:
            break
        fitting.append(row)
        given.size += size
    _load(fitting)
    for row in fitting:
        given.resources += _in_its_place(row)
        given.handed += [
            given_row.identifier
            for given_row in (row, row.revoked_by)
            if given_row is not None and given_row.is_held
        ]
    return given


def _size_in_base64(row: Resource) -> int:
    return row.size * 4 // 3


def _load(rows: Sequence[Resource]) -> None:
    """Load the contents of several resources with one question."""
    contents = Resource.objects.filter(pk__in=[row.pk for row in rows])
    found = dict(contents.values_list("pk", "payload"))
    for row in rows:
        row.payload = found[row.pk]


def _in_its_place(row: Resource) -> list[Envelope]:
    """A revocation takes its target's place; an identity or a trust is followed by it (§6)."""
    envelopes = [row.envelope()] if row.is_held else []
    if row.revoked_by is not None and row.revoked_by.is_held:
        envelopes.append(row.revoked_by.envelope())
    return envelopes


def _may_have(
    row: Resource,
    node: str,
    here: str,
    facts: Facts,
    now: datetime,
    rights: dict[tuple[str, str, str], bool],
) -> bool:
    trustee = row.subject if row.kind == "trust" else ""
    question = (row.author, row.kind, trustee)
    if question not in rights:
        rights[question] = facts.may_have(
            here, node, author=row.author, kind=row.kind, trustee=trustee or None, now=now
        )
    return rights[question]
