"""Inviting people: to an account on this node, or to be a contact from another one.

Whoever has the link can use it while it is open, so the link is a secret: it is shown once, and
only a hash of its token is kept here. What a guest does with it is in `mail.guests`.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from journal.publish import trust_to_name
from mail import requests
from mail.allowed import check_may_invite
from mail.models import Contact, Invitation
from mail.people import People, Person, profile_name
from mail.presentation import clean_name
from nodes.errors import UserError
from nodes.facts import current_facts
from nodes.models import Account
from nodes.setup import hash_token, web_url
from sdmp.trust import CREATE_TRUST, READ_RESOURCE

LIFETIMES: Final[Mapping[str, timedelta]] = {
    "day": timedelta(days=1),
    "week": timedelta(days=7),
    "month": timedelta(days=30),
}
MOST_OPEN: Final = 100

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


def invite(
    account: Account,
    *,
    kind: str,
    lifetime: str,
    note: str = "",
    name: str = "",
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
        name: what the guest is called, as a proposal for an account.
        single_use: whether the first guest uses it up.
        accept_at_once: whether who comes by it is a contact without being asked for again.
        now: the present moment.

    Raises:
        UserError: the account may not do that.
    """
    check_may_invite(account)
    if not may_invite(account):
        raise UserError(gettext("This account has not given this node the power to do that."))
    if kind == Invitation.Kind.ACCOUNT and not account.is_staff:
        raise UserError(gettext("Only the owner of this node invites to accounts."))
    _check_room_for_one(account, now)
    token = secrets.token_urlsafe(24)
    row = Invitation.objects.create(
        account=account,
        kind=Invitation.Kind(kind),
        token_hash=hash_token(token),
        note=clean_name(note)[:500],
        name=clean_name(name)[:200],
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
    return Invitation.objects.filter(account=account, pk=key, token_hash=hash_token(token)).exists()


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


def restore(account: Account, key: int, now: datetime) -> bool:
    """Take a withdrawal back; false when there is none, or the invitation has ended meanwhile.

    Raises:
        UserError: there are as many open ones as there may be, or the account may not invite.
    """
    check_may_invite(account)
    with transaction.atomic():
        Account.objects.select_for_update().only("pk").get(pk=account.pk)
        rows = Invitation.objects.filter(account=account, pk=key).exclude(withdrawn=None)
        if rows.filter(expires__gt=now).exclude(single_use=True, used__gt=0).exists():
            _check_room_for_one(account, now)
        return bool(rows.update(withdrawn=None))


def find(token: str) -> Invitation | None:
    """Find the invitation with a token, whatever has become of it."""
    if not _TOKEN.fullmatch(token):
        return None
    rows = Invitation.objects.select_related("account")
    return rows.filter(token_hash=hash_token(token), account__is_active=True).first()


def state_of(row: Invitation, now: datetime) -> State:
    """Say what has become of an invitation."""
    if row.withdrawn is not None:
        return State.WITHDRAWN
    if row.single_use and row.used:
        return State.USED
    allowed = row.account.may_invite and row.account.is_active
    if row.kind == Invitation.Kind.ACCOUNT:
        allowed = allowed and row.account.is_staff
    if row.expires <= now or not allowed:
        return State.ENDED
    return State.OPEN


def _check_room_for_one(account: Account, now: datetime) -> None:
    """Make sure that one more invitation may be open. Raises UserError."""
    open_ones = Invitation.objects.filter(account=account, withdrawn=None, expires__gt=now)
    if open_ones.exclude(single_use=True, used__gt=0).count() >= MOST_OPEN:
        raise UserError(gettext("There are too many open invitations; withdraw some first."))


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
        state=state_of(row, now).value,
        used=row.used,
        people=[people[use.user] for use in row.uses.all()],
    )
