"""Recovery phrases: the passphrase of a recovery kit (protocol §12), as words to write down."""

from __future__ import annotations

import secrets
from functools import lru_cache
from typing import Final

from mnemonic import Mnemonic

WORDS: Final = 12  # of 2,048 each: 132 bits


@lru_cache(maxsize=1)
def word_list() -> list[str]:
    """Give the 2,048 words of BIP 39, told apart by their first four letters."""
    return list(Mnemonic("english").wordlist)


def make_phrase() -> str:
    """Draw a new phrase of 12 words, separated by single spaces."""
    return " ".join(secrets.choice(word_list()) for _ in range(WORDS))


def tidy_phrase(text: str) -> str:
    """Bring a phrase that a person typed into the form in which it was made."""
    return " ".join(text.lower().split())
