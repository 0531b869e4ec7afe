"""Who manages the node. There is always somebody who can."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext

from nodes.errors import UserError
from nodes.models import Account, LocalNode


def make_owner(account: Account) -> None:
    """Let an account manage the node.

    Raises:
        UserError: it is suspended, or nobody's.
    """
    if account.is_echo or not account.is_active:
        raise UserError(gettext("Let the account in again before you make it an owner."))
    _set(account, owner=True)


def make_member(account: Account) -> None:
    """Let an account manage the node no more.

    Raises:
        UserError: nobody else could.
    """
    with transaction.atomic():
        check_another_owner(account)
        _set(account, owner=False)


def check_another_owner(account: Account) -> None:
    """Make sure that somebody manages the node when this account does not, until the end of the
    transaction.

    Raises:
        UserError: nobody would.
    """
    LocalNode.objects.select_for_update().first()
    others = Account.objects.exclude(pk=account.pk)
    if account.is_superuser and not others.filter(is_superuser=True, is_active=True).exists():
        raise UserError(
            gettext("This is the only owner of the node; make somebody else an owner first.")
        )


def _set(account: Account, *, owner: bool) -> None:
    account.is_superuser = account.is_staff = owner
    account.save(update_fields=["is_superuser", "is_staff"])
