"""Inviting people: to an account on this node, or to be a contact from another one.

Whoever has the link can use it while it is open, so the link is a secret: it is shown once, and
only a hash of its token is kept here. A guest from elsewhere leaves the token with a card of his
own (`leave_card`); what his node is told is that it was taken or that it was not, and no more.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext

from journal.enrol import Enrolment, enrol
from journal.publish import trust_to_name
from journal.recover import recover
from mail import contacts, flags, requests
from mail.cards import export_card
from mail.live import tell
from mail.models import Contact, Invitation, InvitationUse
from mail.people import People, Person, profile_name
from mail.presentation import clean_name
from nodes.errors import UserError
from nodes.facts import current_facts
from nodes.models import Account, ContactRequest
from nodes.setup import web_url
from sdmp import limits
from sdmp.trust import CREATE_TRUST, READ_RESOURCE

LIFETIMES: Final[Mapping[str, timedelta]] = {
    "day": timedelta(days=1),
    "week": timedelta(days=7),
    "month": timedelta(days=30),
}
MOST_OPEN: Final = 100
LEFT_BYTES: Final = 256 * limits.KIB
"""Of a card that a stranger leaves: one with sixteen nodes has less than half of that."""

_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{20,64}")


class State(Enum):
    """What has become of an invitation."""

    OPEN = "open"
    USED = "used"
    ENDED = "ended"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class InvitationView:
    """An invitation, as the one who made it sees it."""

    key: int
    kind: str
    note: str
    single_use: bool
    at_once: bool
    created: datetime
    expires: datetime
    withdrawn: datetime | None
    state: str
    used: int
    people: list[Person]


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

    @property
    def groups(self) -> list[str]:
        """The fingerprint in groups that can be read out."""
        return [self.fingerprint[start : start + 6] for start in range(0, 86, 6)]


# --- Of the one who invites ----------------------------------------------------------------


def invite(
    account: Account,
    *,
    kind: str,
    lifetime: str,
    note: str = "",
    single_use: bool = True,
    accept_at_once: bool = False,
    now: datetime,
) -> tuple[Invitation, str]:
    """Make an invitation; returns it with its token, which is kept nowhere.

    Args:
        account: who invites.
        kind: one of `Invitation.Kind`; only an owner of the node invites to accounts.
        lifetime: one of `LIFETIMES`.
        note: what the guest is shown beside the name.
        single_use: whether the first guest uses it up.
        accept_at_once: whether who comes by it is a contact without being asked for again.
        now: the present moment.

    Raises:
        UserError: the account may not do that.
    """
    if not may_invite(account):
        raise UserError(gettext("This account has not given this node the power to do that."))
    if kind == Invitation.Kind.ACCOUNT and not account.is_staff:
        raise UserError(gettext("Only the owner of this node invites to accounts."))
    open_ones = Invitation.objects.filter(account=account, withdrawn=None, expires__gt=now)
    if open_ones.exclude(single_use=True, used__gt=0).count() >= MOST_OPEN:
        raise UserError(gettext("There are too many open invitations; withdraw some first."))
    token = secrets.token_urlsafe(24)
    row = Invitation.objects.create(
        account=account,
        kind=Invitation.Kind(kind),
        token_hash=_hash(token),
        note=clean_name(note)[:500],
        single_use=single_use,
        accept_at_once=accept_at_once and kind == Invitation.Kind.CONTACT,
        expires=now + LIFETIMES[lifetime],
        created=now,
    )
    return row, token


def may_invite(account: Account) -> bool:
    """Tell whether this node can make the trust that an invitation promises."""
    if account.fingerprint is None or account.is_echo:
        return False
    needs = frozenset({CREATE_TRUST, READ_RESOURCE})
    try:
        trust_to_name(current_facts(), account.fingerprint, needs, timezone.now())
    except UserError:
        return False
    return True


def link_of(token: str) -> str:
    """Give the address that a guest opens."""
    return f"{web_url()}/invite/{token}"


def is_token_of(account: Account, key: int, token: str) -> bool:
    """Tell whether a token, kept by a browser, is that of this invitation."""
    return Invitation.objects.filter(account=account, pk=key, token_hash=_hash(token)).exists()


def list_invitations(account: Account, now: datetime) -> list[InvitationView]:
    """List the invitations of an account, open ones first, then the latest."""
    rows = Invitation.objects.filter(account=account).prefetch_related("uses").order_by("-pk")
    listed = list(rows[:200])
    people = _people(account, {use.user for row in listed for use in row.uses.all()})
    views = [_view(row, people, now) for row in listed]
    return sorted(views, key=lambda view: view.state != State.OPEN.value)


def invitation(account: Account, key: int, now: datetime) -> InvitationView | None:
    """Describe one invitation of an account; `None` when it has none of that number."""
    row = Invitation.objects.filter(account=account, pk=key).first()
    if row is None:
        return None
    return _view(row, _people(account, {use.user for use in row.uses.all()}), now)


def withdraw(account: Account, key: int, now: datetime) -> bool:
    """Withdraw an open invitation; false when there is none of that number, or it has ended."""
    rows = Invitation.objects.filter(account=account, pk=key, withdrawn=None, expires__gt=now)
    return bool(rows.update(withdrawn=now))


def restore(account: Account, key: int) -> bool:
    """Take a withdrawal back."""
    rows = Invitation.objects.filter(account=account, pk=key).exclude(withdrawn=None)
    return bool(rows.update(withdrawn=None))


# --- Of the guest --------------------------------------------------------------------------


def look(token: str, now: datetime) -> Guest | None:
    """Say what an invitation offers to whoever has its token; `None` when there is none."""
    row = _find(token)
    if row is None:
        return None
    return Guest(
        kind=row.kind,
        state=_state(row, now).value,
        name=row.account.get_full_name(),
        fingerprint=str(row.account.fingerprint),
        note=row.note,
        expires=row.expires,
        single_use=row.single_use,
        at_once=row.accept_at_once,
    )


def card_for(token: str, now: datetime) -> bytes | None:
    """Give the card of who invites to be a contact, while the invitation is open."""
    row = _find(token)
    if row is None or row.kind != Invitation.Kind.CONTACT or _state(row, now) is not State.OPEN:
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
    row = _find(token)
    if row is None or row.kind != Invitation.Kind.CONTACT or len(data) > LEFT_BYTES:
        return False
    came_before = _state(row, now) is not State.OPEN
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
    known = current_facts().gives(str(host.fingerprint), user, now)
    if not known and not row.accept_at_once:
        others = ContactRequest.objects.filter(user=host.fingerprint, ignored=None)
        if others.exclude(stranger=user).count() >= limits.CONTACT_REQUESTS_PER_USER:
            return False
    _note_use(row, user, now)
    if known or row.accept_at_once:
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
    found = _find(token)
    if found is None or found.kind != kind:
        return None
    row = Invitation.objects.select_for_update().get(pk=found.pk)
    row.account = found.account
    return row if _state(row, now) is State.OPEN else None


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


def _find(token: str) -> Invitation | None:
    if not _TOKEN.fullmatch(token):
        return None
    rows = Invitation.objects.select_related("account")
    return rows.filter(token_hash=_hash(token), account__is_active=True).first()


def _state(row: Invitation, now: datetime) -> State:
    if row.withdrawn is not None:
        return State.WITHDRAWN
    if row.single_use and row.used:
        return State.USED
    if row.expires <= now or (row.kind == Invitation.Kind.ACCOUNT and not row.account.is_staff):
        return State.ENDED
    return State.OPEN


def _people(account: Account, users: set[str]) -> dict[str, Person]:
    """Name the guests of an account: as contacts, or as those whose requests wait call themselves.

    Whom neither names has gone again: "somebody".
    """
    known = People(account)
    known.load(users)
    contacts_too = set(
        Contact.objects.filter(account=account, user__in=users).values_list("user", flat=True)
    )
    asking = {asked.fingerprint: asked.name for asked in requests.list_requests(account)}
    found = {}
    for user in users:
        person = known(user)
        if user not in contacts_too:
            name = asking.get(user) or profile_name(user) or gettext("somebody")
            person = replace(person, name=name)
        found[user] = person
    return found


def _view(row: Invitation, people: Mapping[str, Person], now: datetime) -> InvitationView:
    return InvitationView(
        key=row.pk,
        kind=row.kind,
        note=row.note,
        single_use=row.single_use,
        at_once=row.accept_at_once,
        created=row.created,
        expires=row.expires,
        withdrawn=row.withdrawn,
        state=_state(row, now).value,
        used=row.used,
        people=[people[use.user] for use in row.uses.all()],
    )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
