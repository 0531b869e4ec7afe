"""Whom this node serves as a relay, and who has to let its new key in after a restore."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from hosting import restore
from hosting.left_behind import left_behind
from journal.serving import serve_user
from nodes import keystore
from nodes.models import Account
from panel import today
from sdmp.card import write_card
from tests.panel.conftest import as_owner
from tests.support.cast import BOB, HOST, LAPTOP, TABLET
from tests.support.world import World, later, own_memory_fixture, world_fixture

__all__ = ["as_owner", "own_memory_fixture", "world_fixture"]

Owner = Callable[[Account], Client]
NEW = TABLET.fingerprint


@pytest.fixture
def back(world: World) -> World:
    """Alice's node, a relay of Bob's, which came back."""
    card = write_card([BOB.identity(), BOB.profile(), BOB.trust(LAPTOP, HOST)])
    serve_user(card, now=world.now)
    assert left_behind(world.now) == []
    world._next_key(keystore, TABLET)
    told = restore.come_back(world.now, world.now - timedelta(hours=1))
    assert (told.waiting, told.relayed) == ((), (BOB.fingerprint,))
    return world


def test_the_owner_is_told_whom_and_what(back: World, as_owner: Owner) -> None:
    [need] = [n for n in today.needs(back.alice, later()) if n.slug == "left-behind"]
    assert "1 person without an account here" in need.words
    assert "sdmpweb export_node" in need.more
    assert "sdmpweb serve_user CARD" in need.more
    page = as_owner(back.alice).get(need.address).content.decode()
    assert need.more in page
    assert BOB.fingerprint in page


def test_it_ends_when_they_have_let_it_in(back: World) -> None:
    anew = BOB.trust(TABLET, HOST)
    serve_user(write_card([BOB.identity(), anew]), now=later())
    assert left_behind(later()) == []
    assert not [n for n in today.needs(back.alice, later()) if n.slug == "left-behind"]


def test_it_ends_when_they_have_left(back: World) -> None:
    back.accept(BOB.revocation(BOB.trust(LAPTOP, HOST)))
    assert left_behind(later()) == []
