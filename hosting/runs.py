"""Long work with progress: asked for by a row, done by whichever process takes it.

What a kind does is a function in `hosting.work`. It gets the `Run` and a `Progress`; the sentence
and the findings that it leaves there are what people see.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from hosting import audit
from hosting.models import Run
from nodes.errors import UserError
from nodes.models import Account
from nodes.wake import start_task

_log = structlog.get_logger(__name__)
LEASE: Final = timedelta(seconds=30)
_SECONDS_BETWEEN_NOTES: Final = 0.5
_TRIES: Final = 3
_ACTIONS: Final[dict[str, str]] = {
    Run.Kind.BACKUP: "backup.write",
    Run.Kind.CHECK: "backup.check",
    Run.Kind.JOURNAL: "journal.check",
    Run.Kind.STORAGE: "storage.count",
}
"""What the audit list calls it when an owner asks; checking the node changes nothing."""


class Progress:
    """How far a run has come; writing it down renews the lease."""

    def __init__(self, run: Run, owner: str) -> None:
        self._run = run
        self._owner = owner
        self._noted = 0.0
        self.outcome: Run.Outcome = Run.Outcome.GOOD
        self.words = ""
        self.findings: list[dict[str, Any]] = []

    def __call__(self, done: int, total: int | None = None) -> None:
        """Say how much is done, of how much as far as that is known. Cheap: call it often."""
        if total is not None:
            self._run.total = total
        self._run.done = done
        if time.monotonic() - self._noted < _SECONDS_BETWEEN_NOTES:
            return
        self._noted = time.monotonic()
        Run.objects.filter(pk=self._run.pk, lease_owner=self._owner).update(
            done=self._run.done, total=self._run.total, lease_until=timezone.now() + LEASE
        )

    def end(
        self, outcome: Run.Outcome, words: str, findings: Sequence[dict[str, Any]] = ()
    ) -> None:
        """Say what came of it: one sentence, and what was found, one JSON object each."""
        self.outcome, self.words, self.findings = outcome, words, list(findings)


Work = Callable[[Run, Progress], None]


def ask(kind: str, by: str = "", *, options: list[dict[str, Any]] | None = None) -> Run:
    """Ask for a piece of work, and give its row; one that is open already counts for both.

    Args:
        kind: one of `Run.Kind`.
        by: who asks, a username; nothing for the schedule.
        options: what the work is told, as it stands in `findings` until it is done.
    """
    for _ in range(_TRIES):
        try:
            with transaction.atomic():
                run = Run.objects.create(kind=kind, asked_by=by, findings=options or [])
        except IntegrityError:
            # The one that is open may end before it is read; then there is room for a new one.
            if (run_open := current(kind)) is not None:
                return run_open
        else:
            transaction.on_commit(lambda: start_task("hosting.tasks.do_runs"))
            return run
    raise RuntimeError(f"a run of the kind {kind} can be neither made nor found")


def ask_as(owner: Account, kind: Run.Kind) -> Run:
    """Ask for a piece of work as an owner does, and note in the audit list that he did."""
    with transaction.atomic():
        run = ask(kind, owner.username)
        audit.note(_ACTIONS[kind], by=owner)
    return run


def latest(kind: str) -> Run | None:
    """Give the run of a kind that ended last."""
    return Run.objects.filter(kind=kind).exclude(finished=None).order_by("-finished").first()


def current(kind: str) -> Run | None:
    """Give the open run of a kind."""
    return Run.objects.filter(kind=kind, finished=None).first()


def others_go_on(run: Run, now: datetime) -> bool:
    """Tell whether somebody is at other long work than this."""
    return Run.objects.filter(finished=None, lease_until__gte=now).exclude(pk=run.pk).exists()


def do_asked(owner: str, work: dict[str, Work]) -> None:
    """Do what is asked for and nobody is at, one after the other.

    Args:
        owner: names who does it, each time anew.
        work: what each kind does.
    """
    while (run := _take(owner, list(work), timezone.now())) is not None:
        do(run, owner, work[run.kind])


def do(run: Run, owner: str, work: Work) -> None:
    """Do one piece of work that `owner` has taken, and write down what came of it."""
    progress = Progress(run, owner)
    stop = threading.Event()
    keeper = threading.Thread(target=_keep, args=(run.pk, owner, stop), daemon=True)
    keeper.start()
    try:
        work(run, progress)
    except UserError as error:
        progress.end(Run.Outcome.FAILED, str(error))
    except Exception:
        _log.exception("run failed", kind=run.kind)
        progress.end(Run.Outcome.FAILED, "It failed; the log of the node says why.")
    finally:
        stop.set()
        keeper.join()
    Run.objects.filter(pk=run.pk, lease_owner=owner).update(
        finished=timezone.now(),
        done=run.done,
        total=run.total,
        outcome=progress.outcome,
        words=progress.words,
        findings=progress.findings,
        lease_owner="",
        lease_until=None,
    )
    run.refresh_from_db()


def take(run: Run, owner: str, now: datetime) -> bool:
    """Become the process that does a run; false when another one is."""
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    return bool(
        Run.objects.filter(free, pk=run.pk, finished=None).update(
            lease_owner=owner, lease_until=now + LEASE, started=now, done=0
        )
    )


def _take(owner: str, kinds: list[str], now: datetime) -> Run | None:
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    for run in Run.objects.filter(free, finished=None, kind__in=kinds).order_by("asked"):
        if take(run, owner, now):
            run.refresh_from_db()
            return run
    return None


def _keep(pk: int, owner: str, stop: threading.Event) -> None:
    """Renew the lease while the work goes on without saying so."""
    from django.db import connection

    try:
        while not stop.wait(LEASE.total_seconds() / 3):
            Run.objects.filter(pk=pk, lease_owner=owner).update(lease_until=timezone.now() + LEASE)
    finally:
        connection.close()
