"""Whether the node is backed up: when last, whether that was tested, when next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import Error as DatabaseError
from django.utils import timezone
from django.utils.translation import gettext

from hosting import runs
from hosting.backup import due
from hosting.backup.deeds import why_not
from hosting.backup.overview import Overview, overview
from hosting.checkup.lines import Line, State
from hosting.models import Run
from mail.presentation import when_words

_LATE: Final = timedelta(days=2)
"""A backup that is due for so long does not come."""


def look_at_backups(now: datetime) -> list[Line]:
    """Make the check of backups, without asking another machine; none without a database."""
    try:
        return [check_backups(overview(now), faults(now), now)]
    except DatabaseError:
        return []


def faults(now: datetime) -> list[Line]:
    """List what is wrong with backups that the node is to make by itself."""
    if missing := why_not():
        return [_line("warn", missing, slug="backup")]
    found = []
    last = runs.latest(Run.Kind.BACKUP)
    if last is not None and last.outcome == Run.Outcome.FAILED:
        words = gettext("The last backup failed: %(why)s") % {"why": last.words}
        todo = gettext("Mend that; it is tried again after an hour.")
        found.append(_line("bad", words, todo, slug="backup"))
    elif (at := due.next_backup(now)) is not None and at < now - _LATE:
        words = gettext("A backup is due since %(when)s and does not come.")
        todo = gettext("See whether worker and schedule run, and what the log says.")
        found.append(_line("bad", words % {"when": _when(at, now)}, todo, slug="backup"))
    tested = runs.latest(Run.Kind.CHECK)
    if tested is not None and tested.outcome != Run.Outcome.GOOD:
        words = gettext("The last restore test did not go well: %(why)s") % {"why": tested.words}
        todo = gettext("Make a new backup, and have that one tested.")
        found.append(_line("bad", words, todo, slug="restore-test"))
    return found


def check_backups(found: Overview, wrong: Sequence[Line], now: datetime) -> Line:
    """Judge whether what is here would come back.

    Args:
        found: how it stands.
        wrong: what is wrong.
        now: the present moment.
    """
    told = _told(found, now)
    if found.missing:
        return _line("warn", told, found.missing)
    for line in wrong:
        return _line(line.state, line.sentence, line.todo)
    if found.next_backup is not None:
        if found.next_backup > now:
            words = gettext("The next one is due %(when)s.")
            told = f"{told} {words % {'when': _when(found.next_backup, now)}}"
        else:
            told = f"{told} {gettext('The next one is due now.')}"
    if found.beside:
        return _line("warn", told, found.beside)
    return _line("unknown" if found.last is None else "ok", told)


def _told(found: Overview, now: datetime) -> str:
    if found.last is None or found.last.finished is None:
        return gettext("There is no backup yet.")
    words = gettext("The last one was made %(when)s.") % {"when": _when(found.last.finished, now)}
    if found.tested is None or found.tested.finished is None:
        return f"{words} {gettext('None has been tested yet.')}"
    tested = gettext("The last test was %(when)s.") % {"when": _when(found.tested.finished, now)}
    return f"{words} {tested}"


def _line(state: State, sentence: str, todo: str = "", slug: str = "backups") -> Line:
    return Line(slug, state, gettext("Backups"), sentence, todo)


def _when(moment: datetime, now: datetime) -> str:
    return when_words(moment, now, timezone.get_current_timezone())
