"""Backing up, and what is written down of it: for the panel, and in the list of changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext, ngettext

from hosting import audit
from hosting.backup.archive import Progress, write_archive
from hosting.backup.manifest import Manifest
from hosting.backup.places import shown
from hosting.models import AuditEntry, Run


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a backup: a sentence, and what the panel keeps of it."""

    words: str
    finding: dict[str, Any]


def back_up(place: str, passphrase: str, progress: Progress, *, where: AuditEntry.Where) -> Result:
    """Write a backup that somebody asked for by hand, and note it as a run that has ended.

    Args:
        place: path or URL of the new file.
        passphrase: what it is encrypted under.
        progress: called with how much is done, and of how much.
        where: the door by which it was asked for.

    Raises:
        BackupError: it cannot be written; nothing is left of it then.
    """
    started = timezone.now()
    manifest, size = write_archive(place, passphrase, progress)
    result = told(place, manifest, size)
    with transaction.atomic():
        Run.objects.create(
            kind=Run.Kind.BACKUP,
            asked_by=audit.machine_user(),
            started=started,
            finished=timezone.now(),
            outcome=Run.Outcome.GOOD,
            words=result.words,
            findings=[result.finding],
        )
        audit.note("backup.write", shown(place), where=where, bytes=size)
    return result


def told(place: str, manifest: Manifest, size: int) -> Result:
    """Say what was backed up."""
    letters, accounts = manifest.rows.get("mail_letter", 0), manifest.rows.get("nodes_account", 0)
    resources = manifest.rows.get("journal_resource", 0)
    parts = [
        ngettext("%(n)d account", "%(n)d accounts", accounts) % {"n": accounts},
        ngettext("%(n)d message", "%(n)d messages", letters) % {"n": letters},
        ngettext("%(n)d resource", "%(n)d resources", resources) % {"n": resources},
    ]
    words = gettext("Backed up to %(place)s: %(what)s, %(bytes)d bytes.") % {
        "place": shown(place),
        "what": ", ".join(parts),
        "bytes": size,
    }
    return Result(
        words, {"place": shown(place), "bytes": size, "made": manifest.made, "rows": letters}
    )
