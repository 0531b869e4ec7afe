"""Who may enter the owner's panel."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from nodes.models import Account

pytestmark = pytest.mark.django_db


def _visitor(**rights: Any) -> Client:
    account = Account.objects.create_user("olga", password="a long house-key 7", **rights)
    client = Client()
    client.force_login(account, "allauth.account.auth_backends.AuthenticationBackend")
    return client


def test_an_owner_enters() -> None:
    answer = _visitor(is_staff=True, is_superuser=True).get(reverse("admin:index"))
    assert answer.status_code == 200
    assert "Owner’s panel" in answer.content.decode()


@pytest.mark.parametrize("rights", [{}, {"is_staff": True}])
def test_others_do_not(rights: dict[str, Any]) -> None:
    assert _visitor(**rights).get(reverse("admin:index")).status_code in (302, 403)


def test_strangers_are_led_to_the_one_door() -> None:
    answer = Client().get(reverse("admin:index"), follow=True)
    assert answer.redirect_chain[-1][0].startswith(reverse("account_login"))


def test_tables_of_libraries_stay_out() -> None:
    owner = _visitor(is_staff=True, is_superuser=True)
    for path in (
        "mfa/authenticator/",
        "usersessions/usersession/",
        "account/emailaddress/",
        "auth/group/",
    ):
        assert owner.get(f"{reverse('admin:index')}{path}").status_code == 404


@pytest.mark.parametrize(
    "path", ["signup/", "email/", "confirm-email/", "password/reset/", "login/code/confirm/"]
)
def test_unused_pages_are_not_there(path: str) -> None:
    assert Client().get(f"/account/{path}").status_code == 404
