"""What the owner of the node lets an account do; asked by the functions that do it."""

from __future__ import annotations

from django.utils.translation import gettext

from nodes.errors import UserError
from nodes.models import Account


def check_active(account: Account) -> None:
    """Make sure that an account is not suspended. Raises UserError."""
    if not account.is_active:
        raise UserError(
            gettext("This account is suspended; the owner of this node can let it in again.")
        )


def check_may_invite(account: Account) -> None:
    """Make sure that an account may invite people. Raises UserError."""
    if not account.may_invite:
        raise UserError(
            gettext("Inviting is switched off for this account; ask the owner of this node.")
        )


def check_may_write_notices(account: Account) -> None:
    """Make sure that an account may publish notices. Raises UserError."""
    if not account.may_write_notices:
        raise UserError(
            gettext("Notices are switched off for this account; ask the owner of this node.")
        )


def check_may_let_in_nodes(account: Account) -> None:
    """Make sure that an account may let in other nodes. Raises UserError."""
    if not account.may_let_in_nodes:
        raise UserError(
            gettext("Other nodes are switched off for this account; ask the owner of this node.")
        )
