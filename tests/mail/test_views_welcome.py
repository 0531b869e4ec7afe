"""The owner's first minutes."""

import itertools
import json
import re
from collections.abc import Callable, Iterator

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from mail import echo
from mail.models import Contact
from mail.opening import open_waiting
from nodes import facts, keystore
from nodes.models import Account
from nodes.setup import owner_link
from sdmp.keys import open_recovery_kit
from tests.mail.conftest import PASSWORD, House
from tests.mail.test_views import page

OWNER = {"name": "Divya Raman", "password": PASSWORD}


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


@pytest.fixture
def form(link: str) -> str:
    """The path of the page that asks for name and password."""
    return f"{link}name/"


def owner() -> Account:
    """The account that was made."""
    return Account.objects.get(is_echo=False)


def words_of(client: Client) -> list[str]:
    """Return the recovery phrase that the page shows."""
    text = page(client.get("/welcome/words/"))
    found = re.search(r'<ol class="words"[^>]*>(.*?)</ol>', text)
    assert found
    return re.findall(r"<li>([a-z]+)</li>", found[1])


def asked_of(client: Client) -> list[int]:
    """Return which words are asked back."""
    text = page(client.get("/welcome/check/"))
    return [int(number) for number in re.findall(r"Word (\d+)<", text)]


def test_the_first_minutes(link: str, form: str, client: Client) -> None:
    checked = page(client.get(link))
    assert "Your node has looked at itself" in checked
    for slug in ("address", "pages", "clock", "disk", "secret", "jobs"):
        assert f'data-finding="{slug}"' in checked
    assert form in checked
    text = page(client.get(form))
    assert "Welcome to your node" in text
    assert text.count("<input") == 3  # the token, a name, a password: nothing else
    answer = client.post(form, OWNER)
    assert answer["Location"] == "/welcome/words/"
    words = words_of(client)
    assert len(words) == 12
    assert "“<strong>divya</strong>”" in page(client.get("/welcome/words/"))
    kit = client.get("/recovery-file/")
    assert kit["Content-Disposition"] == 'attachment; filename="recovery-divya.json"'
    account = owner()
    assert open_recovery_kit(kit.content, " ".join(words)).fingerprint == account.fingerprint
    asked = asked_of(client)
    assert len(set(asked)) == 2
    wrong = client.post("/welcome/check/", {f"word{number - 1}": "wrong" for number in asked})
    assert wrong.status_code == 422
    assert f"This is not word {asked[0]}." in wrong.content.decode()
    assert owner().backup_checked is None
    right = {f"word{number - 1}": words[number - 1].upper() for number in asked}
    answer = client.post("/welcome/check/", right)
    assert answer["Location"] == "/welcome/readers/"
    assert owner().backup_checked is not None
    assert "Who can read your mail" in page(client.get("/welcome/readers/"))
    assert "Divya Raman" in page(client.get("/mail/inbox/"))
    assert client.get("/welcome/words/")["Location"] == "/welcome/readers/"
    assert client.get("/welcome/check/")["Location"] == "/welcome/readers/"


def test_echo_answers_the_first_message(form: str, client: Client) -> None:
    client.post(form, OWNER)
    assert Contact.objects.get(account=owner()).name == "Echo"
    assert "Send “Hello”" in page(client.get("/welcome/first/"))
    assert client.post("/welcome/first/")["Location"] == "/welcome/first/"
    assert 'data-state="handed"' not in page(client.get("/welcome/first/letters/"))
    while open_waiting() + echo.answer_waiting():
        pass
    text = page(client.get("/welcome/first/letters/"))
    assert 'data-state="received"' in text
    assert "Your message arrived" in text
    last = page(client.get("/welcome/invite/"))
    assert "Invite someone" in last
    assert 'href="/account/2fa/"' in last  # who owns a node is offered a second factor
    Account.objects.update(is_superuser=False)
    assert 'href="/account/2fa/"' not in page(client.get("/welcome/invite/"))


