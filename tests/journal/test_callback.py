"""Who is asked to call us, who is left in peace meanwhile, and whose call counts."""

from __future__ import annotations

from datetime import timedelta

from journal import callback
from journal.addresses import refresh_addresses
from journal.desk import Desk
from journal.links import due_peers
from journal.trusts import withdraw
from nodes.models import Peer
from nodes.peers import get_peer, note_called, note_contact, take_lease
from sdmp.resource import read_resource
from sdmp.signature import read_envelope
from tests.support.cast import ALICE, BOB, DESK, TABLET
from tests.support.world import World, later


def _in_contact(*nodes: str) -> None:
    for node in nodes:
        get_peer(node)
        take_lease(node, "a process", later())
        note_contact(node, later())


def _listed(world: World) -> list[str]:
    return [peer.fingerprint for peer in callback.peers_in_contact(world.now)]


def test_those_are_asked_who_are_in_contact_and_may_talk(world: World) -> None:
    world.know(DESK)
    assert _listed(world) == []
    _in_contact(DESK.fingerprint, TABLET.fingerprint)
    assert _listed(world) == [DESK.fingerprint]
    Peer.objects.update(last_contact=later(minutes=-1))
    assert _listed(world) == []
    note_contact(DESK.fingerprint, later())
    withdraw(ALICE.fingerprint, BOB.fingerprint, now=world.now)
    assert _listed(world) == []


def test_those_who_call_from_far_away_come_first(world: World) -> None:
    for node in (DESK, TABLET):
        world.know(node)
    _in_contact(DESK.fingerprint, TABLET.fingerprint)
    for near, far in ((DESK, TABLET), (TABLET, DESK)):
        note_called(near.fingerprint, "loopback", world.now)
        note_called(far.fingerprint, "public", world.now)
        assert _listed(world) == [far.fingerprint, near.fingerprint]
        called = callback.who_called(later(minutes=-1))
        assert [peer.fingerprint for peer in called] == [far.fingerprint, near.fingerprint]
    assert callback.who_called(later(minutes=1)) == []


def test_who_is_asked_is_not_called_until_the_time_is_over(world: World) -> None:
    world.know(DESK)
    peer = get_peer(DESK.fingerprint)
    assert due_peers(later(seconds=1)) == [DESK.fingerprint]
    callback.ask([peer], world.now)
    assert due_peers(later(seconds=1)) == []
    assert due_peers(world.now + callback.PATIENCE) == [DESK.fingerprint]
    callback.stop_waiting([peer], world.now)
    assert due_peers(later(seconds=1)) == [DESK.fingerprint]


def test_the_address_is_shown_to_who_is_asked(world: World) -> None:
    world.know(DESK)
    desk = Desk(DESK.fingerprint)
    desk.begin()
    [container] = desk.ask_to_call().send
    resource = read_resource(read_envelope(container))
    assert resource.kind == "node"
    assert resource.user == ALICE.fingerprint
    assert desk.ask_to_call().send  # each time anew, whether or not it was shown before


def test_since_when_there_is_an_address(world: World, settings: object) -> None:
    since = callback.address_since()
    assert since is not None
    assert since <= world.now
    settings.NODE_ADDRESS = "hearth.example:7"  # type: ignore[attr-defined]
    refresh_addresses(world.now + timedelta(hours=1))
    changed = callback.address_since()
    assert changed is not None
    assert changed > since
