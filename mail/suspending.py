"""Suspending an account, and letting it in again.

A suspended account cannot sign in or be written from, and its browsers are not woken. What comes
for it goes on being taken in and kept. What it had asked to be sent waits until it is let in
again; what it had asked to be taken back or blocked is done.
"""

from __future__ import annotations

from django.db import transaction

from mail.sign_ins import end_sign_ins
from nodes.models import Account
from nodes.owners import check_another_owner
from nodes.wake import start_task


def suspend(account: Account) -> bool:
    """Shut an account out until it is let in again.

    Returns:
        Whether that changed anything.

    Raises:
        UserError: it is the only owner of the node.
    """
    with transaction.atomic():
        check_another_owner(account)
        changed = Account.objects.filter(pk=account.pk, is_active=True, is_echo=False)
        if not changed.update(is_active=False):
            return False
        account.is_active = False
        end_sign_ins(account)
    return True


def let_in_again(account: Account) -> bool:
    """End a suspension; tell whether there was one. What waited to be sent goes now."""
    with transaction.atomic():
        if not Account.objects.filter(pk=account.pk, is_active=False).update(is_active=True):
            return False
        account.is_active = True
        transaction.on_commit(lambda: start_task("mail.tasks.do_held"))
    return True
