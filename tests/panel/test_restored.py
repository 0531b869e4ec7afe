"""The panel after a restore: how far the node has come, and an end to the waiting."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from hosting import restore
from hosting.models import AuditEntry
from journal.models import CatchUp
from nodes import keystore
from nodes.models import Account
from nodes.peers import get_peer, note_contact
from tests.support.cast import BOB, DESK, TABLET
from tests.support.world import World

Owner = Callable[[Account], Client]


@pytest.fixture
def back(world: World) -> World:
    """Alice's node, which knows Bob's and came back; Kim lets it make no trusts."""
    world.know()
    get_peer(DESK.fingerprint)
    note_contact(DESK.fingerprint, timezone.now())
    world.enrol(BOB, mode="host")
    world._next_key(keystore, TABLET)
    restore.come_back(world.now, world.now)
    return world


def test_the_owner_sees_how_far_it_is(back: World, as_owner: Owner) -> None:
    browser = as_owner(back.alice)
    assert 'href="/admin/restored/"' in browser.get("/admin/").content.decode()
    text = browser.get("/admin/restored/").content.decode()
    assert "0 of 1 have been read to the end" in text
    assert "<li>bob</li>" in text
    assert "Wait no longer" in text


def test_the_owner_waits_no_longer(back: World, as_owner: Owner) -> None:
    browser = as_owner(back.alice)
    answer = browser.post("/admin/restored/", follow=True)
    assert "1 account publishes again." in answer.content.decode()
    assert CatchUp.objects.filter(done=None).count() == 1  # Bob's, who has to come himself
    assert AuditEntry.objects.filter(action="node.wait_no_longer", actor="alice").exists()
    text = browser.get("/admin/restored/").content.decode()
    assert "Wait no longer" not in text
    assert "stand still" in text
    CatchUp.objects.all().delete()
    assert "waits for nothing" in browser.get("/admin/restored/").content.decode()


def test_members_are_kept_out(back: World) -> None:
    client = Client()
    client.force_login(back.alice, "allauth.account.auth_backends.AuthenticationBackend")
    assert client.get("/admin/restored/").status_code in (302, 403)
    assert client.post("/admin/restored/").status_code in (302, 403)
    assert CatchUp.objects.filter(done=None).count() == 2
