"""What a restored node answers at each of its doors while it asks its peers: a sentence."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from hosting import restore
from journal.models import CatchUp, Resource
from journal.publish import publish
from mail import guests, invitations
from mail.held import do_due
from mail.models import Contact, Draft, Held, Invitation
from nodes import enrolment, keystore
from nodes.errors import UserError
from nodes.models import Account, ContactRequest
from nodes.peers import get_peer, note_contact
from sdmp.card import write_card
from sdmp.encoding import JSON
from tests.support.cast import ALICE, BOB, DESK, EVIL, TABLET
from tests.support.world import World, later, own_memory_fixture, world_fixture

__all__ = ["own_memory_fixture", "world_fixture"]

OWN, BEN, EVE = ALICE.fingerprint, BOB.fingerprint, EVIL.owner
SENTENCE = "This node was restored from a backup and asks its peers for what came since; do this "
STILL = "confirm its new key with your recovery phrase first"


@pytest.fixture
def home(world: World, tmp_path: Path) -> World:
    """Alice's node, which knows Bob's, asks it for what came since, and has nothing to say."""
    world.know()
    get_peer(DESK.fingerprint)
    note_contact(DESK.fingerprint, world.now)
    publish(OWN, {"message": "said before"}, now=world.now)
    world._next_key(keystore, TABLET)
    restore.come_back(timezone.now(), world.now - timedelta(hours=1))
    return world


@pytest.fixture
def pages(home: World) -> Client:
    """Alice's pages."""
    client = Client()
    client.force_login(home.alice, "allauth.account.auth_backends.AuthenticationBackend")
    return client


def eves_card() -> str:
    return write_card([EVE.identity(), EVE.profile()]).decode()


def ask(_: World) -> None:
    """Let Eve ask to be a contact."""
    ContactRequest.objects.create(
        user=OWN, stranger=EVE.fingerprint, node="", credentials=eves_card().encode()
    )


PAGES: dict[str, tuple[str, dict[str, str], Callable[[World], None]]] = {
    "profile": ("/settings/profile/", {"name": "Alicia", "about": ""}, lambda _: None),
    "a contact": ("/contacts/add/", {"do": "add", "card": eves_card()}, lambda _: None),
    "a request": (f"/contacts/{EVE.fingerprint}/accept/", {}, ask),
}


@pytest.mark.parametrize("door", PAGES)
def test_pages_refuse_with_the_sentence(home: World, pages: Client, door: str) -> None:
    address, data, before = PAGES[door]
    before(home)
    lines = len(home.journal())
    answer = pages.post(address, data, follow=True)
    assert answer.status_code in (200, 422)
    page = unescape(answer.content.decode())
    assert page.count(SENTENCE) == 1
    assert "again when it has caught up, on " in page
    assert len(home.journal()) == lines
    assert not Contact.objects.filter(user=EVE.fingerprint).exists()
    assert home.alice.get_full_name() == Account.objects.get(fingerprint=OWN).get_full_name()


def commands(world: World, tmp_path: Path) -> dict[str, list[str]]:
    """Give what each command is called with."""
    (tmp_path / "card").write_text(eves_card())
    said = Resource.objects.get(kind="message")
    return {
        "send_message": ["alice", "--to", BEN, "--title", "new"],
        "send_message notice": ["alice", "--notice", "--title", "new"],
        "add_contact": ["alice", str(tmp_path / "card")],
        "withdraw_trust": ["alice", BEN],
        "revoke": [said.uri],
    }


@pytest.mark.parametrize(
    "door", ["send_message", "send_message notice", "add_contact", "withdraw_trust", "revoke"]
)
def test_commands_refuse_with_the_sentence(home: World, tmp_path: Path, door: str) -> None:
    lines = len(home.journal())
    with pytest.raises(UserError) as refused:
        call_command(door.split()[0], *commands(home, tmp_path)[door], stdout=io.StringIO())
    assert str(refused.value).startswith(SENTENCE)
    assert "\n" not in str(refused.value)
    assert len(home.journal()) == lines
    assert not Contact.objects.filter(user=EVE.fingerprint).exists()


def test_the_sentence_names_the_last_moment(home: World) -> None:
    CatchUp.objects.update(since=home.now.replace(2026, 11, 23, 2, 20))
    with pytest.raises(UserError, match=r"on 2026-11-24 02:20 UTC at the latest\.$"):
        publish(OWN, {"message": "new"}, now=later())


def test_letters_and_what_can_be_undone_wait(home: World, pages: Client) -> None:
    lines = len(home.journal())
    Account.objects.update(undo_seconds=0)
    pages.post("/write/", {"do": "send", "to": BEN, "title": "waits", "body": "text"})
    pages.post(f"/contacts/{BEN}/withdraw/")
    assert {row.kind for row in Held.objects.all()} == {Held.Kind.SEND, Held.Kind.WITHDRAW}
    pages.post(f"/contacts/{BEN}/block/")  # which holds at once for what comes in
    assert Contact.objects.get(user=BEN).blocked is not None
    assert {row.kind for row in Held.objects.all()} == {Held.Kind.SEND, Held.Kind.BLOCK}
    assert Draft.objects.count() == 1
    assert do_due(later(minutes=5)) == 0
    assert len(home.journal()) == lines


def test_an_invitation_that_accepts_at_once_asks_instead(home: World) -> None:
    _, token = invitations.invite(
        home.alice, kind=Invitation.Kind.CONTACT, lifetime="week", accept_at_once=True,
        now=later(),
    )  # fmt: skip
    assert guests.leave_card(token, eves_card().encode(), later())
    assert ContactRequest.objects.filter(stranger=EVE.fingerprint).exists()
    assert not Contact.objects.filter(user=EVE.fingerprint).exists()


def test_an_invitation_to_an_account_waits_unused(home: World) -> None:
    home.alice.is_staff = home.alice.is_superuser = True
    home.alice.save()
    row, token = invitations.invite(
        home.alice, kind=Invitation.Kind.ACCOUNT, lifetime="week", now=later()
    )
    home._next_key(enrolment, EVE)
    with pytest.raises(UserError, match=SENTENCE):
        guests.make_account(token, name="Eve", password="a long house-key 7", now=later())
    assert invitations.invitation(home.alice, row.pk, later()).state == "open"  # type: ignore[union-attr]
    assert Account.objects.count() == 1


def test_who_stands_still_is_told_of_the_phrase(home: World, pages: Client) -> None:
    CatchUp.objects.update(since=None)
    sections: list[dict[str, JSON]] = [{"message": "new"}, {"user": {"name": "Alicia"}}]
    for new in sections:
        with pytest.raises(UserError, match=STILL):
            publish(OWN, new, now=later())
    page = pages.post(reverse("mail:settings_profile"), {"name": "Alicia", "about": ""})
    assert STILL in unescape(page.content.decode())
