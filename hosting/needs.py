"""What of the node itself needs an owner: what is shown in the panel, and what is bad told.

Everything is read by an index, so it is quick however much there is. What takes long was found out
before, by long work (`hosting.runs`), and is read from its rows.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext

from hosting import beats, doctor, runs
from hosting.checkup import backups, services
from hosting.checkup.lines import Line, from_finding, in_need
from hosting.models import Run
from journal import taken_over
from mail import selfcheck
from mail.presentation import when_words

State = Literal["bad", "warn", "info"]
_LATE: Final = timedelta(days=2)  # a check that is due for so long does not come
_LIVE: Final = frozenset({"disk", "backups", *beats.NAMES})
"""Looked at anew, whatever the doctor found."""


@dataclass(frozen=True, slots=True)
class Need:
    """Something of the node that needs an owner.

    Args:
        slug: what it is about.
        state: how bad it is.
        words: the sentence.
        more: a second one: what to do.
        part: the part of the panel where it is seen to; empty for none.
        link: what leads there, when that is more than the name of the part.
    """

    slug: str
    state: State
    words: str
    more: str = ""
    part: str = ""
    link: str = ""


def of_the_node(now: datetime) -> list[Need]:
    """List what of the node itself needs an owner; who looks makes no difference."""
    return [need for look in _LOOKS for need in look(now)]


def _taken_over(now: datetime) -> Iterator[Need]:
    if taken_over.is_taken_over():
        yield Need("taken-over", "bad", taken_over.words())


def _disk_and_processes(now: datetime) -> Iterator[Need]:
    lines = [from_finding(selfcheck.check_disk(shutil.disk_usage(settings.DATA).free))]
    seen = {name for name in beats.NAMES if beats.last_seen(name) is not None}
    lines += [line for line in services.look_at_processes(now) if line.slug in seen]
    for line in in_need(lines):
        yield _from_line(line)


def _what_the_doctor_found(now: datetime) -> Iterator[Need]:
    last = runs.latest(Run.Kind.DOCTOR)
    if last is None or last.finished is None:
        words = gettext("The node has not been checked yet.")
        yield Need("unchecked", "info", words, part="health", link=gettext("Check now"))
        return
    if last.outcome == Run.Outcome.FAILED:
        yield Need("doctor", "warn", last.words, part="health")
    for line in in_need(doctor.lines_of(last)):
        if line.slug not in _LIVE:
            yield _from_line(line)
    if last.finished < now - _LATE:
        when = when_words(last.finished, now, timezone.get_current_timezone())
        words = gettext("The node was last checked %(when)s.") % {"when": when}
        yield Need("unchecked", "warn", words, part="health", link=gettext("Check now"))


def _backups(now: datetime) -> Iterator[Need]:
    for line in backups.faults(now):
        state: State = "bad" if line.state == "bad" else "warn"
        yield Need(line.slug, state, line.sentence, line.todo, part="backups")


def _other_runs(now: datetime) -> Iterator[Need]:
    parts = {
        Run.Kind.JOURNAL: "journal",
        Run.Kind.RETENTION: "retention",
        Run.Kind.STORAGE: "storage",
    }
    for kind, name in parts.items():
        last = runs.latest(kind)
        if last is not None and last.outcome in (Run.Outcome.BAD, Run.Outcome.FAILED):
            words = f"{kind.label[:1].upper()}{kind.label[1:]}: {last.words}"
            state: State = "bad" if kind == Run.Kind.JOURNAL else "warn"
            yield Need(kind.value, state, words, part=name)


_LOOKS: Final[tuple[Callable[[datetime], Iterator[Need]], ...]] = (
    _taken_over,
    _disk_and_processes,
    _what_the_doctor_found,
    _backups,
    _other_runs,
)


def _from_line(line: Line) -> Need:
    state: State = "bad" if line.state == "bad" else "warn"
    return Need(line.slug, state, f"{line.title}: {line.sentence}", line.todo, part="health")
