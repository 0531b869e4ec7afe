"""What two people compare to know that nobody stands between them (protocol §3)."""

from __future__ import annotations

import hashlib
from typing import Final

GROUPS: Final = 12
DIGITS: Final = 5


def compare_digits(one: str, other: str) -> list[str]:
    """Return 12 groups of 5 digits for two users' fingerprints, the same in both orders.

    Nearly 200 bits: to make another pair with the same digits is out of reach.
    """
    digest = hashlib.sha512("\n".join(sorted((one, other))).encode()).digest()
    number = int.from_bytes(digest, "big") % 10 ** (GROUPS * DIGITS)
    digits = f"{number:0{GROUPS * DIGITS}d}"
    return [digits[start : start + DIGITS] for start in range(0, len(digits), DIGITS)]
