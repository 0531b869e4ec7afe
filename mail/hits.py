"""What a page shows of letters that a search has found, and of those that it could not read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.translation import gettext, ngettext

from mail.models import Letter, Unopened, Unreadable
from mail.people import People
from mail.presentation import SNIPPET_LENGTH, clean_name, row_people, snippet, title_words
from mail.queries import Piece, Query, find_in, mark_in, pattern_of
from mail.search import Found
from nodes.models import Account

_LEAD: Final = 32  # characters of a line before what was found in it
_AROUND: Final = 400
_LOOKED_AT: Final = 20_000  # characters of a text in which the place is looked for


@dataclass(frozen=True, slots=True)
class Hit:
    """A letter that was found, as a row. Texts are in pieces: what was looked for and the rest."""

    key: str
    who: list[Piece]
    title: list[Piece]
    text: list[Piece]
    files: list[list[Piece]]
    date: datetime
    unread: bool
    starred: bool
    attachments: bool


def describe(account: Account, found: Sequence[Found], query: Query) -> list[Hit]:
    """Describe letters that were found, in their order."""
    columns = ("pk", "author", "date", "filed", "read", "has_attachments", "conversation__starred")
    letters = Letter.objects.filter(account=account, pk__in=[item.key for item in found])
    rows = {row["pk"]: row for row in letters.values(*columns)}
    people = People(account)
    people.load(
        {row["author"] for row in rows.values()} | {user for item in found for user in item.head.to}
    )
    pattern = pattern_of(query.needles)
    names = pattern_of([*query.needles, *(who.name for who in query.who if not who.negated)])
    hits = []
    for item in found:
        row = rows.get(item.key)
        if row is None:
            continue  # deleted meanwhile
        who = row_people([people(row["author"])], people.all(item.head.to))
        hits.append(
            Hit(
                key=str(item.key),
                who=mark_in(who, names),
                title=mark_in(title_words(item.head.title), pattern),
                text=in_context(item.body, pattern),
                files=_files([file.name for file in item.head.files], pattern),
                # Written, as its author says, but not after it came.
                date=min(row["date"], row["filed"]),
                unread=not row["read"],
                starred=row["conversation__starred"],
                attachments=row["has_attachments"],
            )
        )
    return hits


def in_context(body: str, pattern: re.Pattern[str] | None) -> list[Piece]:
    """Return a line of a text in which stands what was looked for, else its beginning."""
    place = None
    if pattern is not None:
        place = next(find_in(body[:_LOOKED_AT], pattern), None)
    if pattern is None or place is None:
        return [Piece(snippet(body))]
    begins, ends = max(0, place[0] - _AROUND), place[1] + _AROUND
    around = body[begins:ends]
    line = snippet(around, 2 * _AROUND)
    here = next(find_in(line, pattern), None)
    if here is None:  # it stood in what Markdown does not show
        line = clean_name(around)
        here = next(find_in(line, pattern), (0, 0))
    start = 0
    if here[0] > _LEAD:
        start = line.find(" ", here[0] - _LEAD, here[0]) + 1 or here[0] - _LEAD
    cut = line[start : start + SNIPPET_LENGTH].rstrip("… ")
    before = "…" if start or begins else ""
    after = "…" if start + len(cut) < len(line.rstrip("… ")) or ends < len(body) else ""
    return mark_in(f"{before}{cut}{after}", pattern)


def _files(names: Sequence[str], pattern: re.Pattern[str] | None) -> list[list[Piece]]:
    """Return the names in which stands what was looked for."""
    if pattern is None:
        return []
    marked = [mark_in(clean_name(name), pattern) for name in names]
    return [pieces for pieces in marked if any(piece.found for piece in pieces)]


def remarks(account: Account, unreadable: int, removed: int) -> list[str]:
    """Say what a search of an account could not read, and why."""
    if account.mode == Account.Mode.HOST:
        return [
            gettext(
                "This node cannot read mail for this account: it keeps it and passes it on. "
                "Search on a node that may read."
            )
        ]
    said = []
    if unreadable:
        words = ngettext(
            "%(n)d message could not be opened: it was sealed with another secret than this node "
            "has now, or has been damaged. The node's owner can put it back from a backup.",
            "%(n)d messages could not be opened: they were sealed with another secret than this "
            "node has now, or have been damaged. The node's owner can put them back from a backup.",
            unreadable,
        )
        said.append(words % {"n": unreadable})
    if removed:
        words = ngettext(
            "%(n)d message was taken back by its author, so that its text is gone.",
            "%(n)d messages were taken back by their authors, so that their text is gone.",
            removed,
        )
        said.append(words % {"n": removed})
    closed = Unreadable.objects.filter(account=account).count()
    if closed:
        words = ngettext(
            "%(n)d message that came back to you is still closed: it was written for a key that "
            "this node does not have.",
            "%(n)d messages that came back to you are still closed: they were written for a key "
            "that this node does not have.",
            closed,
        )
        said.append(words % {"n": closed})
    if Unopened.objects.exists():
        said.append(
            gettext("This node is still opening mail that has come; search again in a moment.")
        )
    return said
