"""The language of search: words, "phrases", `from:ana`, `after:2026-11-20`, `-not this`.

A pure module: text in, values out. Whatever somebody types is a query; what in it makes no sense
is told in a sentence and never refused. What a query asks is compared *folded*: without case,
accents and other marks, so that "Muller" finds "Müller".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from django.utils.translation import gettext

LONGEST: Final = 500
"""Characters of a query that are read."""
_MOST_WORDS: Final = 20
_YEARS: Final = range(1900, 3000)

Field = Literal["from", "to", "in", "has", "before", "after"]
Mark = Literal["attachment", "picture", "star", "unread", "read", "sent", "notice"]

_MARKS: Final[dict[str, Mark]] = {
    "attachment": "attachment",
    "attachments": "attachment",
    "file": "attachment",
    "files": "attachment",
    "picture": "picture",
    "pictures": "picture",
    "image": "picture",
    "photo": "picture",
    "star": "star",
    "starred": "star",
    "unread": "unread",
    "new": "unread",
    "read": "read",
    "sent": "sent",
    "notice": "notice",
}
_OPERATORS: Final[dict[str, Field]] = {
    "from": "from",
    "to": "to",
    "in": "in",
    "has": "has",
    "is": "has",
    "before": "before",
    "after": "after",
}

_OPENING: Final = '"“”„»«'
_CLOSING: Final = '"“”„»«'
_PART: Final = re.compile(
    rf"(?P<minus>-?)(?:(?P<operator>\w+):(?!//))?"
    rf"(?:[{_OPENING}](?P<phrase>[^{_CLOSING}]*)(?:[{_CLOSING}]|$)|(?P<word>[^\s{_OPENING}]*))"
)
_ISO: Final = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")
_DOTTED: Final = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")

# Accents and the like, also the points of Hebrew and Arabic, which few people type.
_COMBINING: Final = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    "\u0610-\u061a\u064b-\u065f\u0670\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
)


@dataclass(frozen=True, slots=True)
class Words:
    """Text to be found as it stands, in the message or among the people; folded."""

    text: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Who:
    """A person who has written the message (`from`) or gets it (`to`), by a part of a name."""

    field: Literal["from", "to"]
    name: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """The folder in which the message's conversation stands, as it was typed."""

    folder: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Has:
    """What a message has or is."""

    mark: Mark
    negated: bool = False


