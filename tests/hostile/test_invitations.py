"""Invitations of a real node, used by liars and floods. Each test calls from an address of its own.

What a stranger may do: fetch the host's card with a token, and leave a card. Nothing of it may
fail the node, tell more than "taken" or "not", or make contacts of anybody who was not invited.
"""

import contextlib
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from mail.guests import LEFT_BYTES
from sdmp.card import MEDIA_TYPE, write_card
from tests.hostile.conftest import Victim, forged
from tests.support.hostile import Actor

pytestmark = pytest.mark.nodes

PASSWORD = "correct horse battery staple"
_HIDDEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
_LINK = re.compile(r"/invite/([\w-]+)")


class Browser:
    """A browser without a screen, which sends forms as the pages make them."""

    def __init__(self, url: str, address: str = "127.0.0.1") -> None:
        self.http = httpx.Client(
            base_url=url, timeout=60, transport=httpx.HTTPTransport(local_address=address)
        )

    def get(self, path: str) -> httpx.Response:
        return self.http.get(path, headers={"Accept": "text/html"}, follow_redirects=True)

    def send(
        self, path: str, given: dict[str, str], seen: httpx.Response | None = None
    ) -> httpx.Response:
        """Send the form of a page, that was `seen` before or is got now."""
        page = seen or self.get(path)
        [token, *_] = _HIDDEN.findall(page.text)
        data = {"csrfmiddlewaretoken": token, **given}
        return self.http.post(path, data=data, headers={"Accept": "text/html"})

    def node_gets(self, token: str) -> httpx.Response:
        return self.http.get(f"/invite/{token}", headers={"Accept": MEDIA_TYPE})

    def leave(self, token: str, card: Any) -> int:
        headers = {"Content-Type": MEDIA_TYPE}
        answer = self.http.post(f"/invite/{token}", content=card, headers=headers)
        assert not answer.content
        assert "set-cookie" not in answer.headers
        return answer.status_code


@pytest.fixture(scope="module")
def owner(bob: Victim) -> Iterator[Browser]:
    """Bob, signed in to his own node."""
    browser = Browser(bob.node.url)
    answer = browser.send("/account/login/", {"login": "bob", "password": PASSWORD})
    assert answer.status_code == 302
    yield browser
    browser.http.close()


@pytest.fixture
def invite(owner: Browser) -> Callable[..., str]:
    """Make an invitation of Bob's: `invite(kind="account")`; gives its token."""

    def make(**given: str) -> str:
        form = {"kind": "contact", "uses": "many", "lifetime": "day", "asking": "at_once"}
        answer = owner.send("/invitations/", form | given)
        assert answer.status_code == 302
        return str(_LINK.findall(owner.get(answer.headers["Location"]).text)[0])

    return make


def contacts(bob: Victim) -> int:
    return int(bob.one("SELECT count(*) FROM mail_contact"))


def requests(bob: Victim) -> int:
    return int(bob.one("SELECT count(*) FROM nodes_contactrequest"))


def test_only_a_card_that_certifies_itself_is_taken(
    bob: Victim, invite: Callable[..., str], mallory: Actor
) -> None:
    token, before = invite(), (contacts(bob), requests(bob))
    carl, dora = Actor("Carl"), Actor("Dora")
    own = Browser(bob.node.url, "127.0.0.1").node_gets(token).content
    bad = [
        b"hello", b"[]", b"[[]]", b"{}", b"[" * 50_000, b"[null]", b'["\\ud800"]',
        write_card([forged(carl.identity), carl.trust]),
        write_card([carl.trust, carl.node_identity]),
        write_card([carl.identity, dora.identity]),
        own,
        carl.card()[:-30],
        carl.card().replace(b"[", b"[" + carl.profile.to_bytes() + b"," * 2, 1),
    ]  # fmt: skip
    for number, data in enumerate(bad):
        stranger = Browser(bob.node.url, f"127.0.2.{number + 1}")
        assert stranger.leave(token, data) == 410, data[:60]
    assert (contacts(bob), requests(bob)) == before
    assert bob.one("SELECT used FROM mail_invitation ORDER BY id DESC LIMIT 1") == 0


def test_somebody_elses_card_gains_nothing(
    bob: Victim, invite: Callable[..., str], mallory: Actor
) -> None:
    """Who leaves the card of another makes at most the other a contact; of himself nothing."""
    token, eve = invite(), Actor("Eve")
    liar = Browser(bob.node.url, "127.0.3.1")
    mixed = write_card([*eve.about, mallory.profile, *mallory.about[1:]])
    assert liar.leave(token, mixed) == 204
    added = bob.one("SELECT user FROM mail_contact ORDER BY id DESC LIMIT 1")
    assert added == eve.user.fingerprint
    assert bob.one("SELECT name FROM mail_contact ORDER BY id DESC LIMIT 1") == "Eve"


