"""A node whose disk is nearly full takes in no content, says so, and goes on when there is room.

The disk is a real one: so much of it is to be kept free that a large file makes it short.
"""

import asyncio
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.hostile.conftest import Victim, settle
from tests.support.hostile import Actor, exchange, linked
from tests.support.nodes import CommandFailed

pytestmark = pytest.mark.nodes

PASSWORD = "correct horse battery staple"


def room(directory: Path) -> int:
    """How many bytes the node and all other tests may take: they write meanwhile."""
    return min(shutil.disk_usage(directory).free // 10, 10**9)


@pytest.fixture(scope="module")
def bob(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    """Bob's node, which keeps nearly all of the disk free that is free now."""
    directory = tmp_path_factory.mktemp("disk")
    reserve = shutil.disk_usage(directory).free - room(directory)
    victim = Victim(directory, SDMPWEB_DISK_RESERVE=str(reserve // 1_000_000))
    victim.node.start()
    yield victim
    victim.node.stop()


@contextmanager
def nearly_full(bob: Victim) -> Iterator[None]:
    """Take so much of the disk that less than the reserve is left, without writing it all."""
    ballast = bob.directory / "ballast"
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, 2 * room(bob.directory))
    try:
        yield
    finally:
        ballast.unlink()


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
    carol = await asyncio.to_thread(bob.add, Actor("Carol"))
    async with linked(carol, bob.target) as link:
        await exchange(link, "before")
        with nearly_full(bob):
            await asyncio.to_thread(bob.until, lambda: _readiness(bob) == 503)
            letter = await link.publish(carol.letter(bob.target, "while there is no room"))
            await settle(link)
            await settle(link)
            wanted = "SELECT count(*) FROM journal_wanted WHERE identifier = ?"
            assert bob.one(wanted, letter.identifier) == 1
            # What says who may do what goes on: shown as a credential, not asked for.
            trust = carol.trusts(Actor("Dave").user.fingerprint)
            revocation = carol.by_user(revoke={"resource": trust.identifier})
            for envelope in (trust, revocation):
                carol.publish(envelope)
                await link.say(envelope)
                await settle(link)
                assert bob.holds(envelope.identifier)
            await asyncio.to_thread(look_at_pages, bob, carol)
            await asyncio.sleep(6)  # jobs look for work every five
            for each in (letter, trust, revocation):
                assert not [request for request in link.asked if each.identifier in str(request)]
            assert not bob.holds(letter.identifier)
        # There is room again, and nothing was lost: it goes on by itself, in the same session.
        await link.until(lambda: letter.identifier in link.receipts)
        await exchange(link, "after")
    log = bob.node.read_log()
    assert log.count("no content is taken in") == log.count("has room again") == 1
    assert "is nearly full" not in await asyncio.to_thread(
        lambda: Page(bob).get("/mail/inbox/").text
    )


def _readiness(bob: Victim) -> int:
    return httpx.get(f"{bob.node.url}/readyz", timeout=20).status_code
