"""The people an account knows."""

import pytest

from journal.credentials import judge_shown, keep_contact_requests
from journal.models import Resource
from mail.contacts import (
    accept_request,
    add_contact,
    contact_view,
    describe_card,
    list_contacts,
    readers,
    rename,
    withdraw,
)
from mail.models import Contact
from nodes.errors import UserError
from nodes.models import ContactRequest
from sdmp.card import write_card
from sdmp.resource import read_resource
from tests.support.cast import ALICE, BOB, CAROL, DESK, EVIL, LAPTOP, MALLORY, RELAY, TABLET
from tests.support.world import (
    World,
    card,
    card_resources,
    later,
    own_memory_fixture,
    signed,
    world_fixture,
)

__all__ = ["own_memory_fixture", "world_fixture"]


def state(world: World, user: str = BOB.fingerprint) -> str:
    view = contact_view(world.alice, user)
    assert view is not None
    return view.state


def ask(world: World) -> None:
    """Let Mallory's node call with a trust for Alice."""
    shown = EVIL.credentials(ALICE)
    _, accepted = judge_shown(shown, here=world.here, now=world.now)
    keep_contact_requests(shown, accepted, node=EVIL.fingerprint, here=world.here, now=world.now)


def test_a_card_is_described_and_nothing_kept(world: World) -> None:
    before = world.journal()
    summary = describe_card(card(DESK))
    assert (summary.fingerprint, summary.name, summary.about) == (BOB.fingerprint, "Bob", "")
    assert [(node.fingerprint, node.reads) for node in summary.nodes] == [(DESK.fingerprint, True)]
    assert world.journal() == before


def test_adding_a_card_trusts_its_user_and_keeps_it(world: World) -> None:
    view = add_contact(world.alice, card(DESK))
    assert (view.fingerprint, view.name, view.state) == (BOB.fingerprint, "Bob", "given")
    assert [node.fingerprint for node in view.nodes] == [DESK.fingerprint]
    assert world.facts.gives(ALICE.fingerprint, BOB.fingerprint, world.now)
    [trust] = world.our_resources(author=ALICE.fingerprint, subject=BOB.fingerprint)
    assert read_resource(trust.envelope()).signer == LAPTOP.fingerprint
    assert Resource.objects.filter(author=BOB.fingerprint).count() == 5
    world.accept(BOB.trust(ALICE))
    assert state(world) == "mutual"


def test_an_account_gives_its_own_names(world: World) -> None:
    assert add_contact(world.alice, card(DESK), " Bobby ").name == "Bobby"
    rename(world.alice, BOB.fingerprint, "Robert")
    assert Contact.objects.get().name == "Robert"
    with pytest.raises(UserError, match="needs a name"):
        rename(world.alice, BOB.fingerprint, "  ")


def test_adding_a_card_again_changes_the_name_alone(world: World) -> None:
    add_contact(world.alice, card(DESK))
    before = world.journal()
    assert add_contact(world.alice, card(DESK), "Robert").name == "Robert"
    assert add_contact(world.alice, card(DESK)).name == "Robert"
    assert world.journal() == before
    assert Contact.objects.count() == 1


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "This is not a card"),
        (b"{}", "This is not a card"),
        (b"[]", "This is not a card"),
        (b"[1]", "This is not a card"),
        (write_card([DESK.node()]), "does not hold the identity of one person"),
        (write_card([BOB.identity(), CAROL.identity()]), "the identity of one person"),
        (write_card([BOB.identity("2026-01-01T00:00:00.000Z")]), "has ended; ask for a new"),
    ],
)
def test_what_is_no_card(world: World, data: bytes, words: str) -> None:
    before = world.journal()
    for read in (describe_card, lambda data: add_contact(world.alice, data)):
        with pytest.raises(UserError, match=words):
            read(data)
    assert world.journal() == before
    assert not Contact.objects.exists()


def test_one_s_own_card_is_no_contact(world: World) -> None:
    with pytest.raises(UserError, match="That is your own card"):
        add_contact(world.alice, write_card([ALICE.identity()]))


def test_a_revoked_identity_is_no_contact(world: World) -> None:
    world.accept(BOB.identity(), BOB.revocation(BOB.identity()))
    with pytest.raises(UserError, match="does not hold the identity of one person"):
        add_contact(world.alice, card(DESK))


