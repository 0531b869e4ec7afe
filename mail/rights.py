"""What the owner of the node lets an account do, and how much room it gets: changing that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.db import transaction

from nodes.models import Account
from nodes.owners import make_member, make_owner

MOST_QUOTA: Final = 10**15
"""The largest space that can be set, in bytes."""


@dataclass(frozen=True, slots=True)
class Rights:
    """What an account may; `quota` is in bytes, `None` for as much as there is."""

    quota: int | None
    may_invite: bool
    may_write_notices: bool
    may_let_in_nodes: bool
    owner: bool


def rights_of(account: Account) -> Rights:
    """Say what an account may."""
    return Rights(
        quota=account.quota,
        may_invite=account.may_invite,
        may_write_notices=account.may_write_notices,
        may_let_in_nodes=account.may_let_in_nodes,
        owner=account.is_superuser,
    )


def save_rights(account: Account, wanted: Rights) -> dict[str, Any]:
    """Let an account do this from now on.

    Returns:
        What has changed, by name; empty when nothing has.

    Raises:
        UserError: the node would be without an owner; nothing is changed.
    """
    before = rights_of(account)
    names = ("quota", "may_invite", "may_write_notices", "may_let_in_nodes", "owner")
    changes = {
        name: getattr(wanted, name)
        for name in names
        if getattr(wanted, name) != getattr(before, name)
    }
    with transaction.atomic():
        if "owner" in changes:
            (make_owner if wanted.owner else make_member)(account)
        columns = [name for name in changes if name != "owner"]
        for name in columns:
            setattr(account, name, changes[name])
        account.save(update_fields=columns)
    return changes
