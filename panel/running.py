"""How pages show a piece of long work: how far it is, or what came of it last."""

from __future__ import annotations

from dataclasses import dataclass

from hosting import runs
from hosting.models import Run


@dataclass(frozen=True, slots=True)
class Running:
    """The open run of a kind, and the one that ended last."""

    kind: str
    current: Run | None
    latest: Run | None


def running(kind: Run.Kind) -> Running:
    """Say how it stands with a kind of work."""
    return Running(kind.value, runs.current(kind), runs.latest(kind))
