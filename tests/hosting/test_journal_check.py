"""The check of the journal as long work."""

from __future__ import annotations

from hosting import runs
from hosting.models import Run
from hosting.work import WORK
from journal.models import Line
from tests.support.world import ANOTHER, World, own_memory_fixture, world_fixture

__all__ = ["own_memory_fixture", "world_fixture"]


def _check() -> Run:
    run = runs.ask(Run.Kind.JOURNAL)
    runs.do_asked("here", WORK)
    run.refresh_from_db()
    return run


def test_a_good_journal_is_said_to_be_good(world: World) -> None:
    run = _check()
    assert (run.outcome, run.findings) == (Run.Outcome.GOOD, [])
    assert run.done == run.total == len(world.journal())
    assert f"All {len(world.journal())} lines" in run.words


def test_a_fault_is_named(world: World) -> None:
    Line.objects.filter(position=4).update(identifier=ANOTHER)
    run = _check()
    assert run.outcome == Run.Outcome.BAD
    assert {"words": "Line 4 does not follow the one before."} in run.findings
    assert "2 faults" in run.words
