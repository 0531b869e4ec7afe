"""Writing down who changed what. Never what somebody wrote, a secret, or a key."""

from __future__ import annotations

import getpass
from datetime import datetime, timedelta
from typing import Any, Final

from hosting.models import AuditEntry
from nodes.models import Account

KEPT: Final = timedelta(days=2 * 365)
"""How long the audit list remembers."""

_LONGEST: Final = 200


def note(
    action: str,
    about: str = "",
    *,
    by: Account | None = None,
    where: AuditEntry.Where = AuditEntry.Where.PANEL,
    **details: Any,
) -> None:
    """Write down a change, in the transaction that makes it.

    Args:
        action: what was done, such as `account.suspend`.
        about: whom or what it concerns, for people: a username, a node's name, a kind.
        by: the account that did it; who is signed in to the machine when `None`.
        where: the door by which it came.
        details: what else tells the change, JSON values, such as `quota=1000`.
    """
    actor = by.username if by is not None else machine_user()
    if by is None and where == AuditEntry.Where.NODE:
        actor = ""
    AuditEntry.objects.create(
        account=by, actor=actor, where=where, action=action, about=about[:_LONGEST], details=details
    )


def forget_old(now: datetime) -> int:
    """Delete what was written down longer ago than `KEPT`; return how much that was."""
    return AuditEntry.objects.filter(at__lt=now - KEPT).delete()[0]


def machine_user() -> str:
    """Name who is signed in to the machine, as far as that can be told."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
