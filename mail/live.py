"""Telling open pages what has changed. A hint and no more: pages fetch what they show."""

from __future__ import annotations

import secrets
from functools import partial
from typing import Final, Literal

from django.core.cache import cache
from django.db import transaction

from nodes.models import Account
from nodes.wake import wake

Change = Literal[
    "letter", "delivery", "counts", "contacts", "drafts", "held", "nodes", "notice", "removal"
]


_KEPT_SECONDS: Final = 24 * 3600


def group_of(account_id: int) -> str:
    """Name the channel-layer group of an account's open pages."""
    return f"account-{account_id}"


def tell(account_id: int, event: Change, **about: str) -> None:
    """Tell the open pages of an account, once the transaction is through."""
    message: dict[str, str] = {"event": event, **about}
    transaction.on_commit(partial(_tell, account_id, message))


def hang_up(account_id: int) -> None:
    """Close the open pages of an account, once the transaction is through: nobody is in there."""
    transaction.on_commit(partial(wake, group_of(account_id), type="live.over"))


def state_of(account_id: int) -> str:
    """Name the state of all that the pages of an account show.

    A page that was made in this very state has missed nothing. What changes at the same moment
    makes another state of it: then the page looks once more than it had to.
    """
    fresh = secrets.token_urlsafe(9)
    return str(cache.get_or_set(_state_key(account_id), fresh, _KEPT_SECONDS))


def _tell(account_id: int, message: dict[str, str]) -> None:
    cache.set(_state_key(account_id), secrets.token_urlsafe(9), _KEPT_SECONDS)
    wake(group_of(account_id), type="live.event", content=message)


def _state_key(account_id: int) -> str:
    return f"live-{account_id}"


def tell_user(fingerprint: str, event: Change, **about: str) -> None:
    """Tell the open pages of the account that speaks for a user, if it is on this node."""
    account = Account.objects.filter(fingerprint=fingerprint).only("pk").first()
    if account is not None:
        tell(account.pk, event, **about)