def test_what_others_put_on_a_card_is_left_out(world: World) -> None:
    world.accept(MALLORY.identity())
    forged = signed(BOB, EVIL, user={"name": "Not Bob"})
    data = write_card([*card_resources(DESK), forged, MALLORY.profile()])
    assert describe_card(data).name == "Bob"
    add_contact(world.alice, data)
    assert not Resource.objects.filter(identifier=forged.identifier).exists()
    assert not Resource.objects.filter(identifier=MALLORY.profile().identifier).exists()


def test_a_request_can_be_accepted(world: World) -> None:
    ask(world)
    [view] = list_contacts(world.alice)
    assert (view.state, view.fingerprint) == ("request", MALLORY.fingerprint)
    with pytest.raises(UserError, match="no such request"):
        accept_request(world.alice, BOB.fingerprint)
    assert accept_request(world.alice, MALLORY.fingerprint, "Mal").state == "mutual"
    assert not ContactRequest.objects.exists()
    assert world.facts.know_each_other(ALICE.fingerprint, MALLORY.fingerprint, world.now)


def test_a_request_is_for_the_one_who_was_asked(world: World) -> None:
    carol = world.enrol(CAROL)
    ask(world)
    assert list_contacts(carol) == []
    with pytest.raises(UserError, match="no such request"):
        accept_request(carol, MALLORY.fingerprint)


def test_adding_the_card_of_one_who_asks_ends_the_request(world: World) -> None:
    ask(world)
    add_contact(world.alice, card(EVIL))
    assert not ContactRequest.objects.exists()


def test_withdrawing_and_coming_back(world: World) -> None:
    world.know(DESK)
    withdraw(world.alice, BOB.fingerprint)
    assert not world.facts.gives(ALICE.fingerprint, BOB.fingerprint, world.now)
    assert state(world) == "request"  # Bob still gives
    world.accept(BOB.revocation(BOB.trust(ALICE)))
    assert state(world) == "ended"
    with pytest.raises(UserError, match="no current trust"):
        withdraw(world.alice, BOB.fingerprint)
    view = add_contact(world.alice, card(DESK))
    assert (view.state, view.given_until) == ("given", None)


def test_blocked_comes_before_all(world: World) -> None:
    world.know(DESK)
    Contact.objects.update(blocked=world.now)
    assert state(world) == "blocked"
    add_contact(world.alice, card(DESK))
    assert state(world) == "mutual"


def test_until_when_a_trust_is_given(world: World) -> None:
    world.accept(*card_resources(DESK))
    until = later(days=30)
    world.accept(ALICE.trust(BOB, expires="2036-01-01T00:00:00.000Z"))
    view = contact_view(world.alice, BOB.fingerprint)
    assert view is not None
    assert view.given_until is not None
    assert view.given_until > until
    world.accept(ALICE.trust(BOB))
    view = contact_view(world.alice, BOB.fingerprint)
    assert view is not None
    assert view.given_until is None


def test_contacts_are_listed_by_name(world: World) -> None:
    assert list_contacts(world.alice) == []
    for node, name in ((TABLET, "zoe"), (DESK, "Bob"), (EVIL, "anna")):
        add_contact(world.alice, card(node), name)
    assert [view.name for view in list_contacts(world.alice)] == ["anna", "Bob", "zoe"]
    assert contact_view(world.alice, RELAY.fingerprint) is None


def test_a_contact_on_this_node_is_told_apart(world: World) -> None:
    world.know(DESK)
    carol = world.enrol(CAROL)
    assert carol.fingerprint
    world.accept(ALICE.trust(CAROL))
    local = {view.name: view.local for view in list_contacts(world.alice)}
    assert local == {"Bob": False, "Carol": True}


def test_which_nodes_will_read_and_which_only_keep(world: World) -> None:
    world.know(DESK)
    world.accept(RELAY.authorisation(), RELAY.identity())
    found = readers(world.alice, [BOB.fingerprint, BOB.fingerprint])
    assert [(person.name, node.fingerprint) for person, node in found.nodes] == [
        ("Bob", DESK.fingerprint),
        ("Alice", LAPTOP.fingerprint),
    ]
    assert [(person.own, node.fingerprint) for person, node in found.relays] == [
        (True, RELAY.fingerprint)
    ]
