"""Telling rooms above what the owner of the node should find in the audit list.

What is told names accounts and nodes, and never what people wrote, whom they know, or a secret.
"""

from __future__ import annotations

from typing import Any, Final

from django.dispatch import Signal

from nodes.models import Account

changed: Final = Signal()
"""Sent in the transaction that makes a change, with the arguments of `tell_owner`."""


def tell_owner(action: str, account: Account, *, by: Account | None = None, **details: Any) -> None:
    """Tell of a change that a page of an account made.

    Args:
        action: what was done, such as `account.delete`.
        account: whom it concerns.
        by: who did it, where it was not the account itself: an owner, in the panel.
        details: what else tells the change, JSON values.
    """
    changed.send(None, action=action, account=account, by=by, details=details)
