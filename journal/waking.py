"""What a change of the journal sets in motion, after the transaction that made it."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from journal.models import Wanted
from nodes.wake import start_task, wake

SESSIONS = "sessions"  # the channel-layer group of all open sessions


def lines_added() -> None:
    """Wake every open session, and call the peers that have none."""
    wake(SESSIONS, type="session.wake")
    start_task("journal.tasks.look_for_work")


def authority_changed(authors: set[str]) -> None:
    """Let what was refused or not found for these authors be asked for again (§10)."""
    Wanted.objects.filter(author__in=authors).update(not_before=timezone.now())
    transaction.on_commit(_recheck)


def _recheck() -> None:
    wake(SESSIONS, type="session.recheck")
