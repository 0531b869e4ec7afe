"""What the owner is told users, nodes and powers are called."""

from __future__ import annotations

import pytest

from hosting.names import Named, Names, name_users
from hosting.powers import power_words
from nodes import keystore
from nodes.models import Address, LocalNode, SealedKey
from sdmp.trust import READ_RESOURCE
from tests.support.cast import ALICE, ALL_POWERS, BOB, CAROL, DESK, FULL, LAPTOP, TABLET
from tests.support.world import World, own_memory_fixture, world_fixture

__all__ = ["own_memory_fixture", "world_fixture"]


def test_users_are_named_as_they_call_themselves(world: World) -> None:
    world.know(DESK)
    assert name_users([ALICE.fingerprint, BOB.fingerprint, CAROL.fingerprint]) == {
        ALICE.fingerprint: Named(ALICE.fingerprint, "Alice", published=True, here=True),
        BOB.fingerprint: Named(BOB.fingerprint, "Bob", published=True, here=False),
        CAROL.fingerprint: Named(
            CAROL.fingerprint, CAROL.fingerprint[:12], published=False, here=False
        ),
    }


def test_nodes_are_named_by_name_then_place_then_key(world: World) -> None:
    world.know(DESK)
    names = Names()
    assert names.node(LAPTOP.fingerprint) == "our node"
    assert names.node(DESK.fingerprint) == "192.0.2.3:8000"
    assert names.node(TABLET.fingerprint) == TABLET.fingerprint[:12]
    Address.objects.filter(node=DESK.fingerprint).update(name="desk\u202e\nof Bob")
    assert Names().node(DESK.fingerprint) == "desk of Bob"
    assert names.of(BOB.fingerprint, world.facts) == "Bob"
    assert names.of(DESK.fingerprint, world.facts) == "192.0.2.3:8000"


def test_an_earlier_key_of_this_node_is_told_from_the_present_one(world: World) -> None:
    local = LocalNode.objects.get()
    before = SealedKey.objects.get(fingerprint=local.fingerprint).pk - 1
    SealedKey.objects.create(pk=before, fingerprint=TABLET.fingerprint, sealed=b"")
    keystore.forget()
    assert Names().node(local.fingerprint) == "our node"
    assert Names().node(TABLET.fingerprint) == "our node, by an earlier key"


@pytest.mark.parametrize(
    ("kind", "powers", "words"),
    [
        ("user", [READ_RESOURCE], "read what they publish"),
        ("node", [READ_RESOURCE], "keep and pass on"),
        ("node", FULL, "keep and pass on, write for them and read their mail"),
        (
            "node",
            ALL_POWERS,
            "keep and pass on, write for them, read their mail, make contacts and let in nodes and "
            "take back what they published elsewhere",
        ),
        ("node", ["something else"], ""),
    ],
)
def test_powers_in_words(kind: str, powers: list[str], words: str) -> None:
    assert power_words(kind, powers) == words
