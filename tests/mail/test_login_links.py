"""Setting a new password by a link from the owner of the node."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from mail.login_links import LIFETIME, find, make_link, open_link, use, withdraw_link
from mail.suspending import suspend
from nodes.errors import UserError
from nodes.models import Account, LoginLink, SealedKey
from tests.mail.conftest import House

NEW = "another house-key 8"
Browse = Callable[[Account], Client]


@pytest.fixture(autouse=True)
def no_tries_yet() -> None:
    cache.clear()


def _link(account: Account, *, clears: bool = False) -> str:
    return make_link(account, clears_factors=clears, now=timezone.now())


def _signs_in(password: str) -> bool:
    answer = Client().post("/account/login/", {"login": "alice", "password": password})
    return answer.status_code == 302


def test_the_password_is_set_and_no_key_is_touched(house: House, browse: Browse) -> None:
    browser = browse(house.alice)
    browser.get("/mail/inbox/", headers={"User-Agent": "mine"})
    assert UserSession.objects.filter(user=house.alice, user_agent="mine").exists()
    kit = house.alice.recovery_kit
    keys = list(SealedKey.objects.values_list("fingerprint", "sealed"))
    guest = Client()
    address = f"/new-password/{_link(house.alice)}"
    assert "alice" in guest.get(address).content.decode()
    answer = guest.post(address, {"password": NEW})
    assert not UserSession.objects.filter(user=house.alice, user_agent="mine").exists()
    answer = guest.get(answer.headers["Location"])
    assert "The new password is saved" in answer.content.decode()
    assert _signs_in(NEW)
    assert browser.get("/mail/inbox/").status_code == 302
    house.alice.refresh_from_db()
    assert house.alice.recovery_kit == kit
    assert list(SealedKey.objects.values_list("fingerprint", "sealed")) == keys


def test_it_works_once(house: House) -> None:
    token = _link(house.alice)
    use(token, NEW, now=timezone.now())
    with pytest.raises(UserError, match="has ended"):
        use(token, "a third house-key 9", now=timezone.now())
    assert Client().get(f"/new-password/{token}").status_code == 410
    assert _signs_in(NEW)


def test_a_weak_password_uses_nothing_up(house: House) -> None:
    token = _link(house.alice)
    with pytest.raises(UserError):
        use(token, "alice", now=timezone.now())
    answer = Client().post(f"/new-password/{token}", {"password": "alice"})
    assert answer.status_code == 422
    assert find(token, timezone.now()) is not None


def test_it_ends_after_a_day_and_when_a_newer_one_is_made(house: House) -> None:
    token = _link(house.alice)
    assert find(token, timezone.now() + LIFETIME - timedelta(minutes=1)) is not None
    assert find(token, timezone.now() + LIFETIME) is None
    newer = _link(house.alice)
    assert find(token, timezone.now()) is None
    assert find(newer, timezone.now()) is not None
    assert withdraw_link(house.alice)
    assert open_link(house.alice, timezone.now()) is None
    assert find(newer, timezone.now()) is None


@pytest.mark.parametrize("clears", [True, False])
def test_second_factors_go_only_when_the_owner_says_so(house: House, clears: bool) -> None:
    for kind in ("totp", "webauthn", "recovery_codes"):
        Authenticator.objects.create(user=house.alice, type=kind, data={})
    use(_link(house.alice, clears=clears), NEW, now=timezone.now())
    assert Authenticator.objects.filter(user=house.alice).count() == (0 if clears else 3)


def test_only_a_hash_is_kept(house: House) -> None:
    token = _link(house.alice)
    [row] = LoginLink.objects.values()
    assert token not in str(row)


def test_a_suspended_account_has_none(house: House) -> None:
    token = _link(house.alice)
    suspend(house.alice)
    assert find(token, timezone.now()) is None
    with pytest.raises(UserError, match="suspended"):
        _link(house.alice)


def test_guesses_are_limited(house: House) -> None:
    client = Client()
    answers = [client.get(f"/new-password/{'x' * 32}").status_code for _ in range(61)]
    assert answers == [410] * 60 + [429]
