"""The people an account knows: adding them by card, naming them, withdrawing trust (§6, §12)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from journal.accept import accept
from journal.credentials import card_of, judge_shown
from journal.trusts import ends, trust_user
from journal.trusts import withdraw as withdraw_trust
from mail.live import tell
from mail.models import Contact
from mail.people import People, Person, profile_name
from mail.presentation import clean_name
from mail.readers import reading_nodes
from nodes import keystore
from nodes.addresses import node_name
from nodes.errors import UserError
from nodes.facts import current_facts
from nodes.models import Account, ContactRequest, Peer
from sdmp.acceptance import Accepted
from sdmp.card import read_card
from sdmp.errors import SdmpError
from sdmp.trust import READ_ENCRYPTED, Facts


@dataclass(frozen=True, slots=True)
class NodeView:
    """A node of a contact."""

    fingerprint: str
    name: str
    reads: bool
    last_heard: datetime | None


@dataclass(frozen=True, slots=True)
class ContactView:
    """A person and the trust between them and the account."""

    fingerprint: str
    name: str
    own_name: str
    state: str  # mutual, given, request, blocked or ended
    local: bool
    checked: datetime | None
    given: bool
    given_since: datetime | None
    given_until: datetime | None
    theirs: bool
    theirs_until: datetime | None
    nodes: list[NodeView]


@dataclass(frozen=True, slots=True)
class CardSummary:
    """Whose card it is, and what it says."""

    fingerprint: str
    name: str
    about: str
    nodes: list[NodeView]
    expires: datetime


@dataclass(frozen=True, slots=True)
class Readers:
    """Which nodes will be able to read a message, and which only keep it; with whose they are."""

    nodes: list[tuple[Person, NodeView]]
    relays: list[tuple[Person, NodeView]]


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
        raise UserError("The account has no identity.")
    user, _, accepted = _read(data)
    if user == account.fingerprint:
        raise UserError("That is your own card.")
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
        raise UserError("There is no such request.")
    return add_contact(account, card_of(fingerprint, facts, now), name)


def withdraw(account: Account, fingerprint: str) -> None:
    """Withdraw the trust for a contact, which stops the exchange at once.

    Raises:
        UserError: there is none to withdraw.
    """
    with transaction.atomic():
        withdraw_trust(str(account.fingerprint), fingerprint, now=timezone.now())
        tell(account.pk, "contacts")


def rename(account: Account, fingerprint: str, name: str) -> None:
    """Give a contact the name by which the account knows it.

    Raises:
        UserError: the name is empty.
    """
    if not name.strip():
        raise UserError("A contact needs a name.")
    Contact.objects.filter(account=account, user=fingerprint).update(name=name.strip()[:200])


def list_contacts(account: Account) -> list[ContactView]:
    """List contacts and requests, by name."""
    users = set(Contact.objects.filter(account=account).values_list("user", flat=True))
    requests = ContactRequest.objects.filter(user=account.fingerprint)
    users |= set(requests.values_list("stranger", flat=True))
    facts = current_facts()
    users |= _who_give(str(account.fingerprint), facts)
    users |= {
        user
        for user in facts.trustees(str(account.fingerprint), "user")
        if facts.gives(str(account.fingerprint), user, timezone.now())
    }
    views = _views(account, sorted(users), facts)
    return sorted(views, key=lambda view: (view.name.casefold(), view.fingerprint))


def contact_view(account: Account, fingerprint: str) -> ContactView | None:
    """Describe one contact; `None` when the account does not know the user."""
    known = Contact.objects.filter(account=account, user=fingerprint).exists()
    asked = ContactRequest.objects.filter(user=account.fingerprint, stranger=fingerprint)
    facts = current_facts()
    own = str(account.fingerprint)
    trusted = bool(facts.trusts_between(own, fingerprint))
    gives = facts.gives(fingerprint, own, timezone.now())
    if not (known or trusted or gives or asked.exists()):
        return None
    return _views(account, [fingerprint], facts)[0]


contact = contact_view


def can_write_to(account: Account, fingerprints: Sequence[str]) -> bool:
    """Tell whether the account can write to all of these users: trusted, and not blocked."""
    facts, now, own = current_facts(), timezone.now(), str(account.fingerprint)
    if not all(facts.gives(own, user, now) for user in fingerprints):
        return False
    theirs = Contact.objects.filter(account=account, user__in=fingerprints)
    return not theirs.exclude(blocked=None).exists()


def readers(account: Account, fingerprints: Sequence[str]) -> Readers:
    """Say which nodes will be able to read a message to these people, and which keep it."""
    facts, now = current_facts(), timezone.now()
    people = People(account)
    reading: list[tuple[Person, NodeView]] = []
    keeping: list[tuple[Person, NodeView]] = []
    for user in dict.fromkeys([*fingerprints, str(account.fingerprint)]):
        can_read = set(reading_nodes(user, facts, now))
        for view in _nodes(user, facts, now):
            listed = reading if view.fingerprint in can_read else keeping
            listed.append((people(user), view))
    return Readers(reading, keeping)


def _who_give(user: str, facts: Facts) -> set[str]:
    """List who lets a user read what they publish, from this node or another."""
    now = timezone.now()
    return {other for other in facts.issuers(user, "user") if facts.gives(other, user, now)}


def _views(account: Account, users: Sequence[str], facts: Facts) -> list[ContactView]:
    own, now = str(account.fingerprint), timezone.now()
    names = {c.user: c for c in Contact.objects.filter(account=account, user__in=users)}
    local = set(Account.objects.filter(fingerprint__in=users).values_list("fingerprint", flat=True))
    requests = ContactRequest.objects.filter(user=own, stranger__in=users)
    asking = {request.stranger: request for request in requests}
    views = []
    for user in users:
        row = names.get(user)
        given = facts.gives(own, user, now)
        theirs = facts.gives(user, own, now) or (user in asking and not given)
        views.append(
            ContactView(
                fingerprint=user,
                name=row.name if row else _name_of(user, asking.get(user)),
                own_name=row.name if row else "",
                state=_state(row, given=given, theirs=theirs),
                local=user in local,
                checked=row.checked if row else None,
                given=given,
                given_since=row.added if row and given else None,
                given_until=_until(own, user, facts, now),
                theirs=theirs,
                theirs_until=_until(user, own, facts, now),
                nodes=_nodes(user, facts, now),
            )
        )
    return views


def _state(row: Contact | None, *, given: bool, theirs: bool) -> str:
    if row is not None and row.blocked:
        return "blocked"
    if given:
        return "mutual" if theirs else "given"
    return "request" if theirs else "ended"


def _until(user: str, other: str, facts: Facts, now: datetime) -> datetime | None:
    """Say when the last current trust of a user for another ends; `None` when it does not."""
    moments = [
        trust.expires if ends(trust.expires) else None
        for trust in facts.trusts_between(user, other)
        if trust.type == "user" and facts.is_current(trust, now)
    ]
    known = [moment for moment in moments if moment is not None]
    return max(known) if known and len(known) == len(moments) else None


def _nodes(user: str, facts: Facts, now: datetime) -> list[NodeView]:
    powers = facts.nodes_of(user, now)
    heard = dict(
        Peer.objects.filter(fingerprint__in=powers).values_list("fingerprint", "last_contact")
    )
    return [
        NodeView(node, node_name(node), READ_ENCRYPTED in granted, heard.get(node))
        for node, granted in sorted(powers.items())
    ]


def _name_of(user: str, request: ContactRequest | None) -> str:
    published = profile_name(user)
    if not published and request is not None:
        try:
            published = describe_card(bytes(request.credentials)).name
        except UserError:
            published = ""
    return published or user[:12]


def _read(data: bytes) -> tuple[str, Facts, list[Accepted]]:
    """Read a card and check what it holds, in memory; say whose it is.

    Raises:
        UserError: it is no card, or does not hold a valid identity.
    """
    try:
        shown = read_card(data)
    except SdmpError as error:
        raise UserError(f"This is not a card: {error}") from None
    facts, accepted = judge_shown(shown, here=keystore.node_fingerprint(), now=timezone.now())
    identities = [a.resource for a in accepted if a.resource.kind == "identity"]
    users = {resource.user for resource in identities if resource.signer == resource.user}
    if len(users) != 1:
        raise UserError("This card does not hold the identity of one person.")
    [user] = users
    if facts.user_state(user, timezone.now()).value != "current":
        raise UserError("The identity on this card has ended; ask for a new card.")
    return user, facts, [a for a in accepted if a.resource.user == user]


def _shown_name(node: str, accepted: Sequence[Accepted]) -> str:
    for passed in accepted:
        if passed.resource.kind == "node" and passed.resource.signer == node:
            section = passed.resource.sections["node"]
            assert isinstance(section, dict)
            return str(section.get("name", ""))
    return ""
