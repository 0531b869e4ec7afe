"""Reading this node's journal a page at a time, however long it is (protocol §8).

Without a filter lines are turned over by position; with one, by when resources came, for which
there are indexes. Nothing is counted, and no content is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from hosting.models import Stored
from hosting.names import Named, name_users
from hosting.storage import PRIVATE
from journal.models import Line, Resource

AT_ONCE: Final = 50
_WHOLE: Final = 86
_SHORTEST: Final = 6  # of the beginning of an identifier

KINDS: Final = {
    "identity": _("identity"),
    "trust": _("trust"),
    "revoke": _("revocation"),
    "node": _("address of a node"),
    "user": _("profile"),
    "encrypted": _("sealed"),
    "message": _("public notice"),
    "receipt": _("open receipt"),
    "schema": _("schema"),
    "uri": _("own schema"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A line, and what is known of its resource; line 1 has none."""

    position: int | None
    line: str
    resource: int | None = None
    identifier: str = ""
    author: Named | None = None
    kind: str = ""
    size: int = 0
    received: datetime | None = None
    state: str = "held"  # held, revoked, ended, gone


@dataclass(frozen=True, slots=True)
class Page:
    """Some lines, the latest first; `newer` and `older` are where to go on, if there is more."""

    entries: list[Entry] = field(default_factory=list)
    newer: int | None = None
    older: int | None = None


def page(
    *, kind: str = "", author: str = "", before: int | None = None, after: int | None = None
) -> Page:
    """Give lines, the latest first, or those next to a place.

    Args:
        kind: only resources of this kind.
        author: only resources of this user.
        before: what `older` of another page said.
        after: what `newer` of another page said.
    """
    if kind or author:
        return _filtered(kind, author, before, after)
    rows = Line.objects.select_related("resource").defer("resource__payload")
    if after is not None:
        found = list(rows.filter(position__gt=after).order_by("position")[: AT_ONCE + 1])
        more = len(found) > AT_ONCE
        lines, newer = found[:AT_ONCE][::-1], more
        older = bool(lines) and lines[-1].position > 1
    else:
        if before is not None:
            rows = rows.filter(position__lt=before)
        found = list(rows.order_by("-position")[: AT_ONCE + 1])
        lines, older = found[:AT_ONCE], len(found) > AT_ONCE
        newer = before is not None and bool(lines) and _lines_after(lines[0].position)
    entries = _entries([(line, line.resource) for line in lines])
    return Page(
        entries,
        newer=lines[0].position if lines and newer else None,
        older=lines[-1].position if lines and older else None,
    )


def around(position: int) -> Page:
    """Give the page on which a position stands first."""
    return page(before=min(position, 2**62) + 1)


def _lines_after(position: int) -> bool:
    return Line.objects.filter(position__gt=position).exists()


def _filtered(kind: str, author: str, before: int | None, after: int | None) -> Page:
    rows = Resource.objects.select_related("line").defer("payload")
    if kind:
        rows = rows.filter(kind=kind)
    if author:
        rows = rows.filter(author=author)
    if after is not None:
        found = list(rows.filter(pk__gt=after).order_by("pk")[: AT_ONCE + 1])
        chosen = found[:AT_ONCE][::-1]
        newer, older = len(found) > AT_ONCE, bool(chosen)
    else:
        upto = rows.filter(pk__lt=before) if before is not None else rows
        found = list(upto.order_by("-pk")[: AT_ONCE + 1])
        chosen, older = found[:AT_ONCE], len(found) > AT_ONCE
        newer = before is not None and bool(chosen)
    return Page(
        _entries([(_line_of(row), row) for row in chosen]),
        newer=chosen[0].pk if chosen and newer else None,
        older=chosen[-1].pk if chosen and older else None,
    )


def _line_of(row: Resource) -> Line | None:
    return getattr(row, "line", None)


def _entries(pairs: Sequence[tuple[Line | None, Resource | None]]) -> list[Entry]:
    names = name_users({row.author for _line, row in pairs if row is not None})
    # Which are held is asked for without loading any content.
    held = set(
        Resource.objects.filter(
            pk__in=[row.pk for _line, row in pairs if row is not None], payload__isnull=False
        ).values_list("pk", flat=True)
    )
    return [
        Entry(line.position if line else None, line.identifier if line else "")
        if row is None
        else Entry(
            position=line.position if line else None,
            line=line.identifier if line else "",
            resource=row.pk,
            identifier=row.identifier,
            author=names[row.author],
            kind=str(KINDS.get(row.kind, row.kind)),
            size=row.size,
            received=row.received,
            state=_state(row, held=row.pk in held),
        )
        for line, row in pairs
    ]


def _state(row: Resource, *, held: bool) -> str:
    if row.revoked_by_id is not None:
        return "ended" if held else "revoked"
    return "held" if held else "gone"


def find(text: str) -> Page:
    """Find resources by the beginning of their identifier, or of their line's.

    A whole fingerprint finds what its user published last.
    """
    wanted = text.strip().rpartition("/")[2].partition("@")[0]
    if len(wanted) < _SHORTEST or len(wanted) > _WHOLE:
        return Page()
    rows = Resource.objects.select_related("line").defer("payload")
    found = list(rows.filter(_begins("identifier", wanted)).order_by("identifier")[:AT_ONCE])
    if not found:
        lines = Line.objects.select_related("resource").defer("resource__payload")
        by_line = lines.filter(_begins("identifier", wanted)).order_by("identifier")[:AT_ONCE]
        pairs = [(line, line.resource) for line in by_line]
        if pairs:
            return Page(_entries(pairs))
    if not found:
        of_user: QuerySet[Resource] = rows.filter(_begins("author", wanted))
        first = of_user.order_by("author").values_list("author", flat=True).first()
        if first is not None:
            return _filtered("", first, None, None)
    return Page(_entries([(_line_of(row), row) for row in found]))


def _begins(name: str, text: str) -> Q:
    """Say "begins with" so that the index on a column of identifiers is used."""
    if connection.vendor == "postgresql":
        return Q(**{f"{name}__startswith": text})
    return Q(**{f"{name}__gte": text, f"{name}__lt": text + "~"})


def authors() -> list[Named]:
    """List whose resources were held here when that was last counted, by name."""
    listed = Stored.objects.exclude(kind__in=PRIVATE).values_list("author", flat=True).distinct()
    return sorted(name_users(listed).values(), key=lambda named: named.name.casefold())
