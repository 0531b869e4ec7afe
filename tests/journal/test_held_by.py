"""Which mail the other nodes of a user have: their own journals say so."""

import pytest

from journal.desk import Desk
from journal.held_by import holders
from journal.models import Resource
from nodes.models import Peer as PeerRow
from nodes.peers import get_peer
from sdmp import traffic
from sdmp.signature import Envelope
from tests.support.cast import ALICE, DESK, RELAY
from tests.support.world import Peer, World, letter_to, notice, trust_for


@pytest.fixture
def relay(world: World) -> Peer:
    """Alice's relay, which has agreed to be one."""
    world.know(DESK)
    world.accept(trust_for(RELAY), RELAY.identity())
    return Peer(RELAY)


def meet(peer: Peer, position: int = 1) -> list[traffic.Message]:
    """A session, in which a peer says its journal from a position on and is asked."""
    desk = Desk(peer.fingerprint)
    desk.begin()
    return peer.serve(desk, desk.handle(peer.broadcast(position)))


def has(peer: Peer, envelope: Envelope) -> bool:
    row = Resource.objects.get(identifier=envelope.identifier)
    return peer.fingerprint in holders([row.pk]).get(row.pk, set())


def test_a_line_about_what_is_here_says_that_the_peer_has_it(world: World, relay: Peer) -> None:
    mine, theirs = letter_to(ALICE), notice()
    world.accept(mine, theirs)
    relay.write(mine)
    meet(relay)
    assert has(relay, mine)
    assert not has(relay, theirs)


def test_what_comes_here_later_is_had_by_whose_journal_told_it(world: World, relay: Peer) -> None:
    letter = letter_to(ALICE)
    relay.write(letter)
    meet(relay)  # it is asked for, and comes
    assert has(relay, letter)


def test_it_does_not_matter_from_whom_it_came(world: World, relay: Peer) -> None:
    letter = letter_to(ALICE)
    relay.write(letter)
    relay.held.clear()  # it has the line and does not hand it over
    meet(relay)
    world.accept(letter, hand=DESK)
    assert has(relay, letter)


def test_what_was_told_before_is_read_again(world: World, relay: Peer) -> None:
    old, new = letter_to(ALICE, text="Old"), letter_to(ALICE, text="New")
    world.accept(old, new)
    relay.write(old, new)
    row = get_peer(RELAY.fingerprint)  # as a version before this one has left it
    PeerRow.objects.filter(pk=row.pk).update(known_line=relay.lines[1], known_position=2)
    said = meet(relay, position=2)
    assert [m.since for m in said if isinstance(m, traffic.RequestJournal)] == [RELAY.fingerprint]
    assert has(relay, old)
    assert has(relay, new)
    again = meet(relay, position=3)  # and only once
    assert not [m for m in again if isinstance(m, traffic.RequestJournal)]


def test_who_has_rewritten_its_journal_may_have_lost_it(world: World, relay: Peer) -> None:
    letter = letter_to(ALICE)
    world.accept(letter)
    relay.write(letter)
    meet(relay)
    assert has(relay, letter)
    another = Peer(RELAY)
    another.write(notice(), notice(text="And more"))
    meet(another)
    assert not has(relay, letter)


def test_of_the_nodes_of_contacts_nothing_is_noted(world: World, relay: Peer) -> None:
    letter = letter_to(ALICE)
    world.accept(letter)
    desk = Peer(DESK)
    desk.write(letter)
    meet(desk)
    assert not has(desk, letter)
