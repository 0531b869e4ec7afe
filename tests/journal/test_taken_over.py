"""The machine of before, which hears that it was restored elsewhere and keeps quiet."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client

from hosting import restore
from journal import restored, taken_over
from journal.addresses import refresh_addresses
from journal.models import Resource
from journal.publish import publish
from journal.takeover import renew_node_key
from mail.drafts import Content, Mark
from mail.models import Held, OwedReceipt
from mail.opening import open_waiting
from mail.sending import send_draft
from nodes import facts as facts_door
from nodes import keystore
from nodes.errors import UserError
from nodes.models import Account, LocalNode
from panel import today
from sdmp.signature import Envelope
from tests.support.cast import ALICE, BOB, DESK, LAPTOP, RELAY, TABLET
from tests.support.world import World, later, letter_to, own_memory_fixture, world_fixture

__all__ = ["own_memory_fixture", "world_fixture"]

OWN, HERE = ALICE.fingerprint, LAPTOP.fingerprint


class _Elsewhere(Exception):
    """It happens on another machine, with the same data."""


@pytest.fixture
def papers(world: World) -> list[Envelope]:
    """What the node publishes when it is restored elsewhere, as peers hand it over."""
    world.know()
    refresh_addresses(world.now)
    before = set(Resource.objects.values_list("pk", flat=True))
    made: list[Envelope] = []
    world._next_key(keystore, TABLET)
    try:
        with transaction.atomic():
            restore.come_back(world.now, world.now - timedelta(hours=1))
            rows = Resource.objects.exclude(pk__in=before).order_by("pk")
            made = [row.envelope() for row in rows]
            raise _Elsewhere
    except _Elsewhere:
        facts_door.forget()
        keystore.forget()
    return made


def test_it_hears_of_it_and_publishes_nothing(world: World, papers: list[Envelope]) -> None:
    assert not taken_over.is_taken_over()
    report = world.accept(*papers, hand=DESK)
    assert not report.refused
    assert taken_over.is_taken_over()
    lines = len(world.journal())
    with pytest.raises(UserError, match="turn this one off for good"):
        publish(OWN, {"message": "of a ghost"}, now=later())
    content = Content(to=(BOB.fingerprint,), title="of a ghost", body="text")
    with pytest.raises(UserError, match="turn this one off for good"):
        send_draft(Account.objects.get(fingerprint=OWN), content, Mark(), now=later())
    assert not Held.objects.exists()
    world.accept(letter_to(ALICE), hand=DESK)
    assert open_waiting() == 1
    assert OwedReceipt.objects.filter(given=False).count() == 1
    assert refresh_addresses(later()) == 0
    assert len(world.journal()) == lines + 1  # the letter that came
    assert restored.is_waiting(OWN)
    assert restored.waiting_users() == {OWN}


def test_people_and_the_owner_are_told(world: World, papers: list[Envelope]) -> None:
    world.accept(*papers, hand=DESK)
    account = Account.objects.get(fingerprint=OWN)
    needs = today.needs(account, later())
    assert (needs[0].slug, needs[0].state) == ("taken-over", "bad")
    client = Client()
    client.force_login(account, "allauth.account.auth_backends.AuthenticationBackend")
    assert taken_over.words() in client.get("/settings/").content.decode()


def test_its_own_new_address_is_no_such_thing(world: World, settings: object) -> None:
    world.know()
    refresh_addresses(world.now)
    LocalNode.objects.update(address="192.0.2.7:1")
    assert refresh_addresses(later()) == 1
    assert not taken_over.is_taken_over()


def test_a_new_key_ends_it(world: World, papers: list[Envelope]) -> None:
    """Where there is no other machine after all, as when an old copy was put back by hand."""
    world.accept(*papers, hand=DESK)
    world._next_key(keystore, RELAY)
    renew_node_key(later())
    assert not taken_over.is_taken_over()
    publish(OWN, {"message": "new"}, now=later())
