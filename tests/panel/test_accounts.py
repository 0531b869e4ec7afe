"""Accounts in the panel: what the owner sees of them, and does with them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from hosting.models import AuditEntry
from mail import guests, invitations
from mail.login_links import make_link, open_link
from mail.models import Invitation, Letter
from mail.suspending import suspend
from nodes.models import Account, LoginLink
from nodes.owners import make_owner
from tests.mail.conftest import PASSWORD, House
from tests.mail.conftest import browse as browse
from tests.mail.conftest import house as house

Browse = Callable[[Account], Client]


@pytest.fixture
def owner(house: House) -> Client:
    """Alice's browser; she owns the node, and has just shown that it is her."""
    cache.clear()
    make_owner(house.alice)
    client = Client()
    client.post("/account/login/", {"login": "alice", "password": PASSWORD})
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    return client


def at(name: str, *keys: object) -> str:
    return reverse(f"admin:{name}", args=keys)


def text(answer: Any) -> str:
    words = re.sub(r"<[^>]+>", " ", answer.content.decode())
    return re.sub(r"\s+", " ", words)


def noted() -> list[tuple[str, str, str]]:
    """What was written down: who, what, about what."""
    rows = AuditEntry.objects.filter(where="panel").order_by("pk")
    return list(rows.values_list("actor", "action", "about"))


def test_people_are_listed_and_echo_is_not(house: House, owner: Client) -> None:
    Account.objects.create(username="echo", name="Echo", is_echo=True)
    suspend(house.bob)
    house.write()
    page = text(owner.get(at("nodes_account_changelist")))
    assert "Alice Adams" in page
    assert "Owner" in page
    assert "Bob Brown" in page
    assert "Suspended" in page
    assert "Not checked" in page
    assert "Echo" not in page
    only = text(owner.get(at("nodes_account_changelist"), {"which": "suspended"}))
    assert "Bob Brown" in only
    assert "Alice Adams (" not in only
    assert "alice" not in only


@pytest.mark.parametrize("which", ["owners", "suspended", "one_factor", "no_backup", "host", "x"])
def test_filters_answer(owner: Client, which: str) -> None:
    assert owner.get(at("nodes_account_changelist"), {"which": which}).status_code in (200, 302)


def test_who_was_not_seen_for_long_is_found(house: House, owner: Client) -> None:
    def found() -> bool:
        page = owner.get(at("nodes_account_changelist"), {"which": "unseen"})
        return "Bob Brown" in text(page)

    bob, long_ago = Account.objects.filter(pk=house.bob.pk), timezone.now() - timedelta(days=91)
    assert not found()  # a new account has not been away
    bob.update(date_joined=long_ago)
    assert found()
    bob.update(last_login=long_ago)
    assert found()
    session = UserSession.objects.create(
        user=house.bob, session_key="x", ip="127.0.0.1", user_agent=""
    )
    assert not found()
    UserSession.objects.filter(pk=session.pk).update(last_seen_at=long_ago)
    assert found()
    bob.update(last_login=timezone.now())
    assert not found()


def test_one_account(house: House, owner: Client) -> None:
    house.write()
    bob = Client()
    bob.post("/account/login/", {"login": "bob", "password": PASSWORD})
    bob.get("/mail/inbox/")
    Authenticator.objects.create(user=house.bob, type="webauthn", data={})
    page = text(owner.get(at("account", house.bob.pk)))
    assert "Bob Brown" in page
    assert "Messages 1" in page
    assert "127.0.0.1" in page
    assert "passkey" in page
    assert owner.get(at("account", 10**6)).status_code == 404


def test_rights_are_saved_and_written_down(house: House, owner: Client) -> None:
    given = {"quota": "1.5", "may_write_notices": "on"}
    answer = owner.post(at("account_rights", house.bob.pk), given)
    assert answer.status_code == 302
    bob = Account.objects.get(pk=house.bob.pk)
    assert (bob.quota, bob.may_invite, bob.may_write_notices) == (1_500_000, False, True)
    entry = AuditEntry.objects.get(action="account.rights")
    assert (entry.actor, entry.about) == ("alice", "bob")
    assert entry.details == {"quota": 1_500_000, "may_invite": False, "may_let_in_nodes": False}
    page = owner.get(at("account", house.bob.pk)).content.decode()
    assert 'value="1.5"' in page
    again = owner.post(at("account_rights", house.bob.pk), given)
    assert again.status_code == 302
    assert AuditEntry.objects.filter(action="account.rights").count() == 1


