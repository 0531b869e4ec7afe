"""A conversation as a page shows it: what is new is open, what is older is folded to one line.

No text is opened that is not shown: a folded letter needs its sealed head alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from mail import selectors
from mail.keys import is_key
from mail.models import Conversation, Letter
from mail.people import People, Person
from mail.removal import RemovalView, removals
from mail.sealing import Head, open_head
from mail.selectors import LetterView
from nodes.models import Account

_UNREAD_OPEN: Final = 10  # of the newest unread letters
_ALONE: Final = 2  # folded letters that stand as lines; more are behind one button
_LINES: Final = 100  # lines that are shown at once
_MOST_OPEN: Final = 50
_MOST_LINES: Final = 1000  # among which a letter that a link leads to is looked for


@dataclass(frozen=True, slots=True)
class Line:
    """A letter of a conversation: one line, and the letter itself where it is open."""

    key: str
    author: Person
    filed: datetime
    text: str
    attachments: bool
    unread: bool
    notice: bool
    removed: datetime | None
    letter: LetterView | None
    removal: RemovalView | None


@dataclass(frozen=True, slots=True)
class Earlier:
    """The oldest letters of a conversation, behind one button; `before` is the first one shown."""

    count: int
    people: list[Person]
    before: str


@dataclass(frozen=True, slots=True)
class ConversationView:
    """A conversation as its page shows it."""

    thread: str
    title: str
    starred: bool
    archived: bool
    binned: bool
    waiting: bool
    notice: bool
    unread: bool
    strangers: list[Person]
    earlier: Earlier | None
    lines: list[Line]

    @property
    def latest(self) -> LetterView | None:
        """The last letter, which is always open: what an answer answers."""
        return self.lines[-1].letter if self.lines else None


def open_conversation(
    account: Account,
    thread: str,
    *,
    wanted: Collection[str] = (),
    first: str = "",
    before: str = "",
) -> ConversationView | None:
    """Open a conversation as far as it is shown.

    Args:
        account: whose it is.
        thread: its key.
        wanted: keys of letters that are to be open whatever else holds.
        first: the key of the letter from which on lines are shown at least.
        before: the key of a letter: of those before it, too, lines are shown, the last hundred.

    Returns:
        `None` when the account has no such conversation.
    """
    row = _conversation(account, thread)
    if row is None:
        return None
    order = _order(row)
    if not order:
        return None
    opened = _to_open(order[-_MOST_LINES:], {int(key) for key in wanted if is_key(key)})
    places = {key: place for place, (key, *_) in enumerate(order)}
    start = min(places[key] for key in opened)
    start = start if start > _ALONE else 0
    if is_key(first):
        start = min(start, places.get(int(first), start))
    if is_key(before):
        start = max(0, min(start, places.get(int(before), start)) - _LINES)
    people = People(account)
    shown = order[start:]
    hidden = order[:start]
    lines = _lines(account, [key for key, *_ in shown], opened, people)
    return ConversationView(
        thread=str(row.pk),
        title=_title(lines, order[0][0]),
        starred=row.starred,
        archived=row.archived,
        binned=row.binned,
        waiting=row.waiting,
        notice=row.is_notice,
        unread=row.unread > 0,
        strangers=[p for p in people.all(row.authors) if not p.own] if row.waiting else [],
        earlier=_earlier(hidden, str(shown[0][0]), people) if hidden else None,
        lines=lines,
    )


def earlier_letters(
    account: Account, thread: str, before: str
) -> tuple[Earlier | None, list[Line]] | None:
    """Give the lines of the letters before one, at most a hundred, and what is before those."""
    row = _conversation(account, thread)
    if row is None or not is_key(before):
        return None
    order = _order(row)
    until = next((place for place, (key, *_) in enumerate(order) if str(key) == before), 0)
    start = max(0, until - _LINES)
    people = People(account)
    shown = order[start:until]
    lines = _lines(account, [key for key, *_ in shown], set(), people)
    hidden = order[:start]
    return (_earlier(hidden, str(shown[0][0]), people) if hidden else None), lines


def newer_letters(account: Account, thread: str, after: str) -> list[Line]:
    """Open the letters that have come after one."""
    row = _conversation(account, thread)
    if row is None or not is_key(after):
        return []
    keys = [key for key, *_ in _order(row)]
    place = keys.index(int(after)) if int(after) in keys else len(keys)
    newer = keys[place + 1 :][-_MOST_OPEN:]
    return _lines(account, newer, set(newer), People(account))


def one_letter(account: Account, key: str, *, folded: bool = False) -> Line | None:
    """Give one letter by its key, open or folded."""
    if not is_key(key) or not Letter.objects.filter(account=account, pk=int(key)).exists():
        return None
    opened = set() if folded else {int(key)}
    return _lines(account, [int(key)], opened, People(account))[0]


def _conversation(account: Account, thread: str) -> Conversation | None:
    if not is_key(thread):
        return None
    return Conversation.objects.filter(account=account, pk=int(thread)).first()


def _order(row: Conversation) -> list[tuple[int, bool, bool, str]]:
    """List the letters of a conversation, oldest first: key, read, outgoing, author."""
    letters = Letter.objects.filter(conversation=row).order_by("filed", "id")
    return list(letters.values_list("pk", "read", "outgoing", "author"))


def _to_open(order: Sequence[tuple[int, bool, bool, str]], wanted: set[int]) -> set[int]:
    """Choose what is open: the last letter and what it answers, what is unread, what is wanted."""
    keys = [key for key, *_ in order]
    opened = {keys[-1]}
    if order[-1][2]:  # one's own: what it answers is read along with it
        received = [key for key, _, outgoing, _ in order if not outgoing]
        opened.update(received[-1:])
    opened.update([key for key, read, *_ in order if not read][-_UNREAD_OPEN:])
    opened.update([key for key in keys if key in wanted][-_MOST_OPEN:])
    return opened


def _lines(
    account: Account, keys: Sequence[int], opened: Collection[int], people: People
) -> list[Line]:
    rows = Letter.objects.filter(account=account, pk__in=keys).order_by("filed", "id")
    folded = [key for key in keys if key not in opened]
    heads: dict[int, tuple[Letter, Head]] = {}
    for row in rows.filter(pk__in=folded).defer("sealed_body"):
        heads[row.pk] = (row, open_head(row.sealed_head))
    views = selectors.open_letters(account, [key for key in keys if key in opened], people)
    shown = {view.key: view for view in views}
    people.load(row.author for row, _ in heads.values())
    gone = [view.key for view in views if view.removed and view.author.own]
    asked = removals(account, gone, people) if gone else {}
    lines = []
    for key in keys:
        if key in heads:
            row, head = heads[key]
            lines.append(_folded(row, head, people))
        elif (view := shown.get(str(key))) is not None:
            lines.append(_opened(view, asked.get(view.key)))
    return lines


def _folded(row: Letter, head: Head, people: People) -> Line:
    return Line(
        key=str(row.pk),
        author=people(row.author),
        filed=row.filed,
        text=head.text,
        attachments=row.has_attachments,
        unread=not row.read,
        notice=row.notice,
        removed=row.removed,
        letter=None,
        removal=None,
    )


def _opened(view: LetterView, removal: RemovalView | None) -> Line:
    return Line(
        key=view.key,
        author=view.author,
        filed=view.filed,
        text="",
        attachments=bool(view.attachments),
        unread=view.unread,
        notice=view.notice,
        removed=view.removed,
        letter=view,
        removal=removal,
    )


def _title(lines: Iterable[Line], first: int) -> str:
    """Give the title of the first letter, by which a conversation goes."""
    row = Letter.objects.filter(pk=first).only("sealed_head").first()
    title = open_head(row.sealed_head).title if row else ""
    if title:
        return title
    return next((line.letter.title for line in lines if line.letter and line.letter.title), "")


def _earlier(hidden: Sequence[tuple[int, bool, bool, str]], before: str, people: People) -> Earlier:
    authors = list(dict.fromkeys(author for *_, author in hidden))
    return Earlier(len(hidden), people.all(authors), before)
