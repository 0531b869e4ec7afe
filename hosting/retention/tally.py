"""What a rule lets go and what it keeps: how much, of whom, from when, and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

_AUTHORS: Final = 10


@dataclass(slots=True)
class Tally:
    """A count of what goes by one rule, and of what is kept by reasons (`rules.REASONS`)."""

    kind: str
    days: int
    count: int = 0
    bytes: int = 0
    oldest: datetime | None = None
    newest: datetime | None = None
    authors: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)

    def goes(self, size: int, moment: datetime | None, author: str = "", number: int = 1) -> None:
        """Count something that goes; `author` is a user's fingerprint."""
        self.count += number
        self.bytes += size
        if author:
            self.authors[author] += number
        if moment is not None:
            self.oldest = min(self.oldest or moment, moment)
            self.newest = max(self.newest or moment, moment)

    def as_finding(self) -> dict[str, Any]:
        """Give it as JSON."""
        return {
            "kind": self.kind,
            "days": self.days,
            "count": self.count,
            "bytes": self.bytes,
            "oldest": self.oldest.isoformat() if self.oldest else None,
            "newest": self.newest.isoformat() if self.newest else None,
            "authors": self.authors.most_common(_AUTHORS),
            "more_authors": max(0, len(self.authors) - _AUTHORS),
            "kept": sorted((why, number) for why, number in self.kept.items() if number),
        }
