"""Deleting conversations for good: this account's copies go, and do not come back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from django.db import transaction

from mail.keys import is_key
from mail.live import tell
from mail.models import Conversation, Deleted, Letter
from nodes.models import Account

_AT_ONCE: Final = 200


def delete_for_good(account: Account, threads: Iterable[str]) -> int:
    """Delete conversations that are in the bin, with the account's copies of their letters.

    What the journal holds stays: others may have a right to it. It is kept in mind that the
    letters were deleted, for they are read again whenever a trust comes.

    Args:
        account: whose they are.
        threads: keys of conversations; those which are not in the bin are left alone.

    Returns:
        How many conversations were deleted.
    """
    keys = [int(thread) for thread in threads if is_key(thread)]
    binned = Conversation.objects.filter(account=account, pk__in=keys, binned=True)
    return _delete(account, list(binned.values_list("pk", flat=True)))


def empty_bin(account: Account) -> int:
    """Delete all that is in the bin for good; return how many conversations that was."""
    binned = Conversation.objects.filter(account=account, binned=True)
    return _delete(account, list(binned.values_list("pk", flat=True)))


def _delete(account: Account, keys: Sequence[int]) -> int:
    """Delete conversations, some at a time: each goes whole."""
    for start in range(0, len(keys), _AT_ONCE):
        chunk = keys[start : start + _AT_ONCE]
        with transaction.atomic():
            letters = Letter.objects.filter(account=account, conversation__in=chunk)
            Deleted.objects.bulk_create(
                [
                    Deleted(account=account, resource_id=resource)
                    for resource in letters.values_list("resource_id", flat=True)
                ],
                ignore_conflicts=True,
            )
            letters.only("pk").delete()  # the sealed texts need not be loaded
            Conversation.objects.filter(pk__in=chunk).delete()
            tell(account.pk, "counts")
    return len(keys)
