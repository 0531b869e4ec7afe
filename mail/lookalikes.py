"""Names that look the same and are not: pure functions over text.

Two names are compared by a skeleton, as Unicode's technical standard 39 does it: what the eye
takes for the same letter becomes the same. The table holds what matters where names in Latin,
Cyrillic and Greek letters meet; it serves a warning, and nothing is decided by it.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final

from mail.presentation import clean_name

# Capitals, before case is folded: some look like another letter than the small one does.
_CAPITALS: Final = str.maketrans(
    "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ" + "АВЕЅІЈКМНОРСТУХӀԌԚԜ",
    "ABEZHIKMNOPTYX" + "ABESIJKMHOPCTYXIGQW",
)
_SMALL: Final = str.maketrans(
    {
        **dict(zip("αβγεηικνορστυχω", "abyenikvopotuxw", strict=True)),
        **dict(zip("авеһзіјкмнорсԁѕтухцьѵԛԝгӏ", "abeh3ijkmhopcdstyxubvqwri", strict=True)),
        "ё": "e",
        "ї": "i",
        "ı": "i",
        "ł": "l",
        "ø": "o",
        "đ": "d",
        "ħ": "h",
    }
)
# What is told apart only by looking twice.
_SIMILAR: Final = (("rn", "m"), ("vv", "w"), ("cl", "d"))
_STROKES: Final = str.maketrans({"l": "i", "1": "i", "|": "i", "!": "i", "0": "o"})


@lru_cache(maxsize=4096)
def fold(name: str) -> str:
    """Return a name as it is compared: cleaned, in compatible form, without case."""
    return unicodedata.normalize("NFKC", clean_name(name)).casefold()


@lru_cache(maxsize=4096)
def skeleton(name: str) -> str:
    """Return what the eye sees of a name; two names with the same skeleton look alike."""
    cleaned = unicodedata.normalize("NFKC", clean_name(name)).translate(_CAPITALS)
    apart = unicodedata.normalize("NFD", cleaned.casefold().translate(_SMALL))
    bare = "".join(sign for sign in apart if unicodedata.category(sign) != "Mn").translate(_SMALL)
    for pair, one in _SIMILAR:
        bare = bare.replace(pair, one)
    return bare.translate(_STROKES)


def look_alike(one: str, other: str) -> bool:
    """Tell whether two names, the same or not, can be taken for each other."""
    return fold(one) == fold(other) or skeleton(one) == skeleton(other)


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """Return a text without case and without the marks on its letters, to sort and to find by."""
    apart = unicodedata.normalize("NFKD", clean_name(text)).casefold()
    return "".join(sign for sign in apart if unicodedata.category(sign) != "Mn")


def matches(name: str, query: str) -> bool:
    """Tell whether each word of a query begins a word of the name."""
    words = plain(name).replace("-", " ").split()
    return all(any(word.startswith(part) for word in words) for part in plain(query).split())
