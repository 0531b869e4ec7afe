"""Suspending an account, and letting it in again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import Login
from allauth.core.context import request_context
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal.flows import perform_passwordless_login
from allauth.usersessions.models import UserSession
from asgiref.testing import ApplicationCommunicator
from channels.layers import get_channel_layer
from django.contrib.auth.models import AnonymousUser
from django.test import Client, RequestFactory
from django.utils import timezone

from mail import drafts, held, live, push, sending
from mail.consumers import SIGNED_OUT, LiveConsumer
from mail.drafts import Content, Mark
from mail.live import group_of
from mail.models import Delivery, Draft, Held, Letter
from mail.selectors import all_letters
from mail.send import send
from mail.suspending import let_in_again, suspend
from nodes.errors import UserError
from nodes.models import Account
from nodes.owners import make_member, make_owner
from sdmpweb.session_store import SessionStore
from tests.mail.conftest import PASSWORD, House
from tests.mail.test_push import subscribe

LOGIN = "/account/login/"
Browse = Callable[[Account], Client]


def _sign_in(name: str, password: str = PASSWORD) -> tuple[int, str]:
    answer = Client().post(LOGIN, {"login": name, "password": password}, follow=True)
    return answer.status_code, answer.content.decode()


def test_sign_ins_end_and_none_begins(house: House, browse: Browse) -> None:
    browser = browse(house.alice)
    assert browser.get("/mail/inbox/").status_code == 200
    assert suspend(house.alice)
    assert browser.get("/mail/inbox/").status_code == 302
    assert not UserSession.objects.filter(user=house.alice).exists()
    status, page = _sign_in("alice")
    assert status == 200
    assert "has suspended this account" in page
    assert let_in_again(house.alice)
    assert "has suspended" not in _sign_in("alice")[1]


def test_strangers_are_not_told_of_it(house: House) -> None:
    suspend(house.alice)
    _, known = _sign_in("alice", "a wrong password 7")
    _, unknown = _sign_in("alicf", "a wrong password 7")
    assert "suspended" not in known
    assert "do not belong together" in known
    assert "do not belong together" in unknown


def test_a_second_factor_does_not_help(house: House) -> None:
    """The refusal comes before the app is asked for."""
    Authenticator.objects.create(user=house.alice, type="totp", data={"secret": "x"})
    suspend(house.alice)
    assert "has suspended this account" in _sign_in("alice")[1]


def test_a_passkey_does_not_help_either(house: House) -> None:
    """From where a passkey is found to be right, signing in goes on as with a password."""
    suspend(house.alice)
    passkey = Authenticator.objects.create(user=house.alice, type="webauthn", data={})
    request = RequestFactory().post("/account/2fa/webauthn/login/")
    request.user, request.session = AnonymousUser(), SessionStore()
    with request_context(request):
        answer = perform_passwordless_login(request, passkey, Login(user=house.alice))
    assert answer.headers["Location"] == "/account/inactive/"
    assert "_auth_user_id" not in request.session


def test_mail_keeps_coming_and_is_kept(house: House) -> None:
    suspend(house.alice)
    send(house.bob, to=[str(house.alice.fingerprint)], title="Still", body="Here?")
    house.deliver()
    delivery = Delivery.objects.get(letter__account=house.bob)
    assert delivery.state == Delivery.State.RECEIVED
    let_in_again(house.alice)
    assert [letter.title for letter in all_letters(house.alice)] == ["Still"]


def test_nothing_is_written_from_it_and_what_waited_goes_later(house: House) -> None:
    now = timezone.now()
    content = Content((str(house.bob.fingerprint),), "", "Held", "In a moment")
    sending.send_draft(house.alice, content, Mark(), now=now)
    suspend(house.alice)
    with pytest.raises(UserError, match="suspended"):
        send(house.alice, to=[str(house.bob.fingerprint)], title="No", body="No")
    later = now + timedelta(minutes=5)
    assert held.do_due(later) == 0
    assert Draft.objects.filter(account=house.alice).count() == 1
    let_in_again(house.alice)
    assert held.do_due(later) == 1
    assert Letter.objects.filter(account=house.alice, outgoing=True).count() == 1


def test_what_it_wanted_blocked_is_blocked(house: House) -> None:
    held.hold(house.alice, Held.Kind.BLOCK, str(house.bob.fingerprint), now=timezone.now())
    suspend(house.alice)
    assert held.do_due(timezone.now() + timedelta(minutes=5)) == 1


def test_no_browser_is_woken(house: House) -> None:
    subscribe(house.alice, "https://push.example/x")
    suspend(house.alice)
    assert push.wake_browsers(house.alice.pk) == 0
    assert len(push.browsers(house.alice)) == 1  # it is, once the account is let in again


def test_the_only_owner_stays(house: House) -> None:
    make_owner(house.alice)
    for refused in (suspend, make_member):
        with pytest.raises(UserError, match="only owner"):
            refused(house.alice)
    house.alice.refresh_from_db()
    assert house.alice.is_active
    assert house.alice.is_superuser
    make_owner(house.bob)
    suspend(house.alice)
    with pytest.raises(UserError, match="only owner"):
        make_member(house.bob)  # the other owner is shut out


def test_doing_it_twice_changes_nothing(house: House) -> None:
    assert suspend(house.alice)
    assert not suspend(house.alice)
    assert let_in_again(house.alice)
    assert not let_in_again(house.alice)


async def _page_that_is_hung_up_on(account: Account) -> dict[str, Any]:
    scope = {"type": "websocket", "path": "/live", "user": account, "headers": []}
    page: Any = ApplicationCommunicator(LiveConsumer.as_asgi(), scope)  # type: ignore[no-untyped-call]
    await page.send_input({"type": "websocket.connect"})
    assert (await page.receive_output())["type"] == "websocket.accept"
    await page.receive_output()  # hello
    layer = get_channel_layer()
    assert layer is not None
    await layer.group_send(group_of(account.pk), {"type": "live.over"})
    said: dict[str, Any] = await page.receive_output()
    return said


def test_open_pages_are_closed(
    house: House, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    said: list[tuple[str, str]] = []
    monkeypatch.setattr(live, "wake", lambda group, *, type: said.append((group, type)))  # noqa: A006
    with django_capture_on_commit_callbacks(execute=True):
        suspend(house.alice)
    assert said == [(group_of(house.alice.pk), "live.over")]
    closed = asyncio.run(_page_that_is_hung_up_on(house.alice))
    assert (closed["type"], closed["code"]) == ("websocket.close", SIGNED_OUT)


def test_drafts_of_a_suspended_account_stay(house: House) -> None:
    drafts.save(house.alice, Content((), "", "Begun", "Not ended"), Mark())
    suspend(house.alice)
    let_in_again(house.alice)
    assert drafts.count(house.alice) == 1
