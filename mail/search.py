"""Search: letters are opened in memory one after the other, the newest first, and forgotten again.

What letters say is sealed at rest, so no index of their words can be kept. Instead a search walks
back through an account's letters in parts, each bounded in time and in hits: whoever searches sees
the newest hits at once, and a search for which nobody waits any more ends with its part.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, time, tzinfo
from functools import partial
from time import perf_counter
from typing import Any, Final

from django.db.models import Case, Q, QuerySet, When
from django.db.models.functions import Coalesce, Length
from django.db.models.lookups import LessThanOrEqual
from django.utils.translation import gettext

from mail.folders import FOLDERS
from mail.models import Contact, Letter
from mail.models.letters import IN_FOLDER
from mail.people import profile_names
from mail.queries import Place, Query, fold
from mail.queries import When as Day
from mail.sealing import Head, open_head, open_text
from mail.search_text import without_data
from nodes.errors import UserError
from nodes.models import Account
from sdmp.letter import read_letter

_ROWS: Final = 250  # read from the database at once
_FIRST_ROWS: Final = 50
_SMALL: Final = 64 * 1024  # sealed bytes; a greater text is read from the database by itself

# Key, author, when it was removed, whether its text stands apart, head and text.
_Row = tuple[int, str, datetime | None, int | None, bytes, bytes | None]
_Test = Callable[[str], object]

_MARKED: Final[dict[str, Q]] = {
    "attachment": Q(has_attachments=True),
    "picture": Q(has_attachments=True),
    "star": Q(conversation__starred=True),
    "unread": Q(read=False),
    "read": Q(read=True),
    "sent": Q(outgoing=True),
    "notice": Q(notice=True),
}


@dataclass(frozen=True, slots=True)
class Found:
    """A letter that a search has found, and what was opened of it."""

    key: int
    head: Head
    body: str


@dataclass(slots=True)
class Part:
    """What one part of a search has found.

    `next` is the cursor after which the search goes on, None at its end; `seen` how many letters
    were looked at, of which `unreadable` could not be opened and `removed` have been taken back by
    their authors.
    """

    found: list[Found] = field(default_factory=list)
    next: int | None = None
    seen: int = 0
    unreadable: int = 0
    removed: int = 0


class Search:
    """One search in the letters of one account; those of others are never looked at.

    `problems` are sentences about what in the query makes no sense; `asks` tells whether anything
    is asked beside that.
    """

    def __init__(self, account: Account, query: Query, zone: tzinfo) -> None:
        """Prepare a search.

        Args:
            account: whose letters.
            query: what is asked.
            zone: the reader's, in which days begin.
        """
        self.account = account
        self.query = query
        self.problems = [str(problem) for problem in query.problems]
        self.asks = bool(query.words or query.who or query.has or query.when)
        self._from = [who for who in query.who if who.field == "from"]
        self._to = [who for who in query.who if who.field == "to"]
        self._pictures = [has for has in query.has if has.mark == "picture"]
        self._names = _Names(account)
        self._scope = self._narrow(zone)
        self._words = [(_test_of(words.text), words.negated) for words in query.words]
        for word in query.words:
            self._names.look_for(word.text, _test_of(word.text))

    def total(self) -> int:
        """Count the letters to be looked at."""
        return self._scope.count() if self.asks else 0

    def part(self, before: int | None, most: int, seconds: float) -> Part:
        """Look at letters, the newest first, until enough are found or time is up.

        Args:
            before: the cursor of the part before; None for the first.
            most: how many may be found.
            seconds: how long to look.
        """
        part = Part()
        if not self.asks:
            return part
        until = perf_counter() + seconds
        for row in self._rows(before):
            part.seen += 1
            self._look_at(row, part)
            # A node that is busy gets on, too.
            late = part.seen >= _FIRST_ROWS and perf_counter() > until
            if late or len(part.found) >= most:
                part.next = row[0]
                break
        return part

    # --- What the database can tell ------------------------------------------------------

    def _narrow(self, zone: tzinfo) -> QuerySet[Letter]:
        letters = Letter.objects.filter(account=self.account)
        in_bin = False
        for place in self.query.places:
            slug = self._folder(place)
            if slug is not None:
                self.asks = True
                in_bin = in_bin or (slug == "bin" and not place.negated)
                condition = _of_conversation(IN_FOLDER[slug])
                letters = letters.filter(~condition if place.negated else condition)
        if not in_bin:
            letters = letters.filter(conversation__binned=False)
        for has in self.query.has:
            if not has.negated:
                letters = letters.filter(_MARKED[has.mark])
            elif has.mark != "picture":
                letters = letters.filter(~_MARKED[has.mark])
        for day in self.query.when:
            letters = letters.filter(_written(day, zone))
        return letters

    def _folder(self, place: Place) -> str | None:
        """Find the folder that is meant, by the beginning of its word or of its name."""
        wanted = fold(place.folder)
        values = {"value": place.folder}
        for folder in FOLDERS:
            if folder.slug.startswith(wanted) or fold(str(folder.name)).startswith(wanted):
                if folder.slug in IN_FOLDER:
                    return folder.slug
                words = gettext("What stands in %(folder)s is not searched.")
                self.problems.append(words % {"folder": folder.name})
                return None
        words = gettext("There is no folder “%(value)s”; “in:%(value)s” was left out.")
        self.problems.append(words % values)
        return None

    def _rows(self, before: int | None) -> Iterator[_Row]:
        """Read letters, the newest first; the names of their authors are known by then."""
        many = _FIRST_ROWS
        while True:
            letters = self._scope if before is None else self._scope.filter(pk__lt=before)
            rows = list(_values(letters.order_by("-pk")[:many]))
            self._names.load({row[1] for row in rows})
            yield from rows
            if len(rows) < many:
                return
            before, many = rows[-1][0], _ROWS

    # --- What only the opened letter can tell ----------------------------------------------

    def _look_at(self, row: _Row, part: Part) -> None:
        key, author, removed, apart, sealed_head, sealed = row
        if self._from and not self._wrote(author):
            return
        if removed is not None:
            part.removed += 1
            return
        try:
            head = open_head(sealed_head)
            if (self._to or self._pictures) and not self._suits(head):
                return
            text = open_text(_large(key) if sealed is None else sealed)
            body = self._holds(author, head, text, whole=apart is None)
        except (UserError, ValueError, KeyError, TypeError):
            # Sealed with another secret, or changed: one letter must not end the search.
            part.unreadable += 1
            return
        if body is not None:
            part.found.append(Found(key, head, body))

    def _wrote(self, author: str) -> bool:
        return all(self._names.means(who.name, author) != who.negated for who in self._from)

    def _suits(self, head: Head) -> bool:
        """Tell whether a letter has the recipients and the pictures that are asked for."""
        self._names.load(head.to)
        for who in self._to:
            if any(self._names.means(who.name, user) for user in head.to) == who.negated:
                return False
        shown = any(file.image for file in head.files)
        return all(shown != has.negated for has in self._pictures)

    def _holds(self, author: str, head: Head, text: str, *, whole: bool) -> str | None:
        """Return the body of a letter that holds all the words asked for, else None.

        `whole` says that `text` is the message as it was written, with its header.
        """
        body = _body(head, text) if whole else text
        if not self._words:
            return body
        self._names.load(head.to)
        about = fold("\0".join([head.title, *(file.name for file in head.files)]))
        named = self._names.found_in([author, *head.to])
        folded = None
        for index, (test, negated) in enumerate(self._words):
            found = index in named or test(about)
            if not found:
                folded = fold(body) if folded is None else folded
                found = test(folded)
            if bool(found) == negated:
                return None
        return body


class _Names:
    """What the people in letters are called: by the account, and by themselves; folded."""

    def __init__(self, account: Account) -> None:
        self._own = str(account.fingerprint)
        self._me = {"me", fold(gettext("me"))}
        contacts = Contact.objects.filter(account=account).values_list("user", "name")
        self._called = dict(contacts)
        self._names: dict[str, str] = {}
        self._tests: list[_Test] = []
        self._found: dict[str, frozenset[int]] = {}
        self._names[self._own] = fold(f"{account.get_full_name()}\0{account.username}")
        self.load(self._called)

    def look_for(self, text: str, test: _Test) -> None:
        """Look for words among the names, too. The account's own stand in nearly all letters."""
        self._tests.append(test)
        self._found.clear()

    def load(self, users: Collection[str]) -> None:
        """Learn the names of some more people, at once."""
        missing = [user for user in users if user not in self._names]
        if missing:
            published = profile_names(missing)
            for user in missing:
                both = (self._called.get(user, ""), published.get(user, ""))
                self._names[user] = fold("\0".join(both))

    def means(self, name: str, user: str) -> bool:
        """Tell whether somebody is meant by a name, or a part of it; "me" is the account."""
        return user == self._own if name in self._me else name in self._names[user]

    def found_in(self, users: Iterable[str]) -> set[int]:
        """Say which of the words looked for are found in the names of people."""
        found: set[int] = set()
        for user in users:
            hits = self._found.get(user)
            if hits is None:
                hits = self._found[user] = self._matches(user)
            found |= hits
        return found

    def _matches(self, user: str) -> frozenset[int]:
        if user == self._own:
            return frozenset()
        name = self._names[user]
        return frozenset(index for index, test in enumerate(self._tests) if test(name))


