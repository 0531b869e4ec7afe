"""Receipts that wait while an account catches up after a restore (protocol §9).

Letters are filed as they come. Whether the node had receipted one already, after the backup was
made, shows only when that receipt has come back; so receipts are given when all is here
(`mail.returning`).
"""

from __future__ import annotations

from collections.abc import Sequence

from journal.restored import waiting_among
from mail.models import OwedReceipt


def owe(users: Sequence[str], message: str) -> None:
    """Note that users are to give a receipt for a message later; in the transaction that files it.

    Args:
        users: who has to give it.
        message: the identifier of the message.
    """
    if users:
        OwedReceipt.objects.bulk_create(
            [OwedReceipt(user=user, message=message) for user in users], ignore_conflicts=True
        )


def note_given(receipts: Sequence[tuple[str, str]]) -> None:
    """Note which receipts turn out to be there already, of users who catch up.

    Args:
        receipts: the author of each, and the identifier of the message.
    """
    waiting = waiting_among({user for user, _ in receipts}) if receipts else set()
    OwedReceipt.objects.bulk_create(
        [
            OwedReceipt(user=user, message=message, given=True)
            for user, message in dict.fromkeys(receipts)
            if user in waiting
        ],
        update_conflicts=True,
        unique_fields=["user", "message"],
        update_fields=["given"],
    )
