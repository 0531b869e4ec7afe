"""Small charts of what goes to and fro, a bar for each hour or day, as SVG drawn on the server.

How much each of several takes is in `panel.charts`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

HEIGHT = 24
_BAR = 3
_STEP = 4
_LEAST = 1.5  # so that something little is still seen


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: how much there was, and whether something went wrong meanwhile."""

    amount: int
    wrong: bool = False


def bar_chart(bars: Sequence[Bar], words: str, css: str = "") -> SafeString:
    """Draw bars beside each other, the highest as high as the picture.

    Args:
        bars: from left to right.
        words: what the picture shows, for those who do not see it.
        css: further classes of the picture.
    """
    most = max((bar.amount for bar in bars), default=0)
    width = max(_STEP * len(bars) - (_STEP - _BAR), 1)
    return format_html(
        '<svg class="{}" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<path class="bars__ground" d="M0 {}H{}"/>{}</svg>',
        f"bars {css}".strip(),
        width,
        HEIGHT + 2,
        words,
        HEIGHT + 1,
        width,
        format_html_join(
            "",
            '<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>',
            (
                (
                    "bars__bar bars__bar--wrong" if bar.wrong else "bars__bar",
                    place * _STEP,
                    _plain(HEIGHT - _height(bar, most)),
                    _BAR,
                    _plain(_height(bar, most)),
                )
                for place, bar in enumerate(bars)
                if bar.amount or bar.wrong
            ),
        ),
    )


def _height(bar: Bar, most: int) -> float:
    return max(_LEAST, HEIGHT * bar.amount / most) if most else _LEAST


def _plain(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
