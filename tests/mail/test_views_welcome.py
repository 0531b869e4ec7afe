"""The owner's first minutes."""

import json
import re
from collections.abc import Iterator

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from nodes import facts, keystore
from nodes.models import Account
from nodes.setup import owner_link
from sdmp.keys import open_recovery_kit
from tests.mail.conftest import PASSWORD, House
from tests.mail.test_views import page

OWNER = {"name": "Divya Raman", "username": "divya", "password": PASSWORD}


@pytest.fixture
def link(db: None) -> Iterator[str]:
    """The path of the single-use link of a new node."""
    facts.forget()
    keystore.forget()
    made = owner_link()
    assert made
    yield "/" + made.split("/", 3)[3]
    facts.forget()
    keystore.forget()


def words_of(client: Client) -> list[str]:
    """Return the recovery phrase that the page shows."""
    text = page(client.get("/welcome/words/"))
    found = re.search(r'<ol class="words"[^>]*>(.*?)</ol>', text)
    assert found
    return re.findall(r"<li>([a-z]+)</li>", found[1])


def test_the_first_minutes(link: str, client: Client) -> None:
    assert "Welcome to your node" in page(client.get(link))
    answer = client.post(link, OWNER)
    assert answer["Location"] == "/welcome/words/"
    words = words_of(client)
    assert len(words) == 12
    kit = client.get("/recovery-file/")
    assert kit["Content-Disposition"] == 'attachment; filename="recovery-divya.json"'
    account = Account.objects.get()
    assert open_recovery_kit(kit.content, " ".join(words)).fingerprint == account.fingerprint
    text = page(client.get("/welcome/check/"))
    asked = [int(number) for number in re.findall(r"Word (\d+)<", text)]
    assert len(set(asked)) == 2
    wrong = client.post("/welcome/check/", {f"word{number - 1}": "wrong" for number in asked})
    assert wrong.status_code == 422
    assert f"This is not word {asked[0]}." in wrong.content.decode()
    right = {f"word{number - 1}": words[number - 1].upper() for number in asked}
    answer = client.post("/welcome/check/", right)
    assert answer["Location"] == "/welcome/readers/"
    assert "Who can read your mail" in page(client.get("/welcome/readers/"))
    assert "Divya Raman" in page(client.get("/mail/inbox/"))
    assert client.get("/welcome/words/")["Location"] == "/welcome/readers/"
    assert client.get("/welcome/check/")["Location"] == "/welcome/readers/"


def test_the_phrase_is_kept_nowhere_here(link: str, client: Client) -> None:
    client.post(link, OWNER)
    words = words_of(client)
    sessions = json.dumps([session.get_decoded() for session in Session.objects.all()])
    assert not any(word in sessions for word in words)
    cookie = client.cookies["phrase"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"
    assert cookie["path"] == "/welcome/"
    assert not any(word in cookie.value for word in words)
    assert client.get("/welcome/words/")["Cache-Control"].endswith("private")


def test_a_changed_cookie_shows_nothing(link: str, client: Client) -> None:
    client.post(link, OWNER)
    for value in ("", "x", "AAAA", client.cookies["phrase"].value[:-2]):
        client.cookies["phrase"] = value
        assert client.get("/welcome/words/")["Location"] == "/welcome/readers/"


def test_the_link_works_once(link: str, client: Client) -> None:
    client.post(link, OWNER)
    for answer in (Client().get(link), Client().post(link, OWNER | {"username": "eve"})):
        assert answer.status_code == 410
        assert "used up" in answer.content.decode()
    assert Client().get("/welcome/nonsense/").status_code == 410
    assert Account.objects.count() == 1


def test_what_will_not_do(link: str, client: Client) -> None:
    for given in (
        {"username": "Divya!"},
        {"password": "short"},
        {"password": "divya123"},
        {"name": ""},
    ):
        answer = client.post(link, OWNER | given)
        assert answer.status_code == 422
        assert "hint--bad" in answer.content.decode()
    assert not Account.objects.exists()


def test_a_node_without_owner_says_where_its_link_is(client: Client, db: None) -> None:
    assert "This node has no owner yet." in page(client.get("/account/login/"))


def test_a_node_with_owner_does_not(client: Client, house: House) -> None:
    assert "no owner yet" not in page(client.get("/account/login/"))
