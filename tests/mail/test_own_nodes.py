"""The nodes of an account, as its pages speak of them."""

import json

import pytest

from mail import held, own_nodes
from mail.models import Held
from mail.own_nodes import describe_offer, own_node
from nodes import keystore
from nodes.errors import UserError
from nodes.models import Account, Peer
from sdmp.card import Offer, write_offer
from sdmp.trust import ALL_POWERS, PUBLISH_RESOURCE, READ_ENCRYPTED, READ_RESOURCE
from tests.support.cast import ALICE, LAPTOP, RELAY
from tests.support.world import World, later, own_memory_fixture, world_fixture

__all__ = ["own_memory_fixture", "world_fixture"]

OFFER = Offer(RELAY.public, (RELAY.address,))


def let_in_the_relay(world: World) -> own_nodes.OwnNode:
    own_nodes.let_in(
        world.alice, RELAY.fingerprint, [], until=later(days=9), now=world.now, offer=OFFER
    )
    return the_relay(world)


def the_relay(world: World) -> own_nodes.OwnNode:
    found = own_node(world.alice, RELAY.fingerprint, world.now)
    assert found is not None
    return found


def test_this_node_comes_first_and_says_what_it_may(world: World) -> None:
    [node] = own_nodes.own_nodes(world.alice, world.now)
    assert (node.here, node.name, node.state) == (True, "our node", "acts")
    assert node.powers == set(ALL_POWERS)
    assert node.reads
    assert node.sends
    assert node.until is None
    assert node.key_until is not None


def test_a_relay_waits_until_it_agrees(world: World) -> None:
    relay = let_in_the_relay(world)
    assert (relay.state, relay.reads, relay.sends) == ("waits", False, False)
    assert relay.until is not None
    assert relay.addresses == [f"ws://{RELAY.address}/sdmp"]
    [trust] = world.our_resources(kind="trust", subject=RELAY.fingerprint)
    agreed = RELAY.resource  # names the trust of the cast, which is not the one made here
    world.accept(ALICE.trust(RELAY), agreed(identity=json.loads(_identity())), RELAY.node())
    assert the_relay(world).state == "acts"
    assert trust.author == ALICE.fingerprint
    Peer.objects.filter(fingerprint=RELAY.fingerprint).update(last_contact=world.now)
    assert the_relay(world).last_heard is not None


def _identity() -> str:
    public = RELAY.public
    return json.dumps(
        {
            "type": "node",
            "expires": "2036-01-01T00:00:00.000Z",
            "key": public.pem,
            "fingerprint": public.fingerprint,
        }
    )


def test_offers_are_read_and_given(world: World) -> None:
    assert describe_offer(write_offer(OFFER)).key == RELAY.public
    mine = describe_offer(own_nodes.own_offer())
    assert mine.key.fingerprint == LAPTOP.fingerprint
    with pytest.raises(UserError, match="not a node’s offer"):
        describe_offer(b"[]")
    with pytest.raises(UserError, match="this very node"):
        own_nodes.check_new(world.alice, mine.key.fingerprint, world.now)
    let_in_the_relay(world)
    with pytest.raises(UserError, match="let this node in already"):
        own_nodes.check_new(world.alice, RELAY.fingerprint, world.now)


def test_no_more_nodes_than_there_may_be(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sdmp.limits.NODES_PER_USER", 1)
    with pytest.raises(UserError, match="1 nodes, which is as many"):
        own_nodes.check_new(world.alice, RELAY.fingerprint, world.now)


def test_this_node_that_may_not_read_is_a_host(world: World) -> None:
    here = keystore.node_fingerprint()
    own_nodes.let_in(world.alice, here, [], until=None, now=world.now, key=ALICE.key)
    assert Account.objects.get().mode == Account.Mode.HOST
    powers = [PUBLISH_RESOURCE, READ_ENCRYPTED]
    own_nodes.let_in(world.alice, here, powers, until=None, now=world.now, key=ALICE.key)
    assert Account.objects.get().mode == Account.Mode.FULL
    node = own_node(world.alice, here, world.now)
    assert node is not None
    assert node.powers == {*powers, READ_RESOURCE}


def test_withdrawing_can_be_undone_until_it_is_done(world: World) -> None:
    let_in_the_relay(world)
    row = held.hold(world.alice, Held.Kind.NODE, RELAY.fingerprint, now=world.now)
    assert row is not None
    assert the_relay(world).withdrawn
    assert "withdrawn" in held.pending(world.alice, world.now)[0].words
    held.undo(world.alice, row.pk)
    assert not the_relay(world).withdrawn
    held.hold(world.alice, Held.Kind.NODE, RELAY.fingerprint, now=world.now)
    assert held.do_due(later(seconds=11)) == 1
    assert own_node(world.alice, RELAY.fingerprint, world.now) is None


def test_a_withdrawal_that_has_become_impossible_is_let_go(world: World) -> None:
    let_in_the_relay(world)
    held.hold(world.alice, Held.Kind.NODE, RELAY.fingerprint, now=world.now)
    own_nodes.withdraw(world.alice, RELAY.fingerprint, now=world.now)
    held.do_due(later(seconds=11))
    assert not Held.objects.exists()