def test_the_phrase_is_kept_nowhere_here(form: str, client: Client) -> None:
    client.post(form, OWNER)
    words = words_of(client)
    phrase = " ".join(words)
    decoded = [session.get_decoded() for session in Session.objects.all()]
    # A short word may stand in anything by chance; two of them side by side do not.
    pairs = [f"{one} {other}" for one, other in itertools.pairwise(words)]
    for kept in (json.dumps(decoded), owner().recovery_kit, client.cookies["phrase"].value):
        assert not any(pair in kept for pair in pairs)
        assert phrase.replace(" ", "") not in kept
    values = [value for session in decoded for value in session.values()]
    assert not any(value in words for value in values if isinstance(value, str))
    cookie = client.cookies["phrase"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"
    assert cookie["path"] == "/welcome/"
    assert client.get("/welcome/words/")["Cache-Control"].endswith("private")


def test_the_cookie_lasts_while_the_words_are_looked_at(form: str, client: Client) -> None:
    client.post(form, OWNER)
    before = client.cookies["phrase"].value
    for path in ("/welcome/words/", "/welcome/check/", "/welcome/readers/", "/welcome/first/"):
        client.get(path)
        assert client.cookies["phrase"].value != before
        before = client.cookies["phrase"].value


def test_a_lost_cookie_is_told_honestly(form: str, client: Client) -> None:
    client.post(form, OWNER)
    for value in ("", "x", "AAAA", client.cookies["phrase"].value[:-2]):
        for path in ("/welcome/words/", "/welcome/check/"):
            client.cookies["phrase"] = value
            text = page(client.get(path))
            assert "The words cannot be shown again" in text
            assert "Test my recovery" in text


def test_the_link_works_once(link: str, form: str, client: Client) -> None:
    client.post(form, OWNER)
    for path in (link, form, f"{link}recover/"):
        for answer in (Client().get(path), Client().post(path, OWNER)):
            assert answer.status_code in (405, 410)
            assert answer.status_code == 405 or "used up" in answer.content.decode()
    assert Client().get("/welcome/nonsense/").status_code == 410
    assert Account.objects.filter(is_echo=False).count() == 1


@pytest.mark.parametrize(
    "given",
    [{"password": "short"}, {"password": "divya-raman"}, {"password": "ramandivya"}, {"name": ""}],
)
def test_what_will_not_do(given: dict[str, str], form: str, client: Client) -> None:
    answer = client.post(form, OWNER | given)
    assert answer.status_code == 422
    assert "hint--bad" in answer.content.decode()
    assert not Account.objects.exists()


@pytest.mark.parametrize("typed", ["divya", "Divya", "DIVYA"])
def test_signing_in_minds_no_capitals(typed: str, form: str, client: Client) -> None:
    client.post(form, OWNER)
    fresh = Client()
    answer = fresh.post("/account/login/", {"login": typed, "password": PASSWORD})
    assert answer.status_code == 302
    assert fresh.get("/mail/inbox/").status_code == 200


def test_the_checklist_stays_until_done_or_hidden(
    house: House, browse: Callable[[Account], Client]
) -> None:
    alice = browse(house.alice)
    text = page(alice.get("/mail/inbox/"))
    assert "Still to do" in text
    assert re.search(r'data-task="contact" data-done', text)
    assert re.search(r'data-task="backup">', text)
    assert "Still to do" not in page(alice.get("/mail/sent/"))
    assert alice.post("/checklist/hide/")["Location"] == "/mail/inbox/"
    assert "Still to do" not in page(alice.get("/mail/inbox/"))
    assert "Still to do" in page(browse(house.bob).get("/mail/inbox/"))


def test_the_check_of_the_node_is_the_owners(
    house: House, browse: Callable[[Account], Client]
) -> None:
    assert browse(house.alice).get("/node-check/").status_code == 404
    Account.objects.filter(pk=house.alice.pk).update(is_superuser=True)
    assert "Secret file" in page(browse(house.alice).get("/node-check/"))


def test_a_node_without_owner_says_where_its_link_is(client: Client, db: None) -> None:
    assert "This node has no owner yet." in page(client.get("/account/login/"))


def test_a_node_with_owner_does_not(client: Client, house: House) -> None:
    assert "no owner yet" not in page(client.get("/account/login/"))


def test_echo_speaks_the_language_of_the_browser(form: str, client: Client) -> None:
    client.post(form, OWNER, headers={"Accept-Language": "de-DE,de;q=0.9"})
    assert owner().language == "de"
    client.post("/welcome/first/")
    while open_waiting() + echo.answer_waiting():
        pass
    assert "Deine Nachricht ist angekommen" in page(client.get("/welcome/first/"))


def test_the_language_of_the_node_is_not_chosen(form: str, client: Client) -> None:
    client.post(form, OWNER, headers={"Accept-Language": "en-GB"})
    assert owner().language == ""
