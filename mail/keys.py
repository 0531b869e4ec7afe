"""Keys of rows, as they come in addresses and forms: text that anybody can have written."""

from __future__ import annotations

from typing import Final

_DIGITS: Final = 18  # of the largest key that every database takes


def is_key(text: str) -> bool:
    """Tell whether a text is the number of a row that there may be."""
    return text.isdecimal() and text.isascii() and len(text) <= _DIGITS


def read_key(text: str) -> int | None:
    """Read the number of a row; `None` when the text is none."""
    return int(text) if is_key(text) else None
