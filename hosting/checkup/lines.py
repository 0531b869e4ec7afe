"""A line of the doctor's: how something is, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

from django.utils.translation import gettext, gettext_noop

from mail.selfcheck import Finding

State = Literal["ok", "unknown", "warn", "bad"]
TO_DO: Final = ("warn", "bad")
_WORDS: Final = {
    "ok": gettext_noop("pass"),
    "unknown": gettext_noop("not known"),
    "warn": gettext_noop("to look at"),
    "bad": gettext_noop("to mend"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """What a check found: one sentence how it is, one what to do when there is something."""

    slug: str
    state: State
    title: str
    sentence: str
    todo: str = ""

    @property
    def words(self) -> str:
        """The state in words."""
        return gettext(_WORDS[self.state])

    def to_json(self) -> dict[str, Any]:
        """Give it as it is stored and printed."""
        return {
            "slug": self.slug,
            "state": self.state,
            "title": self.title,
            "sentence": self.sentence,
            "todo": self.todo,
        }


def read_line(stored: dict[str, Any]) -> Line:
    """Read a line as `to_json` gave it."""
    return Line(**stored)


def from_finding(finding: Finding) -> Line:
    """Take over what the node found when it looked at itself (`mail.selfcheck`)."""
    return Line(finding.slug, finding.state, finding.title, finding.sentence, finding.todo)


def in_need(lines: Iterable[Line]) -> list[Line]:
    """List the lines that say what to do, the worst first."""
    return sorted((x for x in lines if x.state in TO_DO), key=lambda line: line.state != "bad")