@dataclass(frozen=True, slots=True)
class When:
    """Written before a day begins, or on that day or after it."""

    field: Literal["before", "after"]
    day: date
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a query that makes no sense, and what was done with it."""

    kind: Literal["operator", "date", "value", "long"]
    operator: str
    value: str = ""

    def __str__(self) -> str:
        """Say it in a sentence."""
        values = {"operator": self.operator, "value": self.value}
        match self.kind:
            case "operator":
                words = gettext(
                    "Search knows no “%(operator)s:”; the words are looked for as they stand."
                )
            case "date":
                words = gettext(
                    "“%(value)s” is not a day and was left out; write 2026-11-20 or 20.11.2026."
                )
            case "value":
                words = gettext(
                    "“%(operator)s:%(value)s” was left out; after “%(operator)s:” stands "
                    "attachment, picture, star or unread."
                )
            case _:
                words = gettext("The search is too long; only its beginning was read.")
        return words % values


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked. All of it must hold for a message to be found."""

    words: tuple[Words, ...] = ()
    who: tuple[Who, ...] = ()
    places: tuple[Place, ...] = ()
    has: tuple[Has, ...] = ()
    when: tuple[When, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def needles(self) -> tuple[str, ...]:
        """The texts that are to be shown where they stand."""
        return tuple(words.text for words in self.words if not words.negated)


def fold(text: str) -> str:
    """Return text for comparing: without case, accents and compatibility forms."""
    if text.isascii():
        return text.lower()
    try:
        western = text.encode("cp1252")
    except UnicodeEncodeError:
        return _fold(text)
    # Most text takes this way, which is several times as quick and gives the same.
    if _ELSEWHERE.search(western):
        return _fold(text)
    western = western.translate(_PLAIN)
    for byte, plain in _LONGER:
        if byte in western:
            western = western.replace(byte, plain)
    return western.decode("cp1252")


def _fold(text: str) -> str:
    return _COMBINING.sub("", unicodedata.normalize("NFKD", text)).casefold()


# In Windows-1252: what becomes something that it does not have, what becomes several letters,
# and what every other byte becomes.
_ELSEWHERE: Final = re.compile("[µ¼½¾]".encode("cp1252"))
_LONGER: Final = tuple((c.encode("cp1252"), _fold(c).encode("cp1252")) for c in "ß…™")


def _plain(byte: bytes) -> int:
    try:
        plain = _fold(byte.decode("cp1252")).encode("cp1252")
    except UnicodeError:
        return byte[0]
    return plain[0] if len(plain) == 1 else byte[0]


_PLAIN: Final = bytes(_plain(bytes([number])) for number in range(256))


def read_query(text: str) -> Query:
    """Read what somebody typed. Never fails."""
    problems: list[Problem] = []
    if len(text) > LONGEST:
        problems.append(Problem("long", ""))
    parts = [part for part in _read(text[:LONGEST], problems) if part is not None]
    if len(parts) > _MOST_WORDS:
        problems.append(Problem("long", ""))
    parts = parts[:_MOST_WORDS]
    return Query(
        words=tuple(part for part in parts if isinstance(part, Words)),
        who=tuple(part for part in parts if isinstance(part, Who)),
        places=tuple(part for part in parts if isinstance(part, Place)),
        has=tuple(part for part in parts if isinstance(part, Has)),
        when=tuple(part for part in parts if isinstance(part, When)),
        problems=tuple(dict.fromkeys(problems)),
    )


def read_day(text: str) -> date | None:
    """Read 2026-11-20, 20.11.2026, or a month or year, which stand for their first day."""
    found = _ISO.fullmatch(text)
    if found is not None:
        year, month, day = found[1], found[2] or 1, found[3] or 1
    else:
        found = _DOTTED.fullmatch(text)
        if found is None:
            return None
        year, month, day = found[3], found[2], found[1]
    try:
        return date(int(year), int(month), int(day)) if int(year) in _YEARS else None
    except ValueError:
        return None


_Part = Words | Who | Place | Has | When


def _read(text: str, problems: list[Problem]) -> Iterator[_Part | None]:
    for found in _PART.finditer(text):
        value = " ".join((found["phrase"] or found["word"] or "").split())
        negated, operator = bool(found["minus"]), found["operator"]
        if operator is None:
            yield _words(value, negated)
        elif operator.casefold() not in _OPERATORS:
            if value and operator.isalpha():
                problems.append(Problem("operator", operator, value))
            yield _words(f"{operator}:{value}", negated)
        elif value:
            yield _condition(operator.casefold(), value, negated, problems)


def _words(text: str, negated: bool) -> Words | None:
    folded = fold(text)
    if negated and not any(char.isalnum() for char in folded):
        return None  # a dash between words excludes nothing
    return Words(folded, negated) if folded else None


def _condition(operator: str, value: str, negated: bool, problems: list[Problem]) -> _Part | None:
    field = _OPERATORS[operator]
    if field == "from" or field == "to":
        name = fold(value)
        return Who(field, name, negated) if name else None
    if field == "in":
        return Place(value, negated)
    if field == "has":
        mark = _MARKS.get(fold(value))
        if mark is not None:
            return Has(mark, negated)
        problems.append(Problem("value", operator, value))
        return None
    day = read_day(value)
    if day is not None:
        return When(field, day, negated)
    problems.append(Problem("date", operator, value))
    return None


# --- Where it stands -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a text; `found` when it is what was looked for."""

    text: str
    found: bool = False


def pattern_of(needles: Sequence[str]) -> re.Pattern[str] | None:
    """Return what finds any of the (folded) needles, the longest first; None without any."""
    ordered = sorted({needle for needle in needles if needle}, key=lambda n: (-len(n), n))
    if not ordered:
        return None
    return re.compile("|".join(r"\s+".join(map(re.escape, n.split())) or " " for n in ordered))


def find_in(text: str, pattern: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """Find a pattern of folded text; gives where it stands in `text` itself."""
    if text.isascii():
        for found in pattern.finditer(text.lower()):
            yield found.span()
        return
    folded: list[str] = []
    origin: list[int] = []
    for place, char in enumerate(text):
        plain = fold(char)
        folded.append(plain)
        origin.extend([place] * len(plain))
    for found in pattern.finditer("".join(folded)):
        if found.end() > found.start():
            end = origin[found.end() - 1] + 1
            while end < len(text) and not fold(text[end]):
                end += 1  # a mark that belongs to the last letter
            yield origin[found.start()], end


def mark_in(text: str, pattern: re.Pattern[str] | None) -> list[Piece]:
    """Cut a text into pieces that are what was looked for and pieces that are not."""
    if pattern is None:
        return [Piece(text)]
    pieces: list[Piece] = []
    last = 0
    for start, end in find_in(text, pattern):
        if start < last or end <= start:
            continue
        if start > last:
            pieces.append(Piece(text[last:start]))
        pieces.append(Piece(text[start:end], found=True))
        last = end
    if last < len(text):
        pieces.append(Piece(text[last:]))
    return pieces
