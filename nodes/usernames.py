"""The name by which an account signs in, made from the name that its person gave."""

from __future__ import annotations

import itertools
import re
import unicodedata
from typing import Final

from nodes.models import Account

ECHO: Final = "echo"
"""Kept for the account that answers by itself."""

_NOBODY: Final = "person"
_LONGEST: Final = 32
_LATIN: Final = re.compile(r"LATIN (?:SMALL|CAPITAL) LETTER ([A-Z]{1,2})(?: WITH .*)?")
_SPELLED: Final = {"ß": "ss", "þ": "th", "ð": "d", "ı": "i"}


def derive_username(name: str) -> str:
    """Make a name to sign in with that nobody here has: "divya" for Divya Raman.

    The first word is taken where it is free, else the whole name, else a number is added. Letters
    that are not Latin, and have no Latin form, leave "person".

    Args:
        name: as others see it.
    """
    words = _plain(name).split()
    first, whole = (words[0], ".".join(words)) if words else (_NOBODY, _NOBODY)
    first, whole = first[:_LONGEST], whole[:_LONGEST].rstrip(".")
    numbered = (f"{first}-{number}" for number in itertools.count(2))
    return next(made for made in itertools.chain([first, whole], numbered) if not is_taken(made))


def is_taken(username: str) -> bool:
    """Tell whether somebody here signs in with this name; small and capital letters are one."""
    reserved = username.lower() == ECHO
    return reserved or Account.objects.filter(username__iexact=username).exists()


def _plain(name: str) -> str:
    """Write a name in small Latin letters and digits, other signs as spaces."""
    letters = (_letter(each) for each in unicodedata.normalize("NFKD", name.casefold()))
    return "".join(letters)


def _letter(letter: str) -> str:
    if letter.isascii():
        return letter if letter.isalnum() else "" if letter == "'" else " "
    if letter in _SPELLED:
        return _SPELLED[letter]
    if unicodedata.combining(letter) or letter in "’ʼ":
        return ""
    latin = _LATIN.fullmatch(unicodedata.name(letter, ""))
    return latin[1].lower() if latin else " "
