"""Withdrawing trust and blocking, each with a moment to undo it (protocol §6).

What waits is the revocation, since nothing brings it back once it has left this node. Blocking
works on what comes in at once: that is the safe side, and can be undone.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Final

import structlog
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from journal.restored import MustWait
from mail import contacts, held
from mail.held import Doing
from mail.live import tell
from mail.models import Contact, Held
from mail.people import People, profile_name
from mail.presentation import clean_name, short_name
from mail.receivers import read_again
from nodes.errors import UserError
from nodes.facts import current_facts
from nodes.models import Account, ContactRequest

_log = structlog.get_logger(__name__)


def ask_to_withdraw(account: Account, fingerprint: str, *, now: datetime) -> Held | None:
    """Withdraw the trust in a contact, after the time in which it can be undone.

    Returns:
        What is held; `None` when it has been done at once.

    Raises:
        UserError: there is no trust to withdraw, or this node may not withdraw it.
    """
    _try_to_withdraw(account, fingerprint)
    with transaction.atomic():
        tell(account.pk, "contacts")
        return held.hold(account, Held.Kind.WITHDRAW, fingerprint, now=now)


def ask_to_block(account: Account, fingerprint: str, *, now: datetime) -> Held | None:
    """Block somebody: at once for what comes in, and withdraw the trust after the time to undo.

    Returns:
        What is held; `None` when there is nothing that can be undone by it.

    Raises:
        UserError: the account does not know this user, or this node may not withdraw its trust.
    """
    if contacts.contact_view(account, fingerprint) is None:
        raise UserError(gettext("That is none of your contacts."))
    given = current_facts().gives(str(account.fingerprint), fingerprint, now)
    if given:
        _try_to_withdraw(account, fingerprint)
    with transaction.atomic():
        name = clean_name(profile_name(fingerprint)) or fingerprint[:12]
        row, _ = Contact.objects.get_or_create(
            account=account, user=fingerprint, defaults={"name": name[:200]}
        )
        row.blocked = now
        row.save(update_fields=["blocked"])
        _drop_requests(account, fingerprint)
        tell(account.pk, "contacts")
        # Blocking does what withdrawing would have done.
        Held.objects.filter(account=account, kind=Held.Kind.WITHDRAW, about=fingerprint).delete()
        return held.hold(account, Held.Kind.BLOCK, fingerprint, now=now) if given else None


def unblock(account: Account, fingerprint: str) -> None:
    """Let a blocked contact's mail in again; what came meanwhile is filed if there is trust.

    Raises:
        UserError: that contact is not blocked.
    """
    with transaction.atomic():
        rows = Contact.objects.filter(account=account, user=fingerprint).exclude(blocked=None)
        if not rows.update(blocked=None):
            raise UserError(gettext("That contact is not blocked."))
        Held.objects.filter(account=account, kind=Held.Kind.BLOCK, about=fingerprint).delete()
        tell(account.pk, "contacts")
        tell(account.pk, "held")
        read_again(fingerprint)


def ending(account: Account, fingerprint: str) -> str:
    """Say what waits to be done about a contact: `withdraw`, `block`, or nothing."""
    rows = Held.objects.filter(
        account=account, about=fingerprint, kind__in=(Held.Kind.WITHDRAW, Held.Kind.BLOCK)
    )
    return rows.values_list("kind", flat=True).first() or ""


def _try_to_withdraw(account: Account, fingerprint: str) -> None:
    """Do it and take it back, so that what cannot be done is said now and not when it is due."""
    with transaction.atomic():
        with suppress(MustWait):  # it is held until then
            contacts.withdraw(account, fingerprint)
        transaction.set_rollback(True)


def _drop_requests(account: Account, fingerprint: str) -> None:
    ContactRequest.objects.filter(user=account.fingerprint, stranger=fingerprint).delete()


def _withdraw(account: Account, fingerprint: str) -> None:
    contacts.withdraw(account, fingerprint)


def _block(account: Account, fingerprint: str) -> None:
    if current_facts().gives(str(account.fingerprint), fingerprint, timezone.now()):
        contacts.withdraw(account, fingerprint)
    _drop_requests(account, fingerprint)
    tell(account.pk, "contacts")


def _failed(account: Account, fingerprint: str, why: str) -> None:
    """Leave things as they are: the contact's page goes on to say that the trust is given."""
    _log.warning("trust was not withdrawn", account=account.pk, about=fingerprint[:12], why=why)
    tell(account.pk, "contacts")


def _name(account: Account, fingerprint: str) -> str:
    return short_name(People(account)(fingerprint).name)


def _withdraw_words(account: Account, fingerprint: str) -> str:
    words = gettext("Trust in %(name)s is withdrawn") % {"name": _name(account, fingerprint)}
    return words + "\n" + gettext("Until then nothing leaves this node.")


def _block_words(account: Account, fingerprint: str) -> str:
    words = gettext("%(name)s is blocked, and trust is withdrawn")
    words %= {"name": _name(account, fingerprint)}
    return words + "\n" + gettext("Until then nothing leaves this node.")


def _unwithdraw(account: Account, _fingerprint: str) -> None:
    tell(account.pk, "contacts")


def _unblock(account: Account, fingerprint: str) -> None:
    Contact.objects.filter(account=account, user=fingerprint).update(blocked=None)
    tell(account.pk, "contacts")
    read_again(fingerprint)


WITHDRAWING: Final = Doing(_withdraw, _failed, _withdraw_words, _unwithdraw)
BLOCKING: Final = Doing(_block, _failed, _block_words, _unblock)
