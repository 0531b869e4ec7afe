"""Backing up and testing backups, and what is written down of it for the panel."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext, ngettext

from hosting import audit, runs
from hosting.backup import places, presence, snapshots
from hosting.backup.archive import Progress, write_archive
from hosting.backup.checking import Checked, check
from hosting.backup.errors import BackupError
from hosting.backup.manifest import Manifest
from hosting.backup.passphrase import refuse_weak
from hosting.models import Run
from mail.presentation import size_words
from nodes.models import Account


def back_up(place: str, passphrase: str, progress: Progress) -> str:
    """Write a backup that a command asked for, and say in a sentence what it holds.

    Args:
        place: path or URL of the new file.
        passphrase: what it is encrypted under.
        progress: called with how much is done, and of how much.

    Raises:
        BackupError: it cannot be written; nothing is left of it then.
    """
    started = timezone.now()
    places.refuse_unfit(place)
    manifest, size = write_archive(place, passphrase, progress)
    words = _written(place, manifest, size)
    _ended(Run.Kind.BACKUP, started, Run.Outcome.GOOD, words, [_finding(place, manifest, size)])
    return words


def restore_test(place: str, passphrase: str, progress: Progress) -> Checked:
    """Test a backup that a command names; that may be done where there is no node.

    Raises:
        BackupError: it cannot be opened or loaded.
    """
    started = timezone.now()
    checked = check(place, passphrase, progress)
    if presence.is_here():
        _ended(Run.Kind.CHECK, started, _outcome(checked), checked.words, _tested(place, checked))
    return checked


def do_backup(run: Run, progress: runs.Progress) -> None:
    """Write the backup that the schedule or the panel asked for, and delete the oldest ones."""
    to = settings.BACKUP_TO
    if missing := why_not():
        progress.end(Run.Outcome.FAILED, missing)
        return
    place = places.join(to, places.new_name(timezone.now()))
    manifest, size = write_archive(place, settings.BACKUP_PASSPHRASE, progress)
    removed = places.rotate(to, settings.BACKUP_KEEP)
    finding = {
        **_finding(place, manifest, size),
        "scheduled": True,
        "removed": len(removed),
        "found": [[each.name, each.made.isoformat(), each.bytes] for each in places.listed(to)],
    }
    progress.end(Run.Outcome.GOOD, _written(place, manifest, size), [finding])


def do_check(run: Run, progress: runs.Progress) -> None:
    """Test the newest backup in the place of backups."""
    if missing := why_not():
        progress.end(Run.Outcome.FAILED, missing)
        return
    found = places.listed(settings.BACKUP_TO)
    if not found:
        progress.end(
            Run.Outcome.FAILED,
            gettext("There is no backup of this node in %(place)s yet; make one first.")
            % {"place": places.shown(settings.BACKUP_TO)},
        )
        return
    checked = check(found[0].place, settings.BACKUP_PASSPHRASE, progress)
    progress.end(_outcome(checked), checked.words, _tested(found[0].place, checked))


def why_not() -> str:
    """Say what is missing for backups that the node makes by itself; nothing when they are set."""
    if not settings.BACKUP_TO:
        return gettext("Backups go nowhere yet: set SDMPWEB_BACKUP_TO to a directory or a URL.")
    if not settings.BACKUP_PASSPHRASE:
        return gettext("Backups have no passphrase yet: set SDMPWEB_BACKUP_PASSPHRASE.")
    try:
        refuse_weak(settings.BACKUP_PASSPHRASE)
        places.refuse_unfit(settings.BACKUP_TO)
    except BackupError as error:
        return str(error)
    return ""


def clear_leftovers(now: datetime) -> None:
    """Delete what killed backups and snapshots have left in directories of this machine."""
    for directory in (settings.BACKUP_TO, str(snapshots.directory())):
        if directory and not places.is_url(directory) and places.path_of(directory).is_dir():
            places.try_to_clear(directory, now)


def where_it_lies() -> str:
    """Warn of backups that go with the disk of the data; nothing where they do not."""
    if not settings.BACKUP_TO or not places.is_beside_data(settings.BACKUP_TO):
        return ""
    return gettext(
        "Backups lie on the same disk as the data, and are gone with it: name a place elsewhere "
        "with SDMPWEB_BACKUP_TO, or copy them there."
    )


def people(manifest: Manifest) -> int:
    """Count the accounts of people in a backup of the database that this process uses."""
    return manifest.rows.get("nodes_account", 0) - Account.objects.filter(is_echo=True).count()


def _finding(place: str, manifest: Manifest, size: int) -> dict[str, Any]:
    return {
        "place": places.shown(place),
        "bytes": size,
        "made": manifest.made,
        "letters": manifest.rows.get("mail_letter", 0),
    }


def _tested(place: str, checked: Checked) -> list[dict[str, Any]]:
    return [
        {"place": places.shown(place), "made": checked.manifest.made},
        *({"words": problem} for problem in checked.problems),
    ]


def _outcome(checked: Checked) -> Run.Outcome:
    return Run.Outcome.BAD if checked.problems else Run.Outcome.GOOD


def _written(place: str, manifest: Manifest, size: int) -> str:
    accounts = people(manifest)
    letters = manifest.rows.get("mail_letter", 0)
    resources = manifest.rows.get("journal_resource", 0)
    held = [
        ngettext("%(n)s account", "%(n)s accounts", accounts) % {"n": number_format(accounts)},
        ngettext("%(n)s message", "%(n)s messages", letters) % {"n": number_format(letters)},
        ngettext("%(n)s resource", "%(n)s resources", resources) % {"n": number_format(resources)},
    ]
    return gettext("Backed up to %(place)s: %(held)s; %(size)s.") % {
        "place": places.shown(place),
        "held": ", ".join(held),
        "size": size_words(size),
    }


def _ended(
    kind: Run.Kind,
    started: datetime,
    outcome: Run.Outcome,
    words: str,
    findings: Sequence[dict[str, Any]],
) -> None:
    """Write down a run that a command did by itself."""
    Run.objects.create(
        kind=kind,
        asked_by=audit.machine_user(),
        asked=started,
        started=started,
        finished=timezone.now(),
        outcome=outcome,
        words=words,
        findings=list(findings),
    )
