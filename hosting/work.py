"""Which function does which kind of run."""

from __future__ import annotations

from typing import Final

from hosting.runs import Work

WORK: Final[dict[str, Work]] = {}
