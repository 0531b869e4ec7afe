"""What takes how much, as lying bars with names: numbers in, places of shapes out.

The template writes the SVG. What goes to and fro in the course of time is in `panel.bars`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 400  # narrow, so that words stay readable where a phone makes it smaller
_NUMBERS: Final = 80  # for the numbers on the right
_STEP: Final = 38
_MOST: Final = 12
_LETTERS: Final = 44


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar with its name above and its number on the right of it."""

    name: str
    value: int
    name_y: int
    y: int
    width: int
    number_x: int
    number_y: int


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars below each other; `height` is that of the picture."""

    bars: list[Bar]
    height: int
    width: int = WIDTH


def bars(values: Sequence[tuple[str, int]]) -> Chart:
    """Draw the greatest of these values, in the order given, in proportion to the greatest."""
    shown = values[:_MOST]
    greatest = max((value for _name, value in shown), default=0) or 1
    drawn = []
    for number, (name, value) in enumerate(shown):
        width = max(1, round((WIDTH - _NUMBERS) * value / greatest)) if value else 0
        short = name if len(name) <= _LETTERS else name[: _LETTERS - 1] + "…"
        top = number * _STEP
        drawn.append(Bar(short, value, top + 13, top + 18, width, width + 8, top + 29))
    return Chart(drawn, max(1, len(shown)) * _STEP)
