"""How long to wait after a failure: from 5 s, doubling with jitter, to 15 min."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Final

FIRST_SECONDS: Final = 5.0
LONGEST_SECONDS: Final = 900.0


def delay(failures: int) -> timedelta:
    """Say how long to wait after this many failures in a row (1 or more)."""
    full = min(LONGEST_SECONDS, FIRST_SECONDS * 2.0 ** min(failures - 1, 20))
    return timedelta(seconds=full * random.uniform(0.75, 1.0))  # noqa: S311
