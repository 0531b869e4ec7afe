"""The limits against abuse, as the owner's panel shows them: what they are, and how often hit."""

from __future__ import annotations

from dataclasses import dataclass

from nodes.bounds import BOUNDS
from nodes.counts import totals


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit: `words` say what is limited, `setting` by which name it is set, `hits` how often
    it was reached since the node was made."""

    name: str
    words: str
    value: int
    setting: str
    hits: int


def limits() -> list[Limit]:
    """List every limit with its value and how often it was reached."""
    counted = totals()
    return [
        Limit(
            name=bound.name,
            words=str(bound.words),
            value=bound.value,
            setting=bound.setting,
            hits=counted.get(("limits", bound.name), 0),
        )
        for bound in BOUNDS
    ]