@pytest.mark.parametrize("quota", ["-1", "x", "1e99", "9" * 50, "NaN"])
def test_nonsense_for_space_is_refused_in_a_sentence(
    house: House, owner: Client, quota: str
) -> None:
    answer = owner.post(at("account_rights", house.bob.pk), {"quota": quota, "owner": "on"})
    assert answer.status_code == 422
    assert not Account.objects.get(pk=house.bob.pk).is_superuser


def test_the_only_owner_cannot_step_down(house: House, owner: Client) -> None:
    answer = owner.post(at("account_rights", house.alice.pk), {})
    assert answer.status_code == 422
    assert "only owner of the node" in text(answer)
    answer = owner.post(at("account_suspend", house.alice.pk))
    assert answer.status_code == 422
    assert noted() == []


def test_suspending_and_letting_in(house: House, owner: Client, browse: Browse) -> None:
    bob = browse(house.bob)
    bob.get("/mail/inbox/")
    assert "signed out everywhere" in text(owner.get(at("account_suspend", house.bob.pk)))
    owner.post(at("account_suspend", house.bob.pk))
    assert bob.get("/mail/inbox/").status_code == 302
    owner.post(at("account_suspend", house.bob.pk))  # twice is once
    owner.post(at("account_let_in", house.bob.pk))
    assert Account.objects.get(pk=house.bob.pk).is_active
    assert noted() == [("alice", "account.suspend", "bob"), ("alice", "account.let_in", "bob")]


def test_signing_out_everywhere(house: House, owner: Client, browse: Browse) -> None:
    bob = browse(house.bob)
    bob.get("/mail/inbox/")
    owner.post(at("account_sign_ins_end", house.bob.pk))
    assert not UserSession.objects.filter(user=house.bob).exists()
    assert bob.get("/mail/inbox/").status_code == 302
    assert owner.get(at("account", house.bob.pk)).status_code == 200
    assert noted() == [("alice", "account.sign_ins.end", "bob")]


def test_a_login_link_is_shown_once(house: House, owner: Client) -> None:
    address = at("account_login_link", house.bob.pk)
    assert "/new-password/" not in owner.get(address).content.decode()
    answer = owner.post(address, {"clears_factors": "on"})
    [link] = re.findall(r'value="http[^"]*(/new-password/[^"]+)"', answer.content.decode())
    assert answer.headers["Cache-Control"].startswith("max-age=0")
    assert LoginLink.objects.get().clears_factors
    assert link not in owner.get(address).content.decode()
    assert Client().get(link).status_code == 200
    token = link.rpartition("/")[2]
    assert token not in str(list(AuditEntry.objects.values()))
    owner.post(at("account_link_withdraw", house.bob.pk))
    assert open_link(house.bob, timezone.now()) is None
    assert [action for _, action, _ in noted()] == [
        "account.login_link",
        "account.login_link.withdraw",
    ]
    assert AuditEntry.objects.get(action="account.login_link").details == {"factors": True}


def test_what_gives_somebody_an_account_asks_once_more_who_one_is(
    house: House, browse: Browse
) -> None:
    make_owner(house.alice)
    long_ago = browse(house.alice)
    for name in ("account_login_link", "account_delete"):
        address = at(name, house.bob.pk)
        assert long_ago.get(address).status_code == 200
        answer = long_ago.post(address, {"username": "bob"})
        assert answer.status_code == 302
        assert "/account/reauthenticate/" in answer.headers["Location"]
    assert Account.objects.filter(username="bob").exists()
    assert not LoginLink.objects.exists()
    # What was asked for last is done once she has shown it.
    answer = long_ago.post(
        f"/account/reauthenticate/?next={address}", {"password": PASSWORD, "next": address}
    )
    assert answer.status_code == 302
    assert not Account.objects.filter(username="bob").exists()


def test_a_link_to_an_account(house: House, owner: Client) -> None:
    given = {"name": "Carol Cook", "way": "link", "lifetime": "day"}
    answer = owner.post(at("account_make"), given)
    [link] = re.findall(r'value="http[^"]*(/invite/[^"]+)"', answer.content.decode())
    page = Client().get(link, headers={"Accept": "text/html"}).content.decode()
    assert 'value="Carol Cook"' in page
    assert noted() == [("alice", "account.invite", "Carol Cook")]
    listed = text(owner.get(at("mail_invitation_changelist")))
    assert "Account for Carol Cook" in listed
    assert link not in owner.get(at("mail_invitation_changelist")).content.decode()


