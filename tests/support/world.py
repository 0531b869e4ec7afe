"""A node of ours in the test's database, and others that exist as signed resources alone.

Several nodes cannot share one database, so the rest of the cast is played with the `sdmp` package:
`World` is our node (Alice's laptop, unless a test wants otherwise), `Peer` a node that says over a
`Desk` what a test tells it to say. Fixtures are imported where they are used.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache as counted
from django.utils import timezone

from journal import enrol as enrolment_door
from journal.accept import Report, accept
from journal.desk import Desk, Plan
from journal.models import Line
from journal.models import Resource as Row
from mail.contacts import add_contact
from nodes import enrolment, facts, keystore
from nodes.facts import current_facts
from nodes.models import Account
from sdmp import traffic
from sdmp.card import write_card
from sdmp.container import build_from
from sdmp.encoding import JSON, format_time
from sdmp.encrypted import open_sealed, read_inner, seal
from sdmp.keys import PrivateKey, PublicKey
from sdmp.letter import Letter, write_letter
from sdmp.lines import first_line, make_line
from sdmp.resource import Resource, make_resource, read_resource
from sdmp.signature import Envelope, read_envelope
from sdmp.trust import Facts
from tests.support.cast import ALICE, BOB, DESK, HOST, LAPTOP, Member, Node, User

ANOTHER = "A" * 86  # the form of an identifier or a fingerprint, of nothing and nobody


@dataclass
class World:
    """Our node, with an account of Alice, and shortcuts to what tests need over and over."""

    monkeypatch: pytest.MonkeyPatch
    node: Node = LAPTOP
    accounts: dict[str, Account] = field(default_factory=dict)

    def start(self) -> World:
        """Make the node, with the key of the cast."""
        self._next_key(keystore, self.node)
        enrolment_door.make_node("our node", self.node.address)
        return self

    def enrol(self, user: User = ALICE, **options: Any) -> Account:
        """Make an account with the key of one of the cast."""
        self._next_key(enrolment, user)
        self.monkeypatch.setattr(enrolment, "make_recovery_kit", lambda *_: b"{}")
        account = enrolment_door.enrol(user.name, name=user.name.title(), **options).account
        self.accounts[user.name] = account
        return account

    @property
    def alice(self) -> Account:
        """Alice's account."""
        return self.accounts["alice"]

    @property
    def here(self) -> str:
        """The fingerprint of our node."""
        return self.node.fingerprint

    @property
    def now(self) -> datetime:
        """The present."""
        return timezone.now()

    @property
    def facts(self) -> Facts:
        """What has been accepted."""
        return current_facts()

    def accept(self, *envelopes: Envelope, hand: Member | None = None, **options: Any) -> Report:
        """Offer resources to our node."""
        given = {"now": self.now, **options}
        return accept(envelopes, hand=hand.fingerprint if hand else None, **given)

    def know(self, node: Node = DESK, account: Account | None = None) -> None:
        """Let Alice and the owner of a node know each other, and our node hold what that takes."""
        whose = account or self.alice
        add_contact(whose, card(node))
        trustee = next(u for u in (ALICE, BOB) if u.fingerprint == whose.fingerprint)
        self.accept(node.owner.trust(trustee))

    def our_resources(self, **about: Any) -> list[Row]:
        """List resources that we hold, in the order of the journal."""
        return list(Row.objects.filter(**about).order_by("id"))

    def journal(self) -> list[str]:
        """The lines of our journal."""
        return [line.text for line in Line.objects.order_by("position")]

    def _next_key(self, where: Any, member: Member) -> None:
        self.monkeypatch.setattr(where, "generate", lambda _: member.key)


