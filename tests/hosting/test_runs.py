"""Long work: who does it, what becomes of it when that one is killed, and what is left of it."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from hosting import beats, runs, schedule, tasks
from hosting.models import Run
from hosting.runs import LEASE, Progress
from nodes.errors import UserError

pytestmark = pytest.mark.django_db


def _good(run: Run, progress: Progress) -> None:
    progress(7, 9)
    progress.end(Run.Outcome.GOOD, "It went well.", [{"found": 1}])


def _finish(run: Run, owner: str = "a", work: runs.Work = _good) -> Run:
    runs.do_asked(owner, {run.kind: work})
    run.refresh_from_db()
    return run


# --- Asking -----------------------------------------------------------------------------------


def test_what_is_asked_for_twice_is_done_once() -> None:
    first = runs.ask(Run.Kind.STORAGE, "alice", options=[{"dry": True}])
    assert runs.ask(Run.Kind.STORAGE, "bob") == first
    assert (first.asked_by, first.findings) == ("alice", [{"dry": True}])
    assert runs.current(Run.Kind.STORAGE) == first
    other = runs.ask(Run.Kind.DOCTOR)
    assert other != first
    _finish(first)
    assert runs.current(Run.Kind.STORAGE) is None
    assert runs.latest(Run.Kind.STORAGE) == first
    assert runs.ask(Run.Kind.STORAGE) not in (first, other)


def test_a_run_that_ends_while_it_is_asked_for_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    open_run = runs.ask(Run.Kind.STORAGE)
    look = runs.current

    def ends_before(kind: str) -> Run | None:
        Run.objects.filter(pk=open_run.pk).update(finished=timezone.now())
        return look(kind)

    monkeypatch.setattr(runs, "current", ends_before)
    run = runs.ask(Run.Kind.STORAGE, "bob")
    assert run != open_run
    assert (run.asked_by, run.finished) == ("bob", None)


# --- Leases -----------------------------------------------------------------------------------


def test_who_is_at_it_is_left_alone_until_the_lease_ends() -> None:
    run = runs.ask(Run.Kind.STORAGE)
    now = timezone.now()
    assert runs.take(run, "a", now)
    assert not runs.take(run, "b", now + LEASE - timedelta(seconds=1))
    assert runs.take(run, "b", now + LEASE + timedelta(seconds=1))
    run.refresh_from_db()
    assert run.lease_owner == "b"


def test_work_of_a_killed_process_begins_anew() -> None:
    run = runs.ask(Run.Kind.STORAGE)
    now = timezone.now()
    for age, outcome in ((timedelta(), ""), (2 * LEASE, Run.Outcome.GOOD)):
        Run.objects.filter(pk=run.pk).update(
            lease_owner="killed", lease_until=now - age + LEASE, started=now, done=5
        )
        assert _finish(run).outcome == outcome
    assert (run.done, run.total, run.words, run.findings) == (7, 9, "It went well.", [{"found": 1}])
    assert (run.lease_owner, run.lease_until) == ("", None)
    assert run.started is not None
    assert run.started > now
    assert not runs.take(run, "b", timezone.now() + 2 * LEASE)  # it has ended


def test_who_has_lost_the_lease_writes_nothing() -> None:
    run = runs.ask(Run.Kind.STORAGE)

    def loses(run: Run, progress: Progress) -> None:
        Run.objects.filter(pk=run.pk).update(lease_owner="another")
        _good(run, progress)

    # It stands open for the other one, whose lease this one does not renew.
    until = timezone.now() + LEASE
    assert _finish(run, work=loses).finished is None
    assert (run.done, run.words, run.lease_owner) == (0, "", "another")
    assert run.lease_until is not None
    assert run.lease_until < until + timedelta(seconds=5)


def test_progress_is_written_now_and_then_and_renews_the_lease() -> None:
    run = runs.ask(Run.Kind.STORAGE)
    Run.objects.filter(pk=run.pk).update(lease_owner="a", lease_until=timezone.now())
    progress = Progress(run, "a")
    with CaptureQueriesContext(connection) as asked:
        for number in range(100):
            progress(number, 100)
    assert len(asked) == 1
    run = Run.objects.get()
    assert (run.done, run.total) == (0, 100)
    assert run.lease_until is not None
    assert run.lease_until > timezone.now() + LEASE / 2


# --- How it ends ------------------------------------------------------------------------------


def test_what_people_can_mend_is_said_in_its_own_words() -> None:
    def fails(run: Run, progress: Progress) -> None:
        raise UserError("Make room on the disk.")

    run = _finish(runs.ask(Run.Kind.STORAGE), work=fails)
    assert (run.outcome, run.words) == (Run.Outcome.FAILED, "Make room on the disk.")
    assert run.finished is not None


def test_what_is_our_fault_stands_in_the_log() -> None:
    def fails(run: Run, progress: Progress) -> None:
        raise ZeroDivisionError("secret")

    run = _finish(runs.ask(Run.Kind.STORAGE), work=fails)
    assert run.outcome == Run.Outcome.FAILED
    assert "log" in run.words
    assert "secret" not in run.words


# --- Where and when ---------------------------------------------------------------------------


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Who looked for work; nothing is done, and no life noted."""
    seen: list[str] = []
    monkeypatch.setattr(runs, "do_asked", lambda owner, work: seen.append(owner))
    monkeypatch.setattr(beats, "note", lambda name: None)
    return seen


def test_some_threads_are_left_for_other_jobs(
    monkeypatch: pytest.MonkeyPatch, looks: list[str]
) -> None:
    monkeypatch.setattr(tasks, "_room", threading.BoundedSemaphore(1))

    def long_work(owner: str, _: object) -> None:
        looks.append(owner)
        tasks.do_runs()  # as another thread would; it returns at once

    monkeypatch.setattr(runs, "do_asked", long_work)
    tasks.do_runs()
    tasks.do_runs()
    assert len(looks) == len(set(looks)) == 2


def test_a_failure_makes_room_again(monkeypatch: pytest.MonkeyPatch, looks: list[str]) -> None:
    monkeypatch.setattr(tasks, "_room", threading.BoundedSemaphore(1))

    def fails(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(runs, "do_asked", fails)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            tasks.do_runs()


def test_each_kind_comes_in_its_time_and_one_at_a_time() -> None:
    start = timezone.now()
    asked: dict[str, list[int]] = {kind: [] for kind in schedule.EVERY}
    for minutes in range(0, 2 * 24 * 60 + 30, 5):
        now = start + timedelta(minutes=minutes)
        schedule.ask_for_due(now)
        new = Run.objects.filter(finished=None)
        assert len(new) <= 1
        for run in new:
            asked[run.kind].append(minutes)
        new.update(asked=now, finished=now)
    day = 24 * 60
    assert asked[Run.Kind.DOCTOR] == [0, day, 2 * day]
    assert [at // day for at in asked[Run.Kind.RETENTION]] == [0, 1, 2]
    assert asked[Run.Kind.RETENTION][0] <= 10
    assert 45 <= len(asked[Run.Kind.STORAGE]) <= 49


def test_one_that_takes_long_holds_up_no_other() -> None:
    now = timezone.now()
    for _ in schedule.EVERY:
        schedule.ask_for_due(now)
    assert set(Run.objects.values_list("kind", flat=True)) == set(schedule.EVERY)
    Run.objects.exclude(kind=Run.Kind.DOCTOR).update(finished=now)
    later = now + timedelta(days=2)
    for _ in schedule.EVERY:
        schedule.ask_for_due(later)
    open_runs = Run.objects.filter(finished=None).values_list("kind", flat=True)
    assert set(open_runs) == set(schedule.EVERY)
