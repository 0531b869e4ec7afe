"""Who changed what is written down, and for how long."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added
from django.test import Client
from django.utils import timezone

from hosting import runs
from hosting.audit import KEPT, forget_old, note
from hosting.models import AuditEntry, Run
from hosting.retention import rules
from hosting.retention import work as retention
from mail import guests
from mail.invitations import invite
from mail.leaving import leave
from mail.login_links import make_link, use
from mail.own_nodes import let_in, withdraw
from nodes.errors import UserError
from nodes.models import Account
from nodes.owners import make_owner
from sdmp.trust import READ_RESOURCE
from tests.mail.conftest import PASSWORD, House
from tests.mail.conftest import browse as browse
from tests.mail.conftest import house as house
from tests.support.cast import RELAY

Where = AuditEntry.Where
_NEW = "another house-key 8"


def entries() -> list[tuple[str, str, str, str]]:
    """What is written down: who, by which door, what, about what."""
    rows = AuditEntry.objects.order_by("pk")
    return list(rows.values_list("actor", "where", "action", "about"))


def test_pages_that_concern_the_owner(house: House, browse: Callable[[Account], Client]) -> None:
    make_owner(house.alice)
    now = timezone.now()
    _, token = invite(house.alice, kind="account", lifetime="day", now=now)
    guests.make_account(token, name="Carol", password=PASSWORD, now=now)
    use(make_link(house.bob, clears_factors=False, now=now), _NEW, now=now)
    let_in(house.bob, RELAY.fingerprint, [READ_RESOURCE], until=None, now=now)
    withdraw(house.bob, RELAY.fingerprint, now=timezone.now())
    factor = Authenticator.objects.create(user=house.bob, type="totp", data={})
    authenticator_added.send(None, request=None, user=house.bob, authenticator=factor)
    house.bob.refresh_from_db()
    browser = browse(house.bob)
    third = "a third house-key 9"
    given = {"oldpassword": _NEW, "password1": third, "password2": third}
    browser.post("/account/password/change/", given)
    leave(house.bob, now=now)
    assert entries() == [
        ("carol", "page", "account.make", "carol"),
        ("bob", "page", "account.password.by_link", "bob"),
        ("bob", "page", "node.let_in", "bob"),
        ("bob", "page", "node.withdraw", "bob"),
        ("bob", "page", "account.factor.add", "bob"),
        ("bob", "page", "account.password", "bob"),
        ("bob", "page", "account.delete", "bob"),
    ]
    assert AuditEntry.objects.filter(account=None).count() == 6  # bob is gone, his name stays


def test_what_the_owner_does_in_the_panel_is_hers(house: House) -> None:
    make_owner(house.alice)
    leave(house.bob, now=timezone.now(), by=house.alice)
    assert entries() == [("alice", "panel", "account.delete", "bob")]


def test_what_does_not_happen_is_not_written_down(house: House) -> None:
    make_owner(house.alice)
    _, token = invite(house.alice, kind="account", lifetime="day", now=timezone.now())
    with pytest.raises(UserError):
        guests.make_account(token, name="Carol", password="short", now=timezone.now())
    with pytest.raises(UserError):
        use(make_link(house.bob, clears_factors=True, now=timezone.now()), "x", now=timezone.now())
    assert entries() == []


def test_it_is_forgotten_after_two_years(house: House) -> None:
    now = timezone.now()
    note("account.quota", "bob", by=house.alice)
    note("command.migrate", where=Where.COMMAND)
    AuditEntry.objects.filter(action="account.quota").update(at=now - KEPT - timedelta(hours=1))
    AuditEntry.objects.exclude(action="account.quota").update(at=now - KEPT + timedelta(hours=1))
    assert forget_old(now) == 1
    assert [action for _, _, action, _ in entries()] == ["command.migrate"]


def _notes_nothing(*_: object, **__: object) -> None:
    raise ZeroDivisionError


@pytest.mark.parametrize(
    "change",
    [
        lambda owner: runs.ask_as(owner, Run.Kind.STORAGE),
        lambda owner: retention.try_out({"private": 90}, owner),
        lambda owner: retention.keep_to(str(Run.objects.get().pk), owner),
        lambda owner: retention.end_all(owner),
    ],
    ids=["ask", "try", "keep", "end"],
)
def test_what_is_not_noted_is_not_done(
    house: House, monkeypatch: pytest.MonkeyPatch, change: Callable[[Account], object]
) -> None:
    rules.set_rules({"bin": 30})
    dry = [{"dry": True, "rules": {"notices": 90}}]
    Run.objects.create(kind=Run.Kind.RETENTION, finished=timezone.now(), findings=dry)
    monkeypatch.setattr("hosting.audit.note", _notes_nothing)
    with pytest.raises(ZeroDivisionError):
        change(house.alice)
    assert rules.current() == {"bin": 30}
    assert Run.objects.count() == 1
