"""What two nodes show each other, and requests of strangers."""

import pytest

from journal.credentials import (
    card_of,
    credentials_for,
    farewells_for,
    judge_shown,
    keep_contact_requests,
    keep_shown,
)
from journal.models import Resource
from journal.trusts import trust_user, withdraw
from nodes.models import ContactRequest, Farewell
from nodes.peers import get_peer
from sdmp import limits
from sdmp.acceptance import judge, record
from sdmp.card import read_card
from sdmp.resource import read_resource
from sdmp.signature import Envelope
from sdmp.trust import Facts
from tests.support.cast import ALICE, BOB, CAROL, DESK, EVIL, LAPTOP, MALLORY, TABLET, Node
from tests.support.world import World, card_resources, later, notice, signed


def credentials(world: World, node: Node = DESK) -> list[Envelope]:
    return credentials_for(node.fingerprint, here=world.here, facts=world.facts, now=world.now)


def described(envelopes: list[Envelope]) -> list[tuple[str, str]]:
    read = [read_resource(envelope) for envelope in envelopes]
    names = {ALICE.fingerprint: "alice", LAPTOP.fingerprint: "laptop", CAROL.fingerprint: "carol"}
    return [(each.kind, names.get(each.signer, each.signer[:6])) for each in read]


def test_a_pair_shows_five_things_each_after_what_it_depends_on(world: World) -> None:
    world.know(DESK)
    assert described(credentials(world)) == [
        ("identity", "alice"),
        ("trust", "alice"),
        ("identity", "laptop"),
        ("node", "laptop"),
        ("trust", "laptop"),
    ]
    assert Resource.objects.get(identifier=credentials(world)[-1].identifier).subject == (
        BOB.fingerprint
    )


def test_they_suffice_for_one_who_knows_nothing(world: World) -> None:
    """Judged by themselves, they answer for our half of "may we talk?"."""
    world.know(DESK)
    shown = credentials(world)
    facts = Facts()
    for envelope in [BOB.identity(), *shown]:
        record(judge(envelope, facts, world.now), facts)
    assert facts.authorised(ALICE.fingerprint, LAPTOP.fingerprint, world.now)
    assert facts.gives(ALICE.fingerprint, BOB.fingerprint, world.now)


def test_they_are_shown_before_the_other_has_trusted(world: World) -> None:
    world.accept(*card_resources(DESK))
    trust_user(ALICE.fingerprint, BOB.fingerprint, now=world.now)
    assert len(credentials(world)) == 5


def test_a_node_of_strangers_is_shown_nothing(world: World) -> None:
    world.accept(*EVIL.credentials(ALICE))
    assert credentials(world, EVIL) == []
    assert credentials(world, TABLET) == []


def test_only_the_users_concerned_are_shown(world: World) -> None:
    world.know(DESK)
    world.enrol(CAROL)
    assert ("identity", "carol") not in described(credentials(world))


def test_another_node_of_our_user_is_shown_the_user(world: World) -> None:
    relay = Node("relay", ALICE, ("read_resource",), "192.0.2.2:8000")
    world.accept(relay.authorisation(), relay.identity())
    kinds = [kind for kind, _ in described(credentials(world, relay))]
    assert kinds == ["identity", "trust", "identity", "node"]


def test_revocations_to_be_handed_over_come_first(world: World) -> None:
    world.know(DESK)
    get_peer(DESK.fingerprint)
    [revocation] = withdraw(ALICE.fingerprint, BOB.fingerprint, now=world.now)
    assert [e.identifier for e in credentials(world)] == [revocation.identifier]
    assert farewells_for(DESK.fingerprint, world.now) == [revocation.envelope()]
    trust_user(ALICE.fingerprint, BOB.fingerprint, now=world.now)
    assert credentials(world)[0].identifier == revocation.identifier
    Farewell.objects.update(until=later(days=-1))
    assert revocation.identifier not in [e.identifier for e in credentials(world)]


def test_a_card_certifies_itself(world: World) -> None:
    card = read_card(card_of(ALICE.fingerprint, world.facts, world.now))
    assert described(card) == [
        ("identity", "alice"),
        ("trust", "alice"),
        ("identity", "laptop"),
        ("user", "laptop"),
        ("node", "laptop"),
    ]


# What is shown to us


def show(world: World, shown: list[Envelope], node: Node) -> None:
    here, now = world.here, world.now
    keep_shown(shown, node=node.fingerprint, here=here, now=now)
    _, accepted = judge_shown(shown, here=here, now=now)
    keep_contact_requests(shown, accepted, node=node.fingerprint, here=here, now=now)


