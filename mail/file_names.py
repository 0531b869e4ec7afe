"""Names of files that every system takes, made of what people wrote."""

from __future__ import annotations

import re
from typing import Final

from mail.presentation import clean_name, file_ending

_LONGEST: Final = 80  # characters, and twice as many bytes
_UNFIT: Final = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_RESERVED: Final = re.compile(r"(?i)(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)")


def safe_name(text: str, instead: str) -> str:
    """Return `text` as the name of a file or folder, with its ending; `instead` for nothing.

    Nothing leads out of the folder, hides the file, or means a device on some system.
    """
    name = _UNFIT.sub("_", clean_name(text)).strip(". ")
    if not name:
        return instead
    if _RESERVED.match(name):
        name = f"_{name}"
    ending = file_ending(name)
    stem = name.removesuffix(ending)[: _LONGEST - len(ending)]
    while len((stem + ending).encode()) > 2 * _LONGEST:
        stem = stem[:-1]
    return (stem.rstrip(". ") or instead) + ending


class Names:
    """Gives each name once; one that was given gets a number."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def __call__(self, name: str) -> str:
        """Return the name, or the first with a number that is free; letters' case is no matter."""
        ending = file_ending(name)
        stem = name.removesuffix(ending)
        chosen, number = name, 1
        while chosen.casefold() in self._given:
            number += 1
            chosen = f"{stem} ({number}){ending}"
        self._given.add(chosen.casefold())
        return chosen
