"""The jobs of the embedded shape run, are watched, and stop."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from hosting import beats
from sdmpweb.celery import app
from sdmpweb.embedded.jobs import Jobs

ran = threading.Event()
hold = threading.Event()


@app.task(name="tests.run")
def run() -> None:
    ran.set()


@app.task(name="tests.hold")
def held() -> None:
    ran.set()
    hold.wait(60)


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Jobs]:
    monkeypatch.setattr(beats, "note", lambda _: None)  # here is no database for it
    ran.clear()
    hold.clear()
    made = Jobs()
    made.start()
    yield made
    hold.set()
    made.stop(30)


def test_queued_job_runs_and_stopping_ends_both_threads(jobs: Jobs) -> None:
    run.delay()
    assert ran.wait(60)
    assert jobs.healthy()
    assert jobs.stop(30)


def test_stopping_does_not_wait_for_a_long_job(jobs: Jobs) -> None:
    held.delay()
    assert ran.wait(60)
    assert jobs.stop(0.2) is False


def test_dead_thread_is_started_again(jobs: Jobs) -> None:
    first = jobs._threads["worker"]
    jobs._worker.stop()
    until(lambda: not first.is_alive())
    assert jobs.healthy()
    run.delay()
    assert ran.wait(60)


def test_thread_that_dies_again_and_again_is_given_up(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "start", lambda: None)
    jobs._worker.stop()
    until(lambda: not jobs._threads["worker"].is_alive())
    assert [jobs.healthy() for _ in range(4)] == [True, True, True, False]