def test_what_is_shown_is_judged_in_memory(world: World) -> None:
    shown = EVIL.credentials(ALICE)
    before = world.journal()
    facts, accepted = judge_shown(shown, here=world.here, now=world.now)
    assert len(accepted) == len(shown)
    assert facts.authorised(MALLORY.fingerprint, EVIL.fingerprint, world.now)
    assert world.facts.kind(MALLORY.fingerprint) is None
    assert world.journal() == before


def test_what_is_wrong_among_it_does_not_count(world: World) -> None:
    forged = signed(BOB, EVIL, trust={
        "trustee": ALICE.fingerprint, "type": "user", "authorization": ["read_resource"]
    })  # fmt: skip
    shown = [*EVIL.credentials(ALICE), forged]
    facts, accepted = judge_shown(shown, here=world.here, now=world.now)
    assert forged.identifier not in [each.resource.identifier for each in accepted]
    assert not facts.gives(BOB.fingerprint, ALICE.fingerprint, world.now)


def test_only_those_of_wanted_authors_are_stored(world: World) -> None:
    world.accept(*card_resources(DESK))
    trust_user(ALICE.fingerprint, BOB.fingerprint, now=world.now)
    show(world, [*DESK.credentials(ALICE), *EVIL.credentials(ALICE)], DESK)
    assert world.facts.know_each_other(ALICE.fingerprint, BOB.fingerprint, world.now)
    assert not Resource.objects.filter(author=MALLORY.fingerprint).exists()


def test_what_is_no_credential_is_not_stored(world: World) -> None:
    world.know(DESK)
    post = notice()
    show(world, [post], DESK)
    assert not Resource.objects.filter(identifier=post.identifier).exists()


def test_a_stranger_s_trust_is_kept_as_a_request(world: World) -> None:
    show(world, [*EVIL.credentials(ALICE), BOB.identity()], EVIL)
    [request] = ContactRequest.objects.all()
    assert (request.user, request.stranger) == (ALICE.fingerprint, MALLORY.fingerprint)
    assert request.node == EVIL.fingerprint
    kept = read_card(bytes(request.credentials))
    assert [e.identifier for e in kept] == [e.identifier for e in EVIL.credentials(ALICE)]
    assert not Resource.objects.filter(author=MALLORY.fingerprint).exists()


def test_one_request_of_each_stranger(world: World) -> None:
    show(world, EVIL.credentials(ALICE), EVIL)
    [before] = ContactRequest.objects.all()
    show(world, EVIL.credentials(ALICE), TABLET)
    [after] = ContactRequest.objects.all()
    assert (after.pk, after.node) == (before.pk, TABLET.fingerprint)


def test_whom_nobody_asked_gets_no_request(world: World) -> None:
    show(world, EVIL.credentials(CAROL), EVIL)  # trusts somebody who is not here
    show(world, EVIL.credentials(ALICE)[:3], EVIL)  # trusts nobody
    assert not ContactRequest.objects.exists()


def test_a_contact_makes_no_request(world: World) -> None:
    world.know(DESK)
    show(world, DESK.credentials(ALICE), DESK)
    assert not ContactRequest.objects.exists()


@pytest.mark.parametrize("how", ["expired", "revoked"])
def test_a_trust_that_has_ended_asks_nothing(world: World, how: str) -> None:
    shown = EVIL.credentials(ALICE)
    if how == "expired":
        shown[3] = MALLORY.trust(ALICE, expires="2026-01-01T00:00:00.000Z")
    else:
        shown.append(MALLORY.revocation(shown[3]))
    show(world, shown, EVIL)
    assert not ContactRequest.objects.exists()


def test_at_most_100_requests_for_each_user(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert limits.CONTACT_REQUESTS_PER_USER == 100
    monkeypatch.setattr(limits, "CONTACT_REQUESTS_PER_USER", 2)
    for node in (DESK, TABLET, EVIL):
        show(world, node.credentials(ALICE), node)
    strangers = set(ContactRequest.objects.values_list("stranger", flat=True))
    assert strangers == {BOB.fingerprint, CAROL.fingerprint}
    show(world, TABLET.credentials(ALICE), EVIL)  # one that is there may renew it
    assert ContactRequest.objects.count() == 2
    assert ContactRequest.objects.get(stranger=CAROL.fingerprint).node == EVIL.fingerprint


def test_the_limit_counts_for_each_user_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CONTACT_REQUESTS_PER_USER", 1)
    world.enrol(CAROL)
    show(world, DESK.credentials(ALICE), DESK)
    show(world, EVIL.credentials(CAROL), EVIL)
    assert ContactRequest.objects.count() == 2
