"""What new backups may be encrypted under."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext

from hosting.backup.errors import BackupError

LEAST: Final = 12
"""Characters. Who has found a backup may guess for as long as they like, unlike at a sign-in."""


def refuse_weak(passphrase: str) -> None:
    """Make sure that a new backup is not opened by trying. Any passphrase opens an old one.

    Raises:
        BackupError: it is too short, or there is none.
    """
    if not passphrase:
        raise BackupError(gettext("A backup needs a passphrase; set SDMPWEB_BACKUP_PASSPHRASE."))
    if len(passphrase) < LEAST:
        raise BackupError(
            gettext("The passphrase of backups is too short; take one of %(n)d characters or more.")
            % {"n": LEAST}
        )
