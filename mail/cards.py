"""The card of an account (protocol §12)."""

from __future__ import annotations

from django.utils import timezone

from journal.credentials import card_of
from nodes.errors import UserError
from nodes.facts import current_facts
from nodes.models import Account


def export_card(account: Account) -> bytes:
    """Write the card that a person hands to another.

    Raises:
        UserError: the account has no identity.
    """
    if account.fingerprint is None:
        raise UserError("The account has no identity.")
    return card_of(account.fingerprint, current_facts(), timezone.now())


def public_card(fingerprint: str) -> bytes | None:
    """Give the card of a user who has an account here; `None` for anybody else, and for Echo."""
    account = Account.objects.filter(fingerprint=fingerprint, is_active=True, is_echo=False).first()
    return export_card(account) if account else None
