"""A node whose disk is nearly full takes in no content, says so, and goes on when there is room.

That the disk is nearly full is played by a reserve that is larger than any disk.
"""

import asyncio
import re
from collections.abc import Iterator

import httpx
import pytest

from tests.hostile.conftest import Victim, settle
from tests.support.hostile import Actor, exchange, linked
from tests.support.nodes import CommandFailed

pytestmark = pytest.mark.nodes

PASSWORD = "correct horse battery staple"
ENDLESS = "999999999"


@pytest.fixture(scope="module")
def bob(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    """Bob's node, with room."""
    victim = Victim(tmp_path_factory.mktemp("disk"))
    yield victim
    victim.node.kill()


def begin(bob: Victim, reserve: str) -> None:
    """Start the node anew, with so many MB of the disk to be kept free."""
    if bob.node.processes:
        bob.node.stop()
    bob.node.environment["SDMPWEB_DISK_RESERVE"] = reserve
    bob.node.start()


class Page:
    """Bob in a browser."""

    def __init__(self, bob: Victim) -> None:
        self.http = httpx.Client(
            base_url=bob.node.url,
            follow_redirects=True,
            timeout=30,
            headers={"Accept": "text/html"},
        )
        self.post("/account/login/", login="bob", password=PASSWORD)

    def get(self, path: str) -> httpx.Response:
        return self.http.get(path)

    def post(self, path: str, **form: str) -> httpx.Response:
        return self.http.post(path, data=form, headers=self._token())

    def upload(self, path: str, data: bytes) -> httpx.Response:
        return self.http.post(path, files={"file": ("a.txt", data)}, headers=self._token())

    def _token(self) -> dict[str, str]:
        shown = re.search('name="csrfmiddlewaretoken" value="([^"]+)"', self.get("/write/").text)
        assert shown is not None
        return {"X-CSRFToken": shown[1]}


def look_at_pages(bob: Victim, carol: Actor) -> None:
    """What goes on while there is no room, and what does not."""
    page = Page(bob)
    inbox = page.get("/mail/inbox/")
    assert inbox.status_code == 200
    assert "is nearly full" in inbox.text
    waiting = page.get("/mail/waiting/").text
    thread = re.search(r'href="(/mail/waiting/[0-9][^/"]*/)', waiting)
    assert thread is not None, waiting
    for path in ("/search/?q=before", "/settings/export/", thread[1]):
        assert page.get(path).status_code == 200, path
    # What is typed is kept; a file is not, nor is anything sent.
    saved = page.post("/write/save/", body="a little", to=carol.user.fingerprint)
    assert saved.status_code == 200
    draft = saved.json()["address"]
    refused = [
        page.upload(f"{draft}files/", b"a file"),
        page.post("/write/save/", body="much " * 20_000),
        page.post("/write/", to=carol.user.fingerprint, body="a message", do="send"),
    ]
    for answer in refused:
        assert answer.status_code == 422
        assert "disk of this node is nearly full" in answer.text
    with pytest.raises(CommandFailed, match="disk of this node is nearly full"):
        bob.node.command("send_message", "bob", "--to", carol.user.fingerprint, "--title", "x")
    assert page.post(f"{draft}delete/").status_code == 200
    ready = httpx.get(f"{bob.node.url}/readyz")
    assert (ready.status_code, ready.json()["failing"]) == (503, ["disk"])
    assert "sdmpweb_disk_short 1.0" in httpx.get(f"{bob.node.url}/metrics").text


async def test_a_disk_that_is_nearly_full(bob: Victim) -> None:
    carol = bob.add(Actor("Carol"))
    begin(bob, "1")
    async with linked(carol, bob.target) as link:
        await exchange(link, "before")
    begin(bob, ENDLESS)

    letter = carol.letter(bob.target, "while there is no room")
    async with linked(carol, bob.target) as link:
        await link.publish(letter)
        await settle(link)
        await settle(link)
        assert not [each for each in link.asked if letter.identifier in str(each)]
        wanted = "SELECT count(*) FROM journal_wanted WHERE identifier = ?"
        assert bob.one(wanted, letter.identifier) == 1
        # What says who may do what goes on: shown as a credential, not asked for.
        dave = Actor("Dave")
        trust = carol.trusts(dave.user.fingerprint)
        revocation = carol.by_user(revoke={"resource": trust.identifier})
        for envelope in (trust, revocation):
            carol.publish(envelope)
            await link.say(envelope)
            await settle(link)
        assert not [each for each in link.asked if trust.identifier in str(each)]
        assert bob.holds(trust.identifier)
        assert bob.holds(revocation.identifier)
    assert not bob.holds(letter.identifier)

    await asyncio.to_thread(look_at_pages, bob, carol)
    assert bob.node.read_log().count("no content is taken in") == 1

    begin(bob, "1")  # there is room again, and nothing was lost
    async with linked(carol, bob.target) as link:
        await link.until(lambda: letter.identifier in link.receipts)
        await exchange(link, "after")
    assert "is nearly full" not in Page(bob).get("/mail/inbox/").text
