"""For whose keys a message is encrypted."""

import pytest

from mail.readers import keys_for, reading_nodes
from nodes.errors import UserError
from sdmp import limits
from tests.support.cast import ALICE, BOB, CAROL, DESK, FULL, LAPTOP, RELAY, Node
from tests.support.world import World, own_memory_fixture, world_fixture

__all__ = ["own_memory_fixture", "world_fixture"]


def test_the_user_s_own_key_and_every_node_that_reads(world: World) -> None:
    world.know(DESK)
    world.accept(RELAY.authorisation(), RELAY.identity())
    keys = keys_for([ALICE.fingerprint, BOB.fingerprint], world.facts, world.now)
    assert keys == [ALICE.public, LAPTOP.public, BOB.public, DESK.public]


def test_each_key_once(world: World) -> None:
    shared = Node("laptop", BOB, FULL, LAPTOP.address)
    world.accept(BOB.identity(), shared.authorisation(), shared.identity())
    keys = keys_for([ALICE.fingerprint, BOB.fingerprint, ALICE.fingerprint], world.facts, world.now)
    assert keys == [ALICE.public, LAPTOP.public, BOB.public]


def test_one_who_is_not_known_cannot_be_written_to(world: World) -> None:
    with pytest.raises(UserError, match="is not known here or has ended"):
        keys_for([CAROL.fingerprint], world.facts, world.now)


def test_a_node_whose_trust_was_revoked_reads_no_more(world: World) -> None:
    world.know(DESK)
    assert reading_nodes(BOB.fingerprint, world.facts, world.now) == [DESK.fingerprint]
    world.accept(BOB.revocation(DESK.authorisation()))
    assert reading_nodes(BOB.fingerprint, world.facts, world.now) == []


def test_there_is_an_end_to_the_number_of_keys(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (limits.RECIPIENTS, limits.NODES_PER_USER) == (256, 16)
    world.know(DESK)
    monkeypatch.setattr(limits, "RECIPIENTS", 3)
    with pytest.raises(UserError, match="for 3 keys and this takes 4"):
        keys_for([ALICE.fingerprint, BOB.fingerprint], world.facts, world.now)
    monkeypatch.setattr(limits, "NODES_PER_USER", 0)
    assert reading_nodes(BOB.fingerprint, world.facts, world.now) == []
