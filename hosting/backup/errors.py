"""What can be wrong with a backup, each told in one sentence."""

from __future__ import annotations

from nodes.errors import UserError


class BackupError(UserError):
    """A backup cannot be written or read."""


class WrongPassphrase(BackupError):
    """The passphrase is not the one the backup was made with."""


class Damaged(BackupError):
    """The backup is cut short, or not as it was written."""