def test_replays_change_nothing(bob: Victim, invite: Callable[..., str]) -> None:
    token, fred = invite(uses="one"), Actor("Fred")
    stranger = Browser(bob.node.url, "127.0.4.1")
    before = contacts(bob)
    assert [stranger.leave(token, fred.card()) for _ in range(3)] == [204, 204, 204]
    assert contacts(bob) == before + 1
    assert bob.one("SELECT used FROM mail_invitation ORDER BY id DESC LIMIT 1") == 1
    assert stranger.leave(token, Actor("Gina").card()) == 410
    assert stranger.node_gets(token).status_code == 410


def test_wrong_tokens_and_wrong_forms(bob: Victim, invite: Callable[..., str]) -> None:
    invite()
    guess = Browser(bob.node.url, "127.0.5.1")
    card = Actor("Hugo").card()
    for number, token in enumerate(("A" * 32, "a", "%2e%2e", "x" * 4000, "'--")):
        assert guess.node_gets(token).status_code in (404, 410), token
        other = Browser(bob.node.url, f"127.0.5.{number + 2}")
        answer = other.http.post(
            f"/invite/{token}", content=card, headers={"Content-Type": MEDIA_TYPE}
        )
        assert answer.status_code in (404, 410), token
    # A form of another site has no token against forgery.
    token = invite(kind="account")
    answer = guess.http.post(f"/invite/{token}", data={"name": "Ina", "password": PASSWORD})
    assert answer.status_code == 403


def test_large_ones(bob: Victim, invite: Callable[..., str]) -> None:
    token, stranger = invite(), Browser(bob.node.url, "127.0.6.1")
    assert stranger.leave(token, b" " * (LEFT_BYTES + 1)) == 413

    def pour() -> Iterator[bytes]:  # without saying how much will come
        for _ in range(64):
            yield b" " * 65536

    before = bob.memory
    assert stranger.leave(token, pour()) == 410
    assert bob.memory < before + 32 * 1024 * 1024


def test_a_body_without_end(bob: Victim) -> None:
    """Whatever the page: more than any page takes is not even written to the disk."""
    sent = 0

    def pour() -> Iterator[bytes]:
        nonlocal sent
        while sent < 2**30:
            sent += 2**20
            yield bytes(2**20)

    stranger = Browser(bob.node.url, "127.0.6.2")
    with contextlib.suppress(httpx.TransportError):  # it may hang up before it is heard
        assert stranger.http.post("/account/login/", content=pour()).status_code == 413
    assert sent < 200 * 2**20


def test_a_flood(bob: Victim, invite: Callable[..., str]) -> None:
    token, flood = invite(), Browser(bob.node.url, "127.0.7.1")
    codes = [flood.leave(token, b"[]") for _ in range(30)]
    assert codes.count(429) == 20
    assert Browser(bob.node.url, "127.0.7.2").leave(token, Actor("Jane").card()) == 204


def test_two_guests_at_once(bob: Victim, invite: Callable[..., str]) -> None:
    """Of those who use an invitation for one person at the same time, one is let in."""
    accounts = int(bob.one("SELECT count(*) FROM nodes_account WHERE NOT is_echo"))
    token = invite(kind="account", uses="one")
    path = f"/invite/{token}"
    guests = [Browser(bob.node.url, f"127.0.8.{number}") for number in range(1, 4)]
    pages = [guest.get(path) for guest in guests]

    def send(number: int) -> int:
        given = {"name": f"Guest {number}", "password": PASSWORD}
        return guests[number].send(path, given, pages[number]).status_code

    with ThreadPoolExecutor(3) as pool:
        codes = sorted(pool.map(send, range(3)))
    assert codes[0] == 302
    assert all(code in (410, 422) for code in codes[1:]), codes
    assert bob.one("SELECT count(*) FROM nodes_account WHERE NOT is_echo") == accounts + 1
    token, cards = invite(uses="one"), [Actor(f"Kim {number}").card() for number in range(3)]
    before = contacts(bob)
    with ThreadPoolExecutor(3) as pool:
        left = list(
            pool.map(lambda pair: pair[0].leave(token, pair[1]), zip(guests, cards, strict=True))
        )
    assert sorted(left) == [204, 410, 410]
    assert contacts(bob) == before + 1


def test_the_log_has_no_tokens(bob: Victim, invite: Callable[..., str]) -> None:
    token = invite()
    stranger = Browser(bob.node.url, "127.0.9.1")
    stranger.get(f"/invite/{token}")
    stranger.node_gets(token)
    stranger.leave(token, b"nonsense")
    stranger.get(f"/invite/{token}/recover")
    assert token not in bob.node.read_log()
    held = (bob.node.data / "sdmpweb.sqlite3").read_bytes()
    assert token.encode() not in held
