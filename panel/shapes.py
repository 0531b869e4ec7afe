"""The shapes of the picture of users, nodes and trusts, and how much room words take."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import Final, Literal

How = Literal["both", "one", "over", "works"]
Colour = Literal["", "warn", "bad"]

RADIUS: Final = 20
HALF: Final = 16  # of a node's square
SIZE: Final = 13
SMALL: Final = 12


@dataclass(frozen=True, slots=True)
class Dot:
    """A user or a node; `label` stands below it, `title` says all, `address` leads to its page."""

    key: str
    label: str
    title: str
    address: str = ""
    initials: str = ""
    node: bool = False
    here: bool = False
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Household:
    """Users elsewhere and their nodes; `words` stand at its foot, at most two lines."""

    users: tuple[Dot, ...] = ()
    nodes: tuple[Dot, ...] = ()
    works: tuple[tuple[str, str, How], ...] = ()  # which node works for which user
    words: tuple[tuple[str, Colour], ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """A trust between an account of this node and a user or a node elsewhere, or another account.

    `towards` is the key of who has not answered.
    """

    account: str
    other: str
    how: How
    title: str
    address: str = ""
    towards: str = ""


@dataclass(frozen=True, slots=True)
class Placed:
    """A user or node where it stands; its label is centred below it."""

    dot: Dot
    x: float
    y: float

    @property
    def half(self) -> int:
        """Half of its width."""
        return (HALF + 2 if self.dot.here else HALF) if self.dot.node else RADIUS

    @property
    def left(self) -> float:
        """Where its square begins."""
        return self.x - self.half

    @property
    def top(self) -> float:
        """Where its square begins."""
        return self.y - self.half

    @property
    def side(self) -> int:
        """How wide its square is."""
        return 2 * self.half


@dataclass(frozen=True, slots=True)
class Text:
    """Words in the picture, centred at `x`, on the line `y`."""

    x: float
    y: float
    words: str
    css: str = ""
    size: int = SIZE

    @property
    def box(self) -> tuple[float, float, float, float]:
        """The room that they take at most: left, top, right, bottom."""
        half = width_of(self.words, self.size) / 2
        return (self.x - half, self.y - self.size, self.x + half, self.y + self.size * 0.3)


@dataclass(frozen=True, slots=True)
class Frame:
    """The frame around a household."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Line:
    """A line between two things; `tip` when an arrow stands at its end, `cross` where one is."""

    path: str
    how: How
    title: str = ""
    address: str = ""
    tip: bool = False
    cross: str = ""


@dataclass(slots=True)
class Drawing:
    """All shapes, in the order in which they are drawn."""

    width: float = 0
    height: float = 0
    lines: list[Line] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    inner: list[Line] = field(default_factory=list)
    dots: list[Placed] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)


def width_of(words: str, size: int = SIZE) -> float:
    """Say how wide words are at most, in a font of that size; wide letters count as wide."""
    return sum(_width(letter) for letter in words) * size


def _width(letter: str) -> float:
    if unicodedata.east_asian_width(letter) in "WF":
        return 1.05
    if letter in "MWmw@%—…" or ord(letter) > 0x2FFF:
        return 0.95
    if letter.isupper() or letter.isdigit():
        return 0.72
    return 0.36 if letter in " .,:;'’|ijlt!" else 0.62


def fit(words: str, room: float, size: int = SIZE) -> str:
    """Cut words so that they fit, ending in "…" then."""
    if width_of(words, size) <= room:
        return words
    kept = words
    while kept and width_of(kept.rstrip() + "…", size) > room:
        kept = kept[:-1]
    return kept.rstrip() + "…"