def _test_of(text: str) -> _Test:
    """Make what finds words in folded text; a space stands for any space between words."""
    if " " not in text:
        return partial(_stands_in, text)
    return re.compile(r"\s+".join(map(re.escape, text.split(" ")))).search


def _stands_in(text: str, folded: str) -> bool:
    return text in folded


def _values(letters: QuerySet[Letter]) -> Iterable[_Row]:
    text = Coalesce("search_text__sealed", "sealed_body")
    small = Case(When(LessThanOrEqual(Length(text), _SMALL), then=text))
    columns = ("pk", "author", "removed", "search_text", "sealed_head", "small")
    rows: Any = letters.annotate(small=small).values_list(*columns)
    found: Iterable[_Row] = rows
    return found


def _large(key: int) -> bytes:
    text = Coalesce("search_text__sealed", "sealed_body")
    return bytes(Letter.objects.annotate(text=text).values_list("text", flat=True).get(pk=key))


def _body(head: Head, text: str) -> str:
    """Take the body from a message as it was written, whose head is known."""
    if (head.to or head.title) and not head.files:
        # It has a header, which ends here; to read it again would take most of a search's time.
        return text.partition("\n\n")[2]
    return without_data(read_letter(text).body)


def _of_conversation(condition: Q) -> Q:
    """Say of a letter's conversation what a condition says of a conversation."""
    pairs: Any = condition.children
    return Q(**{f"conversation__{name}": value for name, value in pairs})


def _written(day: Day, zone: tzinfo) -> Q:
    """Say that a letter was written before a day, or on it or later.

    Its date is what its author says, but none was written after it came.
    """
    begins = datetime.combine(day.day, time(), zone)
    later = Q(date__gte=begins, filed__gte=begins)
    return later if (day.field == "after") != day.negated else ~later
