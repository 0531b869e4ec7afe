"""Telling open pages what has changed. A hint and no more: pages fetch what they show."""

from __future__ import annotations

from functools import partial
from typing import Literal

from django.db import transaction

from nodes.models import Account
from nodes.wake import wake

Change = Literal[
    "letter", "delivery", "counts", "contacts", "drafts", "held", "nodes", "notice", "removal"
]


def group_of(account_id: int) -> str:
    """Name the channel-layer group of an account's open pages."""
    return f"account-{account_id}"


def tell(account_id: int, event: Change, **about: str) -> None:
    """Tell the open pages of an account, once the transaction is through."""
    message = {"event": event, **about}
    transaction.on_commit(partial(wake, group_of(account_id), type="live.event", content=message))


def tell_user(fingerprint: str, event: Change, **about: str) -> None:
    """Tell the open pages of the account that speaks for a user, if it is on this node."""
    account = Account.objects.filter(fingerprint=fingerprint).only("pk").first()
    if account is not None:
        tell(account.pk, event, **about)
