"""RSA keys that are made and loaded once: either takes longer than most tests."""

from collections import Counter, defaultdict
from functools import cache
from typing import Final

from sdmp.keys import PrivateKey, generate, load_private

_made: Final[defaultdict[int, list[PrivateKey]]] = defaultdict(list)


class Pool:
    """Gives one test keys of which no two are the same; another test gets them again."""

    def __init__(self) -> None:
        self._given: Counter[int] = Counter()

    def generate(self, bits: int) -> PrivateKey:
        """Give a key that this test has not had, as `sdmp.keys.generate` would."""
        made = _made[bits]
        if self._given[bits] == len(made):
            made.append(generate(bits))
        self._given[bits] += 1
        return made[self._given[bits] - 1]


@cache
def load_once(pem: str) -> PrivateKey:
    """Load a key as `sdmp.keys.load_private` does."""
    return load_private(pem)
