"""What pages and commands show of contacts: who they are, the trust, and which nodes they have.

However many contacts there are, the database is asked a fixed number of times.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max
from django.utils import timezone

from journal.trusts import ends
from mail.checks import Check, Checks
from mail.lookalikes import plain
from mail.models import Contact
from mail.people import People, Person, profile_names
from mail.readers import reading_nodes
from nodes.facts import current_facts
from nodes.models import Account, Address, ContactRequest, Peer
from sdmp.card import read_card
from sdmp.errors import SdmpError
from sdmp.resource import read_resource
from sdmp.trust import READ_ENCRYPTED, Facts, State


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
    echo: bool  # answers by itself
    checked: datetime | None
    check: Check
    given: bool
    given_since: datetime | None
    given_until: datetime | None
    withdrawn: bool  # the account trusted this one, and does no more
    theirs: bool
    theirs_until: datetime | None
    left: bool  # this one trusted the account, and does no more
    asked: datetime | None  # when a request of this one came
    ended: bool  # the identity has been revoked or has expired
    nodes: list[NodeView]

    @property
    def kept(self) -> bool:
        """Whether the account has given this one a name: it stands in the list of its own."""
        return bool(self.own_name)

    @property
    def asks(self) -> bool:
        """Whether it is a request: somebody trusts the account, who was never trusted."""
        return self.state == "request" and not self.withdrawn


@dataclass(frozen=True, slots=True)
class Readers:
    """Which nodes will be able to read a message, and which only keep it; with whose they are."""

    nodes: list[tuple[Person, NodeView]]
    relays: list[tuple[Person, NodeView]]


def list_contacts(account: Account, checks: Checks | None = None) -> list[ContactView]:
    """List contacts and requests, by name; requests that were ignored are left out.

    `checks` is what has been read of the account's contacts already, if anything.
    """
    own, facts, now = str(account.fingerprint), current_facts(), timezone.now()
    checks = checks or Checks(account)
    kept = set(checks.contacts())
    requests = ContactRequest.objects.filter(user=own).values_list("stranger", "ignored")
    asking = {stranger for stranger, ignored in requests if ignored is None}
    giving = {user for user in facts.issuers(own, "user") if facts.gives(user, own, now)}
    trusted = {user for user in facts.trustees(own, "user") if facts.gives(own, user, now)}
    ignored = {stranger for stranger, moment in requests if moment is not None}
    users = kept | trusted | asking | (giving - ignored)
    views = _views(account, sorted(users), facts, checks)
    return sorted(views, key=lambda view: (plain(view.name), view.fingerprint))


def contact_view(
    account: Account, fingerprint: str, checks: Checks | None = None
) -> ContactView | None:
    """Describe one contact; `None` when the account does not know the user."""
    checks = checks or Checks(account)
    known = fingerprint in checks.contacts()
    asked = ContactRequest.objects.filter(user=account.fingerprint, stranger=fingerprint)
    facts = current_facts()
    own = str(account.fingerprint)
    trusted = bool(facts.trusts_between(own, fingerprint)) and facts.kind(fingerprint) != "node"
    gives = facts.gives(fingerprint, own, timezone.now())
    if fingerprint == own or not (known or trusted or gives or asked.exists()):
        return None
    return _views(account, [fingerprint], facts, checks)[0]


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
    users = list(dict.fromkeys([*fingerprints, str(account.fingerprint)]))
    people.load(users)
    nodes = node_views(users, facts, now)
    reading: list[tuple[Person, NodeView]] = []
    keeping: list[tuple[Person, NodeView]] = []
    for user in users:
        can_read = set(reading_nodes(user, facts, now))
        for view in nodes[user]:
            listed = reading if view.fingerprint in can_read else keeping
            listed.append((people(user), view))
    return Readers(reading, keeping)


def node_views(users: Iterable[str], facts: Facts, now: datetime) -> dict[str, list[NodeView]]:
    """Describe the nodes of several users."""
    granted = {user: facts.nodes_of(user, now) for user in users}
    nodes = {node for powers in granted.values() for node in powers}
    names = _node_names(nodes)
    peers = Peer.objects.filter(fingerprint__in=nodes)
    heard = dict(peers.values_list("fingerprint", "last_contact"))
    return {
        user: [
            NodeView(node, names.get(node, ""), READ_ENCRYPTED in given, heard.get(node))
            for node, given in sorted(powers.items())
        ]
        for user, powers in granted.items()
    }


def _node_names(nodes: Iterable[str]) -> dict[str, str]:
    last = Address.objects.filter(node__in=nodes).values("node").annotate(last=Max("id"))
    rows = Address.objects.filter(pk__in=[row["last"] for row in last])
    return dict(rows.values_list("node", "name"))


def _views(
    account: Account, users: Sequence[str], facts: Facts, checks: Checks
) -> list[ContactView]:
    own, now = str(account.fingerprint), timezone.now()
    rows = checks.contacts()
    here = Account.objects.filter(fingerprint__in=users)
    local = dict(here.values_list("fingerprint", "is_echo"))
    requests = ContactRequest.objects.filter(user=own, stranger__in=users)
    asking = {request.stranger: request for request in requests}
    names = _names({user for user in users if user not in rows}, asking)
    nodes = node_views(users, facts, now)
    views = []
    for user in users:
        row = rows.get(user)
        given = facts.gives(own, user, now)
        asked = asking.get(user)
        theirs = facts.gives(user, own, now) or (asked is not None and not given)
        views.append(
            ContactView(
                fingerprint=user,
                name=row.name if row else names.get(user) or user[:12],
                own_name=row.name if row else "",
                state=_state(row, given=given, theirs=theirs),
                local=user in local,
                echo=local.get(user, False),
                checked=row.checked if row else None,
                check=checks.of(row) if row else Check(),
                given=given,
                given_since=row.added if row and given else None,
                given_until=_until(own, user, facts, now),
                withdrawn=not given and bool(facts.trusts_between(own, user)),
                theirs=theirs,
                theirs_until=_until(user, own, facts, now),
                left=not theirs and bool(facts.trusts_between(user, own)),
                asked=asked.received if asked else None,
                ended=facts.user_state(user, now) in (State.REVOKED, State.EXPIRED),
                nodes=nodes[user],
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


def _names(strangers: set[str], asking: Mapping[str, ContactRequest]) -> dict[str, str]:
    """Say what those call themselves who are no contacts."""
    names = profile_names(strangers)
    for user in strangers & asking.keys():
        names[user] = names.get(user) or _name_on_card(user, bytes(asking[user].credentials))
    return names


def _name_on_card(user: str, data: bytes) -> str:
    """Read the name that a request carries. Everything in it was verified when it was kept."""
    try:
        for envelope in read_card(data):
            resource = read_resource(envelope, resolve=lambda _: {})
            if resource.kind == "user" and resource.user == user:
                section = resource.sections["user"]
                return str(section.get("name", "")) if isinstance(section, dict) else ""
    except SdmpError:
        pass
    return ""
