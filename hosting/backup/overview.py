"""What the panel tells of backups: the last, the next, how the last test went, which there are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from hosting import runs
from hosting.backup import due, places
from hosting.backup.deeds import where_it_lies, why_not
from hosting.backup.errors import BackupError
from hosting.models import Run


@dataclass(frozen=True, slots=True)
class Kept:
    """A backup that lies in the place of backups."""

    name: str
    made: datetime
    bytes: int


@dataclass(frozen=True, slots=True)
class Overview:
    """How it stands with backups.

    Args:
        beside: a warning of where they lie, a sentence; else nothing.
        missing: what is to be set before the node backs up by itself, a sentence; else nothing.
        to: where to, without a name or a password in it.
        every: hours between backups.
        keep: how many are kept.
        last: the last good backup, by whichever door.
        bytes: its size.
        place: where that one went.
        next_backup: when the next is due.
        tested: the last restore test.
        next_check: when the next is due.
        kept: which backups there are, the newest first.
        unread: why that cannot be said; else nothing.
    """

    beside: str
    missing: str
    to: str
    every: int
    keep: int
    last: Run | None
    bytes: int
    place: str
    next_backup: datetime | None
    tested: Run | None
    next_check: datetime | None
    kept: list[Kept]
    unread: str


def overview(now: datetime) -> Overview:
    """Say how it stands with backups, without asking another machine."""
    good = Run.objects.filter(kind=Run.Kind.BACKUP, outcome=Run.Outcome.GOOD)
    last = good.exclude(finished=None).order_by("-finished").first()
    told = last.findings[0] if last is not None and last.findings else {}
    kept, unread = _kept()
    return Overview(
        beside=where_it_lies(),
        missing=why_not(),
        to=places.shown(settings.BACKUP_TO) if settings.BACKUP_TO else "",
        every=settings.BACKUP_EVERY,
        keep=settings.BACKUP_KEEP,
        last=last,
        bytes=told.get("bytes", 0),
        place=told.get("place", ""),
        next_backup=due.next_backup(now),
        tested=runs.latest(Run.Kind.CHECK),
        next_check=due.next_check(now),
        kept=kept,
        unread=unread,
    )


def _kept() -> tuple[list[Kept], str]:
    """List what lies in a directory here; of a place elsewhere, what the last backup found."""
    if not settings.BACKUP_TO:
        return [], ""
    if not places.is_url(settings.BACKUP_TO):
        try:
            found = places.listed(settings.BACKUP_TO)
        except BackupError as error:
            return [], str(error)
        return [Kept(each.name, each.made, each.bytes) for each in found], ""
    last = due.last_scheduled()
    rows = last.findings[0].get("found", []) if last is not None else []
    return [Kept(name, datetime.fromisoformat(made), size) for name, made, size in rows], ""