def test_an_account_with_a_first_password(house: House, owner: Client) -> None:
    for wrong in ({"password": ""}, {"password": "short"}, {"password": "12345678"}):
        answer = owner.post(at("account_make"), {"name": "Dan", "way": "password", **wrong})
        assert answer.status_code == 422
    assert not Account.objects.filter(username="dan").exists()
    given = {"name": "Dan", "way": "password", "password": "a long dan-key 7"}
    answer = owner.post(at("account_make"), given)
    assert len(re.findall(r"<li>(\w+)</li>", answer.content.decode())) == 12
    assert "no-store" in answer.headers["Cache-Control"]
    assert Client().post("/account/login/", {"login": "dan", "password": "a long dan-key 7"})
    assert Account.objects.get(username="dan").fingerprint
    assert noted() == [("alice", "account.make", "dan")]


def test_deleting_takes_the_name(house: House, owner: Client) -> None:
    house.write()
    address = at("account_delete", house.bob.pk)
    assert "messages (1)" in text(owner.get(address))
    answer = owner.post(address, {"username": "alice"})
    assert answer.status_code == 422
    assert "This is not its name" in text(answer)
    assert Account.objects.filter(username="bob").exists()
    assert owner.post(address, {"username": "bob"}).status_code == 302
    assert not Account.objects.filter(username="bob").exists()
    assert Letter.objects.count() == 1  # Alice's own copy
    assert noted() == [("alice", "account.delete", "bob")]


def test_ones_own_account_is_deleted_elsewhere(house: House, owner: Client) -> None:
    answer = owner.post(at("account_delete", house.alice.pk), {"username": "alice"})
    assert answer.headers["Location"] == reverse("mail:leave")
    assert Account.objects.filter(username="alice").exists()


# --- Invitations ------------------------------------------------------------------------------


def _invite(account: Account, kind: str, note: str = "") -> tuple[Invitation, str]:
    return invitations.invite(account, kind=kind, lifetime="day", note=note, now=timezone.now())


def test_all_invitations_are_listed(house: House, owner: Client) -> None:
    house.alice.refresh_from_db()
    _, token = _invite(house.alice, "account")
    guests.make_account(token, name="Carol", password=PASSWORD, now=timezone.now())
    _invite(house.bob, "contact", "Bobs own words")
    page = text(owner.get(at("mail_invitation_changelist")))
    assert "Carol" in page  # who got an account
    assert "Bob Brown" in page
    assert "Bobs own words" not in page
    for state, number in (("open", 1), ("used", 1), ("withdrawn", 0), ("ended", 0)):
        answer = owner.get(at("mail_invitation_changelist"), {"state": state})
        assert answer.context["cl"].result_count == number, state


def test_withdrawing_anybodys_invitation_and_back(house: House, owner: Client) -> None:
    row, token = _invite(house.bob, "contact")
    owner.post(at("invitation_withdraw", row.pk))
    look = guests.look(token, timezone.now())
    assert look is not None
    assert look.state == "withdrawn"
    owner.post(at("invitation_restore", row.pk))
    look = guests.look(token, timezone.now())
    assert look is not None
    assert look.state == "open"
    assert noted() == [
        ("alice", "invitation.withdraw", "bob"),
        ("alice", "invitation.restore", "bob"),
    ]


# --- Who may come here ------------------------------------------------------------------------


def test_members_get_nowhere(house: House, browse: Browse) -> None:
    make_owner(house.alice)
    make_link(house.alice, clears_factors=False, now=timezone.now())
    bob = browse(house.bob)
    names = ("account", "account_rights", "account_suspend", "account_let_in")
    more = ("account_sign_ins_end", "account_login_link", "account_link_withdraw", "account_delete")
    for name in names + more:
        for method in ("get", "post"):
            answer: HttpResponse = getattr(bob, method)(at(name, house.alice.pk))
            assert answer.status_code in (302, 403), name
    assert LoginLink.objects.count() == 1
    assert AuditEntry.objects.count() == 0


def test_the_menu_leads_owners_to_the_panel(house: House, browse: Browse) -> None:
    make_owner(house.alice)
    assert at("index") in browse(house.alice).get("/mail/inbox/").content.decode()
    assert at("index") not in browse(house.bob).get("/mail/inbox/").content.decode()
    assert at("index") in browse(house.alice).get("/settings/").content.decode()
