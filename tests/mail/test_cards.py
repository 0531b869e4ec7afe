"""The card that a person hands to another."""

import pytest

from mail.cards import export_card, public_card
from mail.contacts import describe_card
from nodes.errors import UserError
from nodes.models import Account
from sdmp.card import read_card
from tests.support.cast import ALICE, BOB, LAPTOP, RELAY
from tests.support.world import World, own_memory_fixture, world_fixture

__all__ = ["own_memory_fixture", "world_fixture"]


def test_a_card_tells_all_that_is_needed(world: World) -> None:
    summary = describe_card(export_card(world.alice))
    assert (summary.fingerprint, summary.name) == (ALICE.fingerprint, "Alice")
    assert [(node.fingerprint, node.name, node.reads) for node in summary.nodes] == [
        (LAPTOP.fingerprint, "our node", True)
    ]


def test_other_nodes_are_on_it_once_they_are_authorised(world: World) -> None:
    world.accept(RELAY.authorisation(), RELAY.identity(), RELAY.node())
    held = [envelope.identifier for envelope in read_card(export_card(world.alice))]
    for envelope in (RELAY.authorisation(), RELAY.identity(), RELAY.node()):
        assert envelope.identifier in held
    world.accept(ALICE.revocation(RELAY.authorisation()))
    held = [envelope.identifier for envelope in read_card(export_card(world.alice))]
    assert RELAY.authorisation().identifier not in held


def test_only_accounts_of_this_node_have_a_public_card(world: World) -> None:
    assert public_card(ALICE.fingerprint) == export_card(world.alice)
    world.know()
    assert public_card(BOB.fingerprint) is None
    Account.objects.update(is_active=False)
    assert public_card(ALICE.fingerprint) is None


def test_an_account_without_identity_has_none(db: None) -> None:
    with pytest.raises(UserError, match="has no identity"):
        export_card(Account(username="nobody"))
