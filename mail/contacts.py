"""The people an account knows: adding them by card, naming them, trusting them (§6, §12)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from journal.accept import accept
from journal.credentials import card_of, judge_shown
from journal.trusts import trust_user
from journal.trusts import withdraw as withdraw_trust
from mail.contact_view import (
    ContactView,
    NodeView,
    Readers,
    can_write_to,
    contact_view,
    list_contacts,
    node_views,
    readers,
)
from mail.live import tell
from mail.models import Contact
from mail.people import profile_name
from mail.presentation import clean_name
from nodes import keystore
from nodes.errors import UserError
from nodes.facts import current_facts
from nodes.models import Account, ContactRequest
from sdmp.acceptance import Accepted
from sdmp.card import read_card
from sdmp.errors import SdmpError
from sdmp.trust import READ_ENCRYPTED, Facts, State

__all__ = [
    "CardSummary",
    "ContactView",
    "NodeView",
    "Readers",
    "accept_request",
    "add_contact",
    "can_write_to",
    "contact",
    "contact_view",
    "describe_card",
    "list_contacts",
    "node_views",
    "readers",
    "remove",
    "rename",
    "trust_again",
    "withdraw",
]

contact = contact_view


@dataclass(frozen=True, slots=True)
class CardSummary:
    """Whose card it is, and what it says."""

    fingerprint: str
    name: str
    about: str
    nodes: list[NodeView]
    expires: datetime


def describe_card(data: bytes) -> CardSummary:
    """Read a card and say whose it is; nothing is kept.

    Raises:
        UserError: it is no card, or does not certify itself.
    """
    user, facts, accepted = _read(data)
    about, name = "", ""
    for passed in accepted:
        if passed.resource.kind == "user" and passed.resource.user == user:
            section = passed.resource.sections["user"]
            assert isinstance(section, dict)
            name, about = str(section["name"]), str(section.get("about", ""))
    now = timezone.now()
    nodes = [
        NodeView(node, _shown_name(node, accepted), READ_ENCRYPTED in powers, None)
        for node, powers in sorted(facts.nodes_of(user, now).items())
    ]
    expires = max(copy.expires for copy in facts.copies(user, user))
    return CardSummary(user, name, about, nodes, expires)


def add_contact(account: Account, data: bytes, name: str | None = None) -> ContactView:
    """Keep a card, and let its user read what the account publishes.

    Args:
        account: who adds.
        data: the card as it was handed over.
        name: what the account calls the user; the user's own name when not given.

    Raises:
        UserError: one sentence that says what is wrong; nothing is kept.
    """
    if account.fingerprint is None:
        raise UserError(gettext("The account has no identity."))
    user, _, accepted = _read(data)
    if user == account.fingerprint:
        raise UserError(gettext("That is your own card."))
    now = timezone.now()
    with transaction.atomic():
        accept([passed.resource.envelope for passed in accepted], now=now)
        trust_user(account.fingerprint, user, now=now)
        chosen = clean_name(name or "") or clean_name(profile_name(user)) or user[:12]
        contact, made = Contact.objects.get_or_create(
            account=account, user=user, defaults={"name": chosen[:200]}
        )
        if not made:
            contact.blocked = None
            if name:
                contact.name = chosen[:200]
            contact.save()
        ContactRequest.objects.filter(user=account.fingerprint, stranger=user).delete()
        tell(account.pk, "contacts")
    found = contact_view(account, user)
    assert found is not None
    return found


def accept_request(account: Account, fingerprint: str, name: str | None = None) -> ContactView:
    """Add the stranger of a contact request.

    Raises:
        UserError: there is no such request.
    """
    request = ContactRequest.objects.filter(user=account.fingerprint, stranger=fingerprint).first()
    if request is not None:
        return add_contact(account, bytes(request.credentials), name)
    facts, now = current_facts(), timezone.now()
    if not facts.gives(fingerprint, str(account.fingerprint), now):
        raise UserError(gettext("There is no such request."))
    return add_contact(account, card_of(fingerprint, facts, now), name)


def withdraw(account: Account, fingerprint: str) -> None:
    """Withdraw the trust for a contact, which stops the exchange at once.

    Raises:
        UserError: there is none to withdraw.
    """
    with transaction.atomic():
        withdraw_trust(str(account.fingerprint), fingerprint, now=timezone.now())
        tell(account.pk, "contacts")


def trust_again(account: Account, fingerprint: str) -> ContactView:
    """Trust somebody once more whose identity is still known here; no card is needed.

    Raises:
        UserError: the identity is not known or has ended, or this node may not make trusts.
    """
    facts, now, own = current_facts(), timezone.now(), str(account.fingerprint)
    if not _have_met(account, fingerprint, facts):
        raise UserError(gettext("That is none of your contacts."))
    standing = facts.user_state(fingerprint, now)
    if standing is State.UNKNOWN:
        raise UserError(gettext("Their identity is not known here; ask for a card."))
    if standing is not State.CURRENT:
        raise UserError(gettext("Their identity has ended; ask for a new card."))
    with transaction.atomic():
        trust_user(own, fingerprint, now=now)
        name = clean_name(profile_name(fingerprint)) or fingerprint[:12]
        row, _ = Contact.objects.get_or_create(
            account=account, user=fingerprint, defaults={"name": name[:200]}
        )
        if row.blocked is not None:
            row.blocked = None
            row.save(update_fields=["blocked"])
        ContactRequest.objects.filter(user=own, stranger=fingerprint).delete()
        tell(account.pk, "contacts")
    found = contact_view(account, fingerprint)
    assert found is not None
    return found


def rename(account: Account, fingerprint: str, name: str) -> None:
    """Give a contact the name by which the account knows it.

    Raises:
        UserError: the name is empty, or that is no contact.
    """
    chosen = clean_name(name)[:200].strip()
    if not chosen:
        raise UserError(gettext("A contact needs a name."))
    with transaction.atomic():
        if not Contact.objects.filter(account=account, user=fingerprint).update(name=chosen):
            raise UserError(gettext("That is none of your contacts."))
        tell(account.pk, "contacts")
        tell(account.pk, "counts")


def remove(account: Account, fingerprint: str) -> None:
    """Take a contact out of the list, once the account trusts it no more.

    Letters stay. Somebody who still trusts the account is ignored like a request, so that taking
    him out does not bring him back as one who asks.

    Raises:
        UserError: there is no such contact, or the account still trusts or blocks it.
    """
    facts, now, own = current_facts(), timezone.now(), str(account.fingerprint)
    with transaction.atomic():
        row = Contact.objects.filter(account=account, user=fingerprint).first()
        if row is None:
            raise UserError(gettext("That is none of your contacts."))
        if row.blocked is not None:
            raise UserError(gettext("Somebody who is blocked stays in the list."))
        if facts.gives(own, fingerprint, now):
            raise UserError(gettext("Withdraw your trust first."))
        row.delete()
        if facts.gives(fingerprint, own, now):
            card = card_of(fingerprint, facts, now)
            ContactRequest.objects.update_or_create(
                user=own, stranger=fingerprint, defaults={"credentials": card, "ignored": now}
            )
        tell(account.pk, "contacts")


def _have_met(account: Account, fingerprint: str, facts: Facts) -> bool:
    """Tell whether the account has the user in its list, or has trusted it before."""
    known = Contact.objects.filter(account=account, user=fingerprint).exists()
    return known or bool(facts.trusts_between(str(account.fingerprint), fingerprint))


def _read(data: bytes) -> tuple[str, Facts, list[Accepted]]:
    """Read a card and check what it holds, in memory; say whose it is.

    Raises:
        UserError: it is no card, or does not hold a valid identity.
    """
    try:
        shown = read_card(data)
    except SdmpError as error:
        raise UserError(gettext("This is not a card: %(reason)s") % {"reason": error}) from None
    facts, accepted = judge_shown(shown, here=keystore.node_fingerprint(), now=timezone.now())
    identities = [a.resource for a in accepted if a.resource.kind == "identity"]
    users = {resource.user for resource in identities if resource.signer == resource.user}
    if len(users) != 1:
        raise UserError(gettext("This card does not hold the identity of one person."))
    [user] = users
    if facts.user_state(user, timezone.now()).value != "current":
        raise UserError(gettext("The identity on this card has ended; ask for a new card."))
    return user, facts, [a for a in accepted if a.resource.user == user]


def _shown_name(node: str, accepted: Sequence[Accepted]) -> str:
    for passed in accepted:
        if passed.resource.kind == "node" and passed.resource.signer == node:
            section = passed.resource.sections["node"]
            assert isinstance(section, dict)
            return str(section.get("name", ""))
    return ""
