"""What guests do with the link of an invitation: get an account here, or become a contact.

A guest from elsewhere leaves the token of the link with a card of his own (`leave_card`); what his
node is told is that it was taken or that it was not, and no more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext

from journal.enrol import Enrolment, enrol
from journal.recover import recover
from journal.restored import is_waiting
from mail import contacts, flags
from mail.cards import export_card
from mail.invitations import State, find, state_of
from mail.live import tell
from mail.models import Contact, Invitation, InvitationUse
from mail.presentation import clean_name
from nodes.changes import tell_owner
from nodes.errors import UserError
from nodes.facts import current_facts
from nodes.models import Account, ContactRequest
from sdmp import limits

LEFT_BYTES: Final = 256 * limits.KIB
"""Of a card that a stranger leaves: one with sixteen nodes has less than half of that."""


@dataclass(frozen=True, slots=True)
class Guest:
    """An invitation, as its guest sees it: who invites, to what, and until when."""

    kind: str
    state: str
    name: str
    fingerprint: str
    note: str
    expires: datetime
    single_use: bool
    at_once: bool
    proposed: str  # name

    @property
    def groups(self) -> list[str]:
        """The fingerprint in groups that can be read out."""
        return [self.fingerprint[start : start + 6] for start in range(0, 86, 6)]


def look(token: str, now: datetime) -> Guest | None:
    """Say what an invitation offers to whoever has its token; `None` when there is none."""
    row = find(token)
    if row is None:
        return None
    return Guest(
        kind=row.kind,
        state=state_of(row, now).value,
        name=row.account.get_full_name(),
        fingerprint=str(row.account.fingerprint),
        note=row.note,
        expires=row.expires,
        single_use=row.single_use,
        at_once=row.accept_at_once,
        proposed=row.name,
    )


def card_for(token: str, now: datetime) -> bytes | None:
    """Give the card of who invites to be a contact, while the invitation is open."""
    row = find(token)
    if row is None or row.kind != Invitation.Kind.CONTACT or state_of(row, now) is not State.OPEN:
        return None
    return export_card(row.account)


def make_account(token: str, *, name: str, password: str, now: datetime) -> Enrolment:
    """Make the guest an account here; guest and host become contacts of each other.

    Raises:
        UserError: the invitation is not open (any more), or a value will not do; nothing is
            written, and the invitation is as it was.
    """
    with transaction.atomic():
        row = _take_or_refuse(token, Invitation.Kind.ACCOUNT, now)
        enrolment = enrol("", name=clean_name(name), password=password)
        _settle(row, enrolment.account, now)
        tell_owner("account.make", enrolment.account, invited_by=row.account.username)
    return enrolment


def recover_account(
    token: str, *, kit: bytes, phrase: str, name: str, password: str, now: datetime
) -> Account:
    """Make the guest an account of an identity that the guest has already, from a recovery kit.

    Raises:
        UserError: as `make_account`, and when the words do not open the kit.
    """
    with transaction.atomic():
        row = _take_or_refuse(token, Invitation.Kind.ACCOUNT, now)
        guest = recover(kit=kit, phrase=phrase, name=clean_name(name), password=password)
        _settle(row, guest, now)
        tell_owner("account.recover", guest, invited_by=row.account.username)
    return guest


def come_in(account: Account, token: str, now: datetime) -> str:
    """Use an invitation to be a contact as somebody of this very node.

    Returns:
        The fingerprint of who has invited.

    Raises:
        UserError: it is not open (any more), or is the account's own.
    """
    with transaction.atomic():
        row = _take_or_refuse(token, Invitation.Kind.CONTACT, now)
        if row.account_id == account.pk:
            raise UserError(gettext("This is your own invitation."))
        befriend(account, row.account)
        _receive(row, export_card(account), str(account.fingerprint), "", now)
    return str(row.account.fingerprint)


def leave_card(token: str, data: bytes, now: datetime) -> bool:
    """Take the card that a guest's node leaves with the token of an invitation.

    Nobody has proved that it comes from the card's owner: the card certifies whose it is, and a
    trust for a stranger tells him nothing. Doing it twice changes nothing.

    Returns:
        Whether it was taken; why not is nobody's business.
    """
    row = find(token)
    if row is None or row.kind != Invitation.Kind.CONTACT or len(data) > LEFT_BYTES:
        return False
    came_before = state_of(row, now) is not State.OPEN
    if came_before and not row.uses.exists():
        return False
    try:
        card = contacts.describe_card(data)
        with transaction.atomic():
            if row.uses.filter(user=card.fingerprint).exists():
                return True
            taken = _take(token, Invitation.Kind.CONTACT, now)
            if taken is None or card.fingerprint == taken.account.fingerprint:
                return False
            node = card.nodes[0].fingerprint if card.nodes else ""
            return _receive(taken, data, card.fingerprint, node, now)
    except UserError:
        return False


def befriend(account: Account, other: Account) -> None:
    """Let somebody of this node read what the account publishes, and into its inbox.

    Raises:
        UserError: this node may not make trusts for the account.
    """
    contacts.add_contact(account, export_card(other))
    flags.let_in(account, str(other.fingerprint))


def _receive(row: Invitation, card: bytes, user: str, node: str, now: datetime) -> bool:
    """Add a guest to the host's contacts, or ask the host, as the invitation says.

    Raises:
        UserError: this node may not make trusts for the host.
    """
    host = row.account
    if Contact.objects.filter(account=host, user=user).exclude(blocked=None).exists():
        return True  # a blocked guest is told nothing, and uses nothing up
    # While the host's account catches up after a restore nothing is published for it.
    at_once = row.accept_at_once and not is_waiting(host.fingerprint)
    known = current_facts().gives(str(host.fingerprint), user, now)
    if not known and not at_once:
        others = ContactRequest.objects.filter(user=host.fingerprint, ignored=None)
        if others.exclude(stranger=user).count() >= limits.CONTACT_REQUESTS_PER_USER:
            return False
    _note_use(row, user, now)
    if known or at_once:
        contacts.add_contact(host, card)
        flags.let_in(host, user)
        return True
    ContactRequest.objects.update_or_create(
        user=host.fingerprint,
        stranger=user,
        defaults={
            "node": node,
            "credentials": card,
            "received": now,
            "invitation": row.pk,
            "ignored": None,
        },
    )
    tell(host.pk, "contacts")
    return True


def _take(token: str, kind: str, now: datetime) -> Invitation | None:
    """Lock an open invitation until the transaction ends, so that two guests take turns."""
    found = find(token)
    if found is None or found.kind != kind:
        return None
    row = Invitation.objects.select_for_update().get(pk=found.pk)
    row.account = found.account
    return row if state_of(row, now) is State.OPEN else None


def _take_or_refuse(token: str, kind: str, now: datetime) -> Invitation:
    row = _take(token, kind, now)
    if row is None:
        raise UserError(gettext("This invitation is not open any more."))
    return row


def _settle(row: Invitation, guest: Account, now: datetime) -> None:
    """Make a guest with a new account and the host contacts of each other."""
    _note_use(row, str(guest.fingerprint), now)
    befriend(row.account, guest)
    befriend(guest, row.account)


def _note_use(row: Invitation, user: str, now: datetime) -> None:
    _, new = InvitationUse.objects.get_or_create(invitation=row, user=user, defaults={"at": now})
    if new:
        Invitation.objects.filter(pk=row.pk).update(used=F("used") + 1)
