"""A house with two accounts, Alice's and Bob's, who know each other."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from django.test import Client

from journal.enrol import enrol, make_node
from mail.cards import export_card
from mail.contacts import add_contact
from mail.flags import let_in
from mail.opening import open_waiting
from mail.send import send
from nodes import facts, keystore
from nodes.models import Account
from sdmp.signature import Envelope
from tests.support.cast import BOB, CAROL, DESK, TABLET
from tests.support.world import World, own_memory_fixture, world_fixture

__all__ = ["own_memory_fixture", "world_fixture"]

Take = Callable[..., None]

PASSWORD = "a long house-key 7"


@dataclass(frozen=True)
class House:
    """A node with two accounts; `deliver` files what is on its way between them."""

    alice: Account
    bob: Account

    def deliver(self) -> None:
        """Open what waits, receipts included."""
        while open_waiting():
            pass

    def write(self, **options: object) -> str:
        """Send a letter from Alice to Bob and deliver it; returns its URI."""
        given = {"to": [self.bob.fingerprint], "title": "Dinner", "body": "At **eight**?"}
        uri = send(self.alice, **given | options)  # type: ignore[arg-type]
        self.deliver()
        return uri


@pytest.fixture
def house(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """The house, made anew for each test; its recovery kits, slow to make, are not used."""
    monkeypatch.setattr("nodes.enrolment.make_recovery_kit", lambda *_: b"{}")
    facts.forget()
    keystore.forget()
    make_node("hearth")
    alice = enrol("alice", name="Alice Adams", password=PASSWORD).account
    bob = enrol("bob", name="Bob Brown", password=PASSWORD).account
    add_contact(alice, export_card(bob), "Bob Brown")
    add_contact(bob, export_card(alice), "Alice Adams")
    yield House(alice, bob)
    facts.forget()
    keystore.forget()


@pytest.fixture
def browse(house: House) -> Callable[[Account], Client]:
    """Sign an account in: `browse(house.alice)` is her browser."""

    def sign_in(account: Account) -> Client:
        client = Client()
        client.force_login(account, "allauth.account.auth_backends.AuthenticationBackend")
        return client

    return sign_in


@pytest.fixture
def strangers(world: World) -> Take:
    """Alice trusts Bob and Carol, but knows neither; `strangers(...)` accepts and opens mail."""
    world.know(DESK)
    world.know(TABLET)

    def accept_and_open(*envelopes: Envelope) -> None:
        assert not world.accept(*envelopes).refused
        open_waiting()

    return accept_and_open


@pytest.fixture
def take(world: World, strangers: Take) -> Take:
    """Alice has let in Bob and Carol; `take(...)` accepts their mail and opens it."""
    for user in (BOB, CAROL):
        let_in(world.alice, user.fingerprint)
    return strangers
