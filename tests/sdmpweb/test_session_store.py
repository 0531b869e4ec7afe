"""The database knows no secret by which a browser is signed in."""

from __future__ import annotations

import pytest
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client

from nodes.models import Account
from sdmpweb.session_store import SessionStore, key_of

pytestmark = pytest.mark.django_db
PASSWORD = "a long house-key 7"


@pytest.fixture
def signed_in() -> Client:
    """Somebody who signed in by the page."""
    Account.objects.create_user("olga", password=PASSWORD)
    client = Client()
    answer = client.post("/account/login/", {"login": "olga", "password": PASSWORD})
    assert answer.status_code == 302
    assert client.get("/settings/").status_code == 200
    return client


def test_only_a_hash_is_kept(signed_in: Client) -> None:
    secret = signed_in.cookies[settings.SESSION_COOKIE_NAME].value
    kept = {*Session.objects.values_list("session_key", flat=True)}
    kept |= {*UserSession.objects.values_list("session_key", flat=True)}
    assert kept == {key_of(secret)}
    assert secret not in str([*Session.objects.values(), *UserSession.objects.values()])


def test_what_the_database_holds_opens_nothing(signed_in: Client) -> None:
    thief = Client()
    for key in Session.objects.values_list("session_key", flat=True):
        thief.cookies[settings.SESSION_COOKIE_NAME] = key
        assert thief.get("/settings/").status_code == 302
    assert signed_in.get("/settings/").status_code == 200


def test_it_lasts_without_the_cache_and_ends_when_it_is_ended(signed_in: Client) -> None:
    cache.clear()
    assert signed_in.get("/settings/").status_code == 200
    UserSession.objects.get().end()
    assert signed_in.get("/settings/").status_code == 302


def test_a_new_sign_in_gets_a_new_secret() -> None:
    first = SessionStore()
    first["x"] = 1
    first.save()
    before = first.secret
    first.cycle_key()
    assert first.secret != before
    assert SessionStore(secret=before).load() == {}
    assert SessionStore(secret=first.secret).load() == {"x": 1}
