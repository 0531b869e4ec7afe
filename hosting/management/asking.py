"""What the commands of backups share: asking for the passphrase."""

from __future__ import annotations

import getpass
import sys

from django.conf import settings

from hosting.backup.passphrase import refuse_weak
from nodes.errors import UserError


def ask_passphrase(*, twice: bool) -> str:
    """Give the passphrase of backups: `SDMPWEB_BACKUP_PASSPHRASE`, else what is typed.

    Args:
        twice: for a new backup, where a slip of the hand would make it useless, and so would a
            passphrase that is soon guessed.

    Raises:
        UserError: there is neither, it will not do, or what was typed differs.
    """
    if settings.BACKUP_PASSPHRASE:
        if twice:
            refuse_weak(settings.BACKUP_PASSPHRASE)
        return str(settings.BACKUP_PASSPHRASE)
    if not sys.stdin.isatty():
        raise UserError(
            "There is no terminal to ask for the passphrase; set SDMPWEB_BACKUP_PASSPHRASE."
        )
    first = getpass.getpass("Passphrase of the backup: ")
    if not first:
        raise UserError("A backup needs a passphrase; nothing was typed.")
    if twice:
        refuse_weak(first)
    if twice and getpass.getpass("Again: ") != first:
        raise UserError("The two passphrases differ; nothing was written.")
    return first
