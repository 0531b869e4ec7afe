"""What a change of the journal sets in motion, after the transaction that made it."""

from __future__ import annotations

from functools import partial
from typing import Final

from django.db import transaction
from django.utils import timezone

from journal.models import Wanted
from nodes.spacing import Spaced
from nodes.wake import start_task, wake

_SECONDS_BETWEEN_LOOKS: Final = 1.0
# What others wrote is passed on a little later: mostly a receipt follows, and goes along.
_SECONDS_TO_PASS_ON: Final = 0.1
SESSIONS = "sessions"  # the channel-layer group of all open sessions
CALL_BACK: Final = "session.call_back"  # to sessions that are to end, so that the peer calls us
END: Final = "session.end"  # to those sessions alone whose places it names

# One look finds every peer that is to be called, however many lines there are.
_call_others = Spaced(partial(start_task, "journal.tasks.look_for_work"), _SECONDS_BETWEEN_LOOKS)


def lines_added() -> None:
    """Wake every open session, and call the peers that have none."""
    wake(SESSIONS, type="session.wake")
    _call_others()


_pass_on = Spaced(lines_added, _SECONDS_TO_PASS_ON, patient=True)


def lines_taken_over() -> None:
    """Do the same soon, for lines of what other nodes published."""
    _pass_on()


def authority_changed(authors: set[str]) -> None:
    """Let what was refused or not found for these authors be asked for again (§10)."""
    Wanted.objects.filter(author__in=authors).update(not_before=timezone.now())
    transaction.on_commit(_recheck)


def _recheck() -> None:
    wake(SESSIONS, type="session.recheck")