class Peer:
    """Another node, with a journal of its own, that says what it is told to."""

    def __init__(self, node: Node = DESK) -> None:
        self.node = node
        self.lines = [first_line(node.fingerprint)]
        self.held: dict[str, Envelope] = {}

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the node."""
        return self.node.fingerprint

    def write(self, *envelopes: Envelope) -> None:
        """Put resources into the journal."""
        for envelope in envelopes:
            author = read_resource(envelope, resolve=lambda _: True).user
            self.lines.append(make_line(self.lines[-1], author, envelope.identifier))
            self.held[envelope.identifier] = envelope

    def broadcast(self, position: int = 1, lines: Sequence[str] | None = None) -> Envelope:
        """Say the lines after a position."""
        since = self.lines[position - 1].partition("@")[0]
        entries = self.lines[position:] if lines is None else lines
        return self.node.resource(broadcast=traffic.broadcast(since, entries))

    def ask_journal(self, since: str, limit: int | None = None) -> Envelope:
        """Ask for journal lines."""
        return self.node.resource(request_journal=traffic.request_journal("r1", since, limit))

    def ask(self, *wanted: tuple[str, str]) -> Envelope:
        """Ask for a batch."""
        return self.node.resource(request_resource=traffic.request_batch("r2", wanted))

    def ask_one(self, author: str, resource: str) -> Envelope:
        """Ask for one resource by itself."""
        return self.node.resource(request_resource=traffic.request_one("r3", author, resource))

    def answer(self, section: dict[str, JSON]) -> Envelope:
        """Say a response."""
        return self.node.resource(response=section)

    def give(self, request: traffic.RequestResource) -> Envelope:
        """Answer a request truthfully."""
        found = [self.held[i] for _, i in request.wanted if i in self.held]
        missing = [(a, i) for a, i in request.wanted if i not in self.held]
        return self.answer(traffic.answer_batch(request.identifier, found, missing))

    def read_out(self, request: traffic.RequestJournal) -> Envelope:
        """Answer a request for lines truthfully."""
        identifiers = [line.partition("@")[0] for line in self.lines]
        if request.since not in identifiers:
            return self.answer(traffic.answer_no(request.identifier))
        entries = self.lines[identifiers.index(request.since) + 1 :][: request.limit]
        return self.answer(traffic.answer_journal(request.identifier, request.since, entries))

    def serve(self, desk: Desk, plan: Plan) -> list[traffic.Message]:
        """Answer all that a desk asks until it asks no more; return all that it said."""
        said: list[traffic.Message] = []
        waiting = heard(plan)
        for _ in range(20):
            if not waiting:
                return said
            said += waiting
            plans = [desk.handle(answer) for answer in map(self._answer, waiting) if answer]
            waiting = [message for each in plans for message in heard(each)]
        raise AssertionError("the desk asks in a circle")

    def _answer(self, message: traffic.Message) -> Envelope | None:
        match message:
            case traffic.RequestResource():
                return self.give(message)
            case traffic.RequestJournal():
                return self.read_out(message)
            case _:
                return None


def heard(plan: Plan) -> list[traffic.Message]:
    """Read the traffic of a plan; credentials are left out."""
    found = [read_resource(read_envelope(data), traffic=True) for data in plan.send]
    return [traffic.read_traffic(each) for each in found if each.kind in CONVERSATION]


def shown(plan: Plan) -> list[Resource]:
    """Read the credentials of a plan."""
    found = [read_resource(read_envelope(data), traffic=True) for data in plan.send]
    return [each for each in found if each.kind not in CONVERSATION]


CONVERSATION = frozenset({"broadcast", "request_journal", "request_resource", "response"})


def card(node: Node = DESK) -> bytes:
    """The card of a node's owner."""
    return write_card(card_resources(node))


def card_resources(node: Node = DESK) -> list[Envelope]:
    """What the card of a node's owner holds."""
    return [
        node.owner.identity(),
        node.owner.profile(),
        node.authorisation(),
        node.identity(),
        node.node(),
    ]


def trust_for(
    node: Node, powers: Sequence[str] = HOST, expires: datetime | None = None
) -> Envelope:
    """A trust for a node other than the one of its role."""
    return node.owner.trust(node, powers, format_time(expires) if expires else None)


def signed(user: Member, signer: Member, named: str | None = None, /, **sections: Any) -> Envelope:
    """Any resource, whoever signs it; `named` is its `resource.trust`."""
    return make_resource(user.fingerprint, signer.key, sections, trust=named).envelope


def notice(node: Node = DESK, text: str = "Hello all", **header: Any) -> Envelope:
    """A public message of a node's owner."""
    return node.resource(message=message_text(text, [], **header))


def message_text(text: str, to: Sequence[Member], **header: Any) -> str:
    """Write a message addressed to members of the cast."""
    given = {"date": timezone.now(), "to": tuple(member.fingerprint for member in to)}
    return write_letter(Letter(**{**given, "body": text, **header}))


def private(
    text: str,
    *,
    node: Node = DESK,
    keys: Sequence[PublicKey] = (),
    inner: User | None = None,
) -> Envelope:
    """A private message of a node's owner as `text` says, sealed for our node unless told."""
    speaks = (inner or node.owner).fingerprint
    container = build_from({"resource": {"user": speaks}, "message": text})
    return node.resource(encrypted=seal(container, list(keys) or [LAPTOP.public, node.public]))


def letter_to(*to: Member, node: Node = DESK, text: str = "Hello", **header: Any) -> Envelope:
    """A private message of a node's owner, sealed for our node."""
    return private(message_text(text, to, **header), node=node)


def receipt_for(message: str, *, node: Node = DESK) -> Envelope:
    """A receipt of a node's owner, sealed for our node."""
    container = build_from({"resource": {"user": node.owner.fingerprint}, "receipt": message})
    return node.resource(encrypted=seal(container, [LAPTOP.public, node.public]))


def open_with(row: Row, key: PrivateKey) -> Any:
    """Open a sealed resource of ours as another would, and give the container inside."""
    content = read_resource(row.envelope())
    return read_inner(open_sealed(content.sections["encrypted"], [key]), row.author)


def later(**span: float) -> datetime:
    """A moment after now."""
    return timezone.now() + timedelta(**span)


@pytest.fixture(name="own_memory", autouse=True)
def own_memory_fixture(tmp_path: Path, settings: Any) -> Iterator[None]:
    """Give each test a node secret of its own, and a process that remembers nothing."""
    settings.NODE_SECRET_FILE = tmp_path / "node.secret"
    facts.forget()
    keystore.forget()
    counted.clear()  # the counts of attempts too
    yield
    facts.forget()
    keystore.forget()


@pytest.fixture(name="world")
def world_fixture(db: None, own_memory: None, monkeypatch: pytest.MonkeyPatch) -> World:
    """Our node with Alice's account."""
    world = World(monkeypatch).start()
    world.enrol(ALICE)
    return world
