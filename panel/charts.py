"""Charts drawn on the server: numbers in, places of shapes out. The template writes the SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 640
_NAMES: Final = 190  # for the names on the left
_NUMBERS: Final = 90  # for the numbers on the right
_LINE: Final = 26
_MOST: Final = 12
_LETTERS: Final = 24


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar with its name on the left and its number on the right of it."""

    name: str
    value: int
    y: int
    text_y: int
    width: int
    number_x: int


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars below each other; `height` is that of the picture, `left` where bars begin."""

    bars: list[Bar]
    height: int
    width: int = WIDTH
    left: int = _NAMES


def bars(values: Sequence[tuple[str, int]]) -> Chart:
    """Draw the greatest of these values, in the order given, in proportion to the greatest."""
    shown = values[:_MOST]
    greatest = max((value for _name, value in shown), default=0) or 1
    room = WIDTH - _NAMES - _NUMBERS
    drawn = []
    for number, (name, value) in enumerate(shown):
        width = max(1, round(room * value / greatest)) if value else 0
        short = name if len(name) <= _LETTERS else name[: _LETTERS - 1] + "…"
        top = number * _LINE
        drawn.append(Bar(short, value, top + 5, top + 18, width, _NAMES + width + 8))
    return Chart(drawn, max(1, len(shown)) * _LINE)
