"""The whole log of a node that people use and liars call: nothing of them stands in it."""

import asyncio
import json
import re
from typing import Any

import httpx
import pytest

from tests.hostile.conftest import Victim, forged, settle
from tests.support.hostile import Actor, exchange, linked

pytestmark = pytest.mark.nodes

PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="module")
def bob(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Bob's node, which logs everything as JSON."""
    victim = Victim(tmp_path_factory.mktemp("logs"), SDMPWEB_LOG="json")
    victim.node.start()
    yield victim
    victim.node.stop()


class Browser:
    """Somebody at the pages; what was sent is remembered, to be looked for in the log."""

    def __init__(self, bob: Victim) -> None:
        self.said: list[str] = []
        self.http = httpx.Client(
            base_url=bob.node.url,
            follow_redirects=True,
            timeout=30,
            headers={"Accept": "text/html"},
        )

    def get(self, path: str) -> httpx.Response:
        return self.http.get(path)

    def post(self, path: str, page: str, **form: str) -> httpx.Response:
        token = re.search('name="csrfmiddlewaretoken" value="([^"]+)"', self.get(page).text)
        assert token is not None
        self.said += [token[1], *(value for value in form.values() if len(value) > 8)]
        answer = self.http.post(path, data=form, headers={"X-CSRFToken": token[1]})
        self.said += self.http.cookies.values()
        return answer


def use_pages(bob: Victim, carol: Actor) -> list[str]:
    """Sign in (and fail to), write, search, invite, come as a guest; returns what was said."""
    page, guest = Browser(bob), Browser(bob)
    login = "/account/login/"
    assert page.post(login, login, login="mallory-tries", password="wrong-pass-word").status_code
    page.post(login, login, login="bob", password=PASSWORD)
    sent = page.post(
        "/write/",
        "/write/",
        to=carol.user.fingerprint,
        title="Rhubarb-title",
        body="Elderflower-body",
        do="send",
    )
    assert sent.status_code == 200
    page.get("/search/?q=Gooseberry-query")
    page.get(f"/contacts/{carol.user.fingerprint}/compare/")
    page.get("/contacts/" + "x" * 86 + "/")
    page.post(
        f"/contacts/{carol.user.fingerprint}/rename/",
        f"/contacts/{carol.user.fingerprint}/",
        name="Quincename",
    )
    made = page.post(
        "/invitations/",
        "/invitations/",
        kind="account",
        lifetime="week",
        note="Blackcurrant-note",
        uses="one",
        asking="at_once",
    )
    link = re.search(r"/invite/([A-Za-z0-9_-]{20,})", made.text)
    assert link is not None, made.text
    path = link[0]
    guest.said.append(link[1])
    guest.get(path[:-3] + "AAA")
    assert (
        guest.post(path, path, name="Mirabelle", password="plum-jam-and-toast").status_code == 200
    )
    guest.get("/admin/")
    return [*page.said, *guest.said, "Gooseberry-query"]


async def test_the_log_names_nobody(bob: Victim) -> None:
    carol, mallory = Actor("Carola-Marmalade"), Actor("Mallory-Damson")
    for actor in (carol, mallory):
        await asyncio.to_thread(bob.add, actor)
    said = await asyncio.to_thread(use_pages, bob, carol)
    async with linked(carol, bob.target) as link:
        await exchange(link, "Cloudberry-letter")
    async with linked(mallory, bob.target) as link:
        await link.publish(forged(mallory.letter(bob.target, "Medlar-forged")))
        await link.publish(mallory.by_node(user={"name": "Sloe", "about": {"Bilberry": 1}}))
        await link.publish(mallory.sealed([bob.target.node], message="Loganberry"))
        await settle(link)
        await link.raw("no frame of the protocol, by Boysenberry")
        await link.end()

    log = bob.node.read_log()
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    events = {line["event"] for line in lines}
    assert {"sign-in failed", "resource refused", "session ended"} <= events, log
    assert all({"time", "level", "logger", "event"} <= line.keys() for line in lines)
    refused = [line for line in lines if line["event"] == "resource refused"]
    assert refused
    # What belongs together can be found together: by a number, not by a name.
    assert all(re.fullmatch("[0-9a-f]{8}", line["session"]) for line in refused)
    assert any(re.fullmatch("[0-9a-f]{8}", line.get("request", "")) for line in lines)

    hidden = [
        *said,
        *("Rhubarb", "Elderflower", "Gooseberry", "Blackcurrant", "Cloudberry", "Medlar", "Sloe"),
        *("Bilberry", "Loganberry", "Boysenberry", "Quincename", "Mirabelle", "mallory-tries"),
        *("Marmalade", "Damson", "wrong-pass-word", PASSWORD, "PRIVATE KEY", "BEGIN"),
        *(line for line in bob.recovery.read_text().splitlines() if len(line.split()) > 3),
        (bob.node.data / "node.secret").read_bytes().hex(),
        (bob.node.data / "web.secret").read_text().strip(),
        *(key.fingerprint for actor in (carol, mallory) for key in (actor.user, actor.node)),
        *(bob.target.user.fingerprint, bob.target.node.fingerprint),
    ]
    found = [text for text in hidden if text and text.lower() in log.lower()]
    assert found == []
    assert not re.search(r"\bbob\b", log, re.IGNORECASE)
    assert not re.search(r"[A-Za-z0-9_-]{86}", log)
