"""Requests: who trusts an account without being trusted back (protocol §10).

They wait silently. Ignoring or blocking one tells nobody; accepting one makes the trust, which is
how the other hears of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from journal.credentials import card_of
from journal.models import Resource
from mail import contacts, flags
from mail.contacts import CardSummary, ContactView
from mail.live import tell
from mail.models import Contact, Invitation
from mail.people import profile_names
from mail.presentation import clean_name
from nodes.addresses import node_name
from nodes.errors import UserError
from nodes.facts import current_facts
from nodes.models import Account, ContactRequest
from sdmp.trust import Facts


@dataclass(frozen=True, slots=True)
class Request:
    """Somebody who asks; what they say of themselves is their own word."""

    fingerprint: str
    name: str  # the one on their card, nothing when the request carried none
    local: bool  # a person on this node
    node: str  # the name of the node that asked for them
    at: datetime | None
    invited: bool  # by an invitation of the account
    note: str  # of that invitation


def list_requests(account: Account) -> list[Request]:
    """List who asks, the latest first: neither accepted nor ignored nor blocked."""
    own, facts = str(account.fingerprint), current_facts()
    rows = {row.stranger: row for row in ContactRequest.objects.filter(user=own)}
    asking = _asking(account, rows, facts)
    if not asking:
        return []
    local = Account.objects.filter(fingerprint__in=asking)
    here = set(local.values_list("fingerprint", flat=True))
    names = profile_names(asking)
    notes = _notes(account, rows.values())
    since = _trusted_since(own, asking - rows.keys(), facts)
    found = []
    for user in asking:
        row = rows.get(user)
        card = _card(row) if row and (user not in names or row.node) else None
        found.append(
            Request(
                fingerprint=user,
                name=clean_name(names.get(user) or (card.name if card else "")),
                local=user in here,
                node=_node(row.node, card) if row and row.node else "",
                at=row.received if row else since.get(user),
                invited=bool(row and row.invitation in notes),
                note=notes.get(row.invitation, "") if row else "",
            )
        )
    none = datetime.min.replace(tzinfo=timezone.get_default_timezone())
    return sorted(found, key=lambda item: (item.at or none, item.fingerprint), reverse=True)


def count_requests(account: Account) -> int:
    """Count who asks."""
    rows = ContactRequest.objects.filter(user=account.fingerprint)
    return len(_asking(account, {row.stranger: row for row in rows}, current_facts()))


def accept(account: Account, fingerprint: str) -> ContactView:
    """Make a contact of who asks: the trust, and no more.

    Who came by the account's own invitation, or lives on this node, is let in too.

    Raises:
        UserError: there is no such request, or this node may not make trusts.
    """
    rows = ContactRequest.objects.filter(user=account.fingerprint, stranger=fingerprint)
    invited = rows.exclude(invitation=None).exists()
    with transaction.atomic():
        added = contacts.accept_request(account, fingerprint)
        if invited or added.local:
            flags.let_in(account, fingerprint)
    return contacts.contact(account, fingerprint) or added


def ignore(account: Account, fingerprint: str) -> str:
    """Take a request out of sight, also when it comes again; returns the name of who asked.

    Raises:
        UserError: there is no such request.
    """
    with transaction.atomic():
        asked = _find(account, fingerprint)
        _mark(account, fingerprint, timezone.now())
        tell(account.pk, "contacts")
    return asked.name


def unignore(account: Account, fingerprint: str) -> None:
    """Bring back a request that was ignored."""
    with transaction.atomic():
        rows = ContactRequest.objects.filter(user=account.fingerprint, stranger=fingerprint)
        rows.update(ignored=None)
        tell(account.pk, "contacts")


def block(account: Account, fingerprint: str) -> str:
    """Block who asks; returns the name.

    There is no trust to withdraw, so nothing leaves this node and all of it can be undone.

    Raises:
        UserError: there is no such request.
    """
    now = timezone.now()
    with transaction.atomic():
        asked = _find(account, fingerprint)
        _mark(account, fingerprint, now)
        name = asked.name or fingerprint[:12]
        Contact.objects.update_or_create(
            account=account,
            user=fingerprint,
            defaults={"blocked": now},
            create_defaults={"blocked": now, "name": name[:200]},
        )
        tell(account.pk, "contacts")
    return asked.name


def unblock(account: Account, fingerprint: str) -> None:
    """Take back the blocking of a request: it waits again, as if nothing had been."""
    own = str(account.fingerprint)
    with transaction.atomic():
        rows = Contact.objects.filter(account=account, user=fingerprint).exclude(blocked=None)
        if current_facts().trusts_between(own, fingerprint):
            rows.update(blocked=None)
        else:
            rows.delete()
        unignore(account, fingerprint)


def _asking(account: Account, rows: Mapping[str, ContactRequest], facts: Facts) -> set[str]:
    """Say who asks: by a request that is kept, or by a trust that is known here."""
    own, now = str(account.fingerprint), timezone.now()
    giving = {user for user in facts.issuers(own, "user") if facts.gives(user, own, now)}
    asking = {user for user, row in rows.items() if row.ignored is None} | (giving - rows.keys())
    asking -= {user for user in asking if facts.gives(own, user, now)} | {own}
    known = Contact.objects.filter(account=account, user__in=asking)
    # Whose trust was withdrawn stands among the contacts; only an invitation asks for him anew.
    for user, blocked in known.values_list("user", "blocked"):
        row = rows.get(user)
        if blocked is not None or row is None or row.invitation is None:
            asking.discard(user)
    return asking


def _find(account: Account, fingerprint: str) -> Request:
    found = [one for one in list_requests(account) if one.fingerprint == fingerprint]
    if not found:
        raise UserError(gettext("There is no such request."))
    return found[0]


def _mark(account: Account, fingerprint: str, now: datetime) -> None:
    """Note that a request is ignored; a trust that came without one gets a row for that."""
    own = str(account.fingerprint)
    if ContactRequest.objects.filter(user=own, stranger=fingerprint).update(ignored=now):
        return
    ContactRequest.objects.create(
        user=own,
        stranger=fingerprint,
        node="",
        credentials=card_of(fingerprint, current_facts(), now),
        received=now,
        ignored=now,
    )


def _notes(account: Account, rows: Iterable[ContactRequest]) -> dict[int | None, str]:
    keys = {row.invitation for row in rows if row.invitation is not None}
    found = Invitation.objects.filter(account=account, pk__in=keys)
    return dict(found.values_list("pk", "note"))


def _trusted_since(own: str, users: Iterable[str], facts: Facts) -> dict[str, datetime]:
    """Say when the trusts of users for one of ours came here."""
    by_trust = {
        trust.identifier: user for user in users for trust in facts.trusts_between(user, own)
    }
    rows = Resource.objects.filter(identifier__in=by_trust).order_by("pk")
    return {by_trust[key]: at for key, at in rows.values_list("identifier", "received")}


def _card(row: ContactRequest) -> CardSummary | None:
    try:
        return contacts.describe_card(bytes(row.credentials))
    except UserError:
        return None


def _node(fingerprint: str, card: CardSummary | None) -> str:
    on_card = [node.name for node in card.nodes if node.fingerprint == fingerprint] if card else []
    return clean_name(node_name(fingerprint) or next(iter(on_card), ""))
