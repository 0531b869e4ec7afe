"""Deleting an account."""

import pytest
from allauth.usersessions.models import UserSession
from django.db.models import Model
from django.test import Client
from django.utils import timezone

from journal.answers import give
from journal.models import Resource
from journal.verification import verify_journal
from mail import push
from mail.leaving import leave, what_goes
from mail.models import Contact, Conversation, Draft, Letter
from mail.selectors import all_letters
from mail.send import send
from nodes import keystore
from nodes.errors import UserError
from nodes.facts import current_facts
from nodes.models import Account
from tests.mail.conftest import PASSWORD, House
from tests.mail.test_push import subscribe


def test_what_goes(house: House) -> None:
    house.write()
    Draft.objects.create(account=house.alice, sealed=b"x")
    going = what_goes(house.alice, timezone.now())
    assert (going.letters, going.drafts, going.waiting) == (1, 1, 0)
    assert going.contacts >= 1
    assert going.withdraws
    assert going.other_nodes == ()
    assert going.refusal == ""


def test_all_of_it_goes_and_the_trust_is_withdrawn(house: House) -> None:
    house.write()
    send(house.alice, to=[str(house.alice.fingerprint)], title="Diary", body="Private")
    send(house.bob, to=[str(house.alice.fingerprint)], title="Re", body="To Alice alone")
    house.deliver()
    Draft.objects.create(account=house.alice, sealed=b"x")
    subscribe(house.alice, "https://push.example/x")
    user, now = str(house.alice.fingerprint), timezone.now()
    assert leave(house.alice, now=now)
    here = keystore.node_fingerprint()
    assert current_facts().authorised(user, here, now) is None
    for model in (Letter, Conversation, Draft, Contact):
        rows: type[Model] = model
        assert not rows._default_manager.filter(account__username="alice").exists()
    assert not Account.objects.filter(username="alice").exists()
    assert push.browsers(house.bob) == []
    # Bob keeps what he was sent, and the journal holds.
    [received] = [letter for letter in all_letters(house.bob) if letter.author.fingerprint == user]
    assert received.body == "At **eight**?"
    findings = verify_journal()
    assert findings.problems == []
    own = Resource.objects.filter(author=user)
    facts = ("identity", "trust", "revoke", "node")
    assert not own.filter(kind__in=facts, payload=None).exclude(revoked_by=None).exists()
    kept = own.filter(kind="encrypted", payload__isnull=False)
    assert kept.count() == 1  # the one that Bob has
    # A peer that asks for what is gone is told that there is no such thing.
    gone = own.filter(payload=None, revoked_by=None).first()
    assert gone is not None
    asked = [(user, gone.identifier)]
    given = give(asked, node=here, here=here, facts=current_facts(), now=now)
    assert (given.resources, given.not_found) == ([], asked)


def test_others_lose_nothing(house: House) -> None:
    house.write()
    before = [letter.body for letter in all_letters(house.bob)]
    held = set(Resource.objects.filter(author=house.bob.fingerprint, payload=None))
    leave(house.alice, now=timezone.now())
    assert [letter.body for letter in all_letters(house.bob)] == before
    assert Contact.objects.filter(account=house.bob).exists()
    after = Resource.objects.filter(author=house.bob.fingerprint, payload=None)
    assert {row.kind for row in set(after) - held} <= {"encrypted"}  # what Alice alone was sent


def test_the_last_owner_stays(house: House) -> None:
    Account.objects.filter(pk=house.alice.pk).update(is_superuser=True)
    house.alice.refresh_from_db()
    before = Resource.objects.count()
    with pytest.raises(UserError, match="You are the only owner"):
        leave(house.alice, now=timezone.now())
    assert Resource.objects.count() == before
    assert what_goes(house.alice, timezone.now()).refusal
    Account.objects.filter(pk=house.bob.pk).update(is_superuser=True)
    leave(house.alice, now=timezone.now())
    house.bob.refresh_from_db()
    leave(house.bob, now=timezone.now())  # nobody is left whom it could harm
    assert not Account.objects.filter(is_echo=False).exists()


def test_by_the_page(house: House) -> None:
    client, elsewhere = Client(), Client()
    for one in (client, elsewhere):
        one.force_login(house.alice, "allauth.account.auth_backends.AuthenticationBackend")
        one.get("/settings/")
    assert UserSession.objects.filter(user=house.alice).count() == 2
    wrong = client.post("/settings/leave/", {"username": "bob", "password": "wrong"})
    assert wrong.status_code == 422
    text = wrong.content.decode()
    assert "This is not your name. Yours is alice." in text
    assert "This is not your password." in text
    assert Account.objects.filter(username="alice").exists()
    left = client.post("/settings/leave/", {"username": "alice", "password": PASSWORD})
    assert "The account is deleted" in left.content.decode()
    assert not Account.objects.filter(username="alice").exists()
    for one in (client, elsewhere):
        assert one.get("/settings/").status_code == 302
