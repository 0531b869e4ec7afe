"""What the owner says to everybody here: over their pages, for a while, until it is put aside."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from hosting.models import AuditEntry
from journal.models import Line
from mail.announcing import announce, announced
from mail.models import Announcement
from nodes.models import Account
from tests.mail.conftest import House

Enter = Callable[[Account], Client]
WORDS = "The node is down on Sunday from nine to ten."
PAGE = "admin:announcement"


def _said(client: Client, page: str = "/mail/inbox/") -> bool:
    return WORDS in client.get(page).content.decode()


@pytest.fixture
def bob(house: House) -> Client:
    """Bob's browser; he has an account and owns nothing."""
    client = Client()
    client.force_login(house.bob, "allauth.account.auth_backends.AuthenticationBackend")
    return client


def test_everybody_here_sees_it_and_nobody_elsewhere(
    house: House, as_owner: Enter, bob: Client
) -> None:
    owner, lines = as_owner(house.alice), Line.objects.count()
    answer = owner.post(reverse(PAGE), {"text": f"  {WORDS}\n", "duration": "day"})
    assert answer.status_code == 302
    for client in (owner, bob):
        assert _said(client)
    assert "Alice Adams, who runs this node:" in bob.get("/mail/inbox/").content.decode()
    assert not _said(Client(), "/account/login/")
    assert Line.objects.count() == lines  # nothing of it is published
    entry = AuditEntry.objects.get(action="announcement.say")
    assert (entry.account, entry.details) == (house.alice, {"text": WORDS, "days": 1})


def test_it_ends_by_itself_and_by_hand(house: House, as_owner: Enter, bob: Client) -> None:
    owner = as_owner(house.alice)
    announce(WORDS, by=house.alice, duration="day", now=timezone.now() - timedelta(hours=25))
    assert not _said(bob)
    announce(WORDS, by=house.alice, duration="week", now=timezone.now() - timedelta(hours=25))
    assert _said(bob)
    assert _said(owner, reverse(PAGE))
    owner.post(reverse(PAGE), {"do": "end"})
    owner.post(reverse(PAGE), {"do": "end"})
    assert not _said(bob)
    assert AuditEntry.objects.filter(action="announcement.end").count() == 1


def test_a_new_one_takes_the_place_of_the_old(house: House) -> None:
    now = timezone.now()
    announce("Old", by=house.alice, duration="month", now=now)
    announce(WORDS, by=house.alice, duration="day", now=now)
    assert Announcement.objects.count() == 1
    said = announced(now)
    assert said is not None
    assert said.text == WORDS


def test_who_has_put_it_aside_sees_only_the_next(house: House, bob: Client) -> None:
    now = timezone.now()
    said = announce("Old", by=house.alice, duration="day", now=now)
    aside = reverse("mail:announcement_aside")
    assert bob.post(aside, {"announcement": said.pk}).status_code == 302
    assert "Old" not in bob.get("/mail/inbox/").content.decode()
    announce(WORDS, by=house.alice, duration="day", now=now)
    assert _said(bob)
    for nonsense in ("", "x", "9" * 30, "²"):
        assert bob.post(aside, {"announcement": nonsense}).status_code == 302
    assert _said(bob)


@pytest.mark.parametrize(
    "given", [{}, {"text": " \u202e\n", "duration": "day"}, {"text": "a" * 501, "duration": "day"},
              {"text": WORDS, "duration": "year"}],
)  # fmt: skip
def test_bad_input_is_said_and_nothing_is_announced(
    house: House, as_owner: Enter, given: dict[str, str]
) -> None:
    answer = as_owner(house.alice).post(reverse(PAGE), {"do": "say", **given})
    assert answer.status_code == 422
    assert "hint--bad" in answer.content.decode()
    assert announced(timezone.now()) is None


def test_it_stays_when_its_author_leaves(house: House, bob: Client) -> None:
    announce(WORDS, by=house.alice, duration="day", now=timezone.now())
    house.alice.delete()
    assert _said(bob)
