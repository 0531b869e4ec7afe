"""What a node does with those who ask too much of it: each limit, over a real socket.

Bob's node here has small limits; a node of its own, so that other tests are not slowed down.
"""

import asyncio
import re
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from sdmp import traffic
from sdmp.encoding import JSON, hash_b64
from sdmp.lines import make_line
from tests.hostile.conftest import Victim, forged, settle
from tests.support.hostile import Actor, Link, calling, exchange, linked

pytestmark = pytest.mark.nodes

LIMITS = {
    "HANDSHAKES": "20",
    "SESSIONS": "2",
    "SESSION_FRAMES": "45",
    "DAY_FRAMES": "90",
    "SESSION_MB": "1",
    "DAY_MB": "2",
    "GUESTS": "3",
    "CARDS_LEFT": "4",
    "WORK": "3",
    "SIGN_INS": "3",
    "CARDS": "5",
}


@pytest.fixture(scope="module")
def bob(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    """Bob's node, whose owner has set small limits and believes a proxy on 127.0.0.8."""
    settings = {f"SDMPWEB_LIMIT_{name}": value for name, value in LIMITS.items()}
    victim = Victim(
        tmp_path_factory.mktemp("limits"),
        SDMPWEB_PROXIES="127.0.0.8",
        SDMPWEB_METRICS_TOKEN="a-token-of-the-tests",
        **settings,
    )
    victim.node.start()
    yield victim
    victim.node.stop()


def metric(bob: Victim, name: str) -> float:
    """One number of the node's metrics, 0 when it is not there."""
    headers = {"Authorization": "Bearer a-token-of-the-tests"}
    text = httpx.get(f"{bob.node.url}/metrics", headers=headers, timeout=20).text
    for line in text.splitlines():
        if line.startswith(name + " "):
            return float(line.rpartition(" ")[2])
    return 0.0


def hits(bob: Victim, limit: str) -> float:
    """How often a limit was reached."""
    return metric(bob, f'sdmpweb_limits_reached_total{{limit="{limit}"}}')


async def comes(bob: Victim, true: Callable[[], bool]) -> None:
    """Wait until something is true: a call may be counted when it has ended for us already."""
    await asyncio.to_thread(bob.until, true)


@pytest.fixture(scope="module")
def rita(bob: Victim) -> Actor:
    """Somebody whom Bob knows."""
    return bob.add(Actor("Rita"))


async def test_calls_from_one_address_in_a_minute(bob: Victim, rita: Actor) -> None:
    reached = False
    # A minute may begin anew in the middle.
    for _ in range(45):
        try:
            async with calling(rita, bob.target, source="127.0.0.20"):
                pass
        except InvalidStatus:
            reached = True
            break
    assert reached
    assert hits(bob, "handshakes") >= 1
    async with linked(rita, bob.target, fetches=False) as link:  # another address is let in
        await settle(link)
    # The log says why, and not whose it was.
    await asyncio.to_thread(bob.until, lambda: "limit reached" in bob.node.read_log())
    assert "SDMPWEB_LIMIT_HANDSHAKES" in bob.node.read_log()


async def test_behind_a_believed_proxy_the_address_is_the_clients(bob: Victim, rita: Actor) -> None:
    async def call(client: str, source: str) -> None:
        headers = {"X-Forwarded-For": client}
        async with calling(rita, bob.target, source=source, headers=headers):
            pass

    async def are_let_in(source: str, *clients: str) -> bool:
        try:
            for client in clients:
                await call(client, source)
        except InvalidStatus:
            return False
        return True

    assert await are_let_in("127.0.0.8", *(f"198.51.100.{n}" for n in range(45)))
    assert not await are_let_in("127.0.0.8", *["198.51.100.200"] * 45)
    # Who is not believed cannot say that it is somebody else, nor use up what belongs to others.
    assert not await are_let_in("127.0.0.21", *(f"203.0.113.{n}" for n in range(45)))
    assert await are_let_in("127.0.0.8", "203.0.113.3")


async def test_sessions_with_one_peer(bob: Victim, rita: Actor) -> None:
    before = hits(bob, "sessions")
    async with AsyncExitStack() as stack:
        links: list[Link] = [
            await stack.enter_async_context(linked(rita, bob.target, fetches=False))
            for _ in range(3)
        ]
        await links[0].end()
        assert not links[1].ended.is_set()
        assert not links[2].ended.is_set()
    await comes(bob, lambda: hits(bob, "sessions") == before + 1)


async def test_what_happened_is_counted(bob: Victim, rita: Actor) -> None:
    names = {
        "sdmpweb_letters_handled_total": '{event="filed"}',
        "sdmpweb_receipts_total": '{event="sent"}',
        "sdmpweb_resources_accepted_total": '{kind="encrypted"}',
        "sdmpweb_resources_dropped_total": '{reason="signature"}',
        "sdmpweb_handshakes_total": '{outcome="open"}',
        "sdmpweb_calls_refused_total": '{reason="not known"}',
        "sdmpweb_peer_sessions_total": "",
    }

    def numbers() -> list[float]:
        return [metric(bob, name + labels) for name, labels in names.items()]

    before = numbers()
    async with linked(rita, bob.target) as link:
        await exchange(link, "counted")
        await link.publish(forged(rita.letter(bob.target, "not counted")))
        await settle(link)
        await settle(link)
    stranger = Actor("Sam")
    async with calling(stranger, bob.target) as call:
        await call.agree()
        assert not await call.show(stranger.credentials(bob.target.user.fingerprint))
    await comes(bob, lambda: numbers() == [number + 1 for number in before])
    frames = bob.one("SELECT sum(frames_in) FROM nodes_exchange") or 0
    assert metric(bob, 'sdmpweb_peer_frames_total{direction="in"}') > frames - 1
    called = "SELECT last_called IS NOT NULL FROM nodes_peer WHERE fingerprint = ?"
    assert bob.one(called, rita.node.fingerprint) == 1


async def flood(link: Link, bob: Victim, frames: int) -> None:
    """Ask for one line again and again; every request is a frame."""
    ask = link.actor.by_node(
        request_journal=traffic.request_journal("x", bob.target.node.fingerprint, 1)
    )
    for _ in range(frames):
        await link.say(ask)


async def test_frames_in_a_session_and_in_a_day(bob: Victim, rita: Actor) -> None:
    flora = await asyncio.to_thread(bob.add, Actor("Flora"))
    before = hits(bob, "session_frames")
    async with linked(flora, bob.target, fetches=False) as link:
        await flood(link, bob, 60)
        await link.end()
    await comes(bob, lambda: hits(bob, "session_frames") == before + 1)
    # It may come again, until it is too much for a day: then it is refused, as if it were unknown.
    refused = False
    for _ in range(12):
        async with calling(flora, bob.target) as call:
            await call.agree()
            if not await call.show(flora.credentials(bob.target.user.fingerprint)):
                refused = True
                assert call.refused is not None
                assert not call.refused.revocations
                break
            link = Link(flora, bob.target, call.connection, call.session, fetches=False)
            listening = asyncio.create_task(link.listen())
            await flood(link, bob, 60)
            await link.end()
            await listening
        await asyncio.sleep(6)  # what was counted is written down every few seconds
    assert refused
    assert metric(bob, 'sdmpweb_calls_refused_total{reason="too much today"}') >= 1
    frames = bob.one(
        "SELECT sum(frames_in) FROM nodes_exchange WHERE peer = ?", flora.node.fingerprint
    )
    assert 90 <= frames < 200
    # Nor is it called by us, who would call at once otherwise: the next try is minutes away.
    assert bob.node.command("link_peers", "--peer", flora.node.fingerprint).count("LIMIT_DAY") == 1
    wait = bob.one(
        "SELECT (julianday(next_attempt) - julianday('now')) * 86400 FROM nodes_peer "
        "WHERE fingerprint = ?",
        flora.node.fingerprint,
    )
    assert 600 < wait < 1000
    async with linked(rita, bob.target, fetches=False) as link:  # others are served
        await settle(link)


async def test_bytes_in_a_session_and_in_a_day(bob: Victim) -> None:
    gail = await asyncio.to_thread(bob.add, Actor("Gail"))
    lines = list(gail.lines)
    while len(lines) <= 4_000:
        lines.append(make_line(lines[-1], hash_b64(b"nobody"), hash_b64(lines[-1].encode())))
    strange: list[JSON] = list(lines[1:])
    large = gail.by_node(broadcast={"since": hash_b64(b"a gap"), "entries": strange})
    assert len(large.to_bytes()) > 10**6
    async with linked(gail, bob.target, fetches=False) as link:
        await link.say(large)
        await link.end()
    await comes(bob, lambda: hits(bob, "session_mb") == 1)
    refused = False
    for _ in range(3):
        await asyncio.sleep(6)  # what was counted is written down every few seconds
        async with calling(gail, bob.target) as call:
            await call.agree()
            if not await call.show(gail.credentials(bob.target.user.fingerprint)):
                refused = True
                break
            link = Link(gail, bob.target, call.connection, call.session, fetches=False)
            listening = asyncio.create_task(link.listen())
            await link.say(large)
            await link.end()
            await listening
    assert refused
    spent = "SELECT sum(bytes_in + bytes_out) FROM nodes_exchange WHERE peer = ?"
    assert bob.one(spent, gail.node.fingerprint) > 2_000_000


class Browser:
    """Somebody at the pages, from an address of his own."""

    def __init__(self, bob: Victim, address: str) -> None:
        self.http = httpx.Client(
            base_url=bob.node.url,
            transport=httpx.HTTPTransport(local_address=address),
            headers={"Accept": "text/html"},
            follow_redirects=True,
            timeout=30,
        )

    def post(self, path: str, page: str, **form: str) -> httpx.Response:
        """Send a form of a page."""
        text = self.http.get(page).text
        token = text.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
        return self.http.post(path, data=form, headers={"X-CSRFToken": token})


def test_what_members_and_guests_may_ask_for(bob: Victim) -> None:
    page = Browser(bob, "127.0.0.40")
    login = "/account/login/"
    page.post(login, login, login="bob", password="correct horse battery staple")
    add = "/contacts/add/"
    answers = [page.post(add, add, card="no card", do="look") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [422] * 3 + [429] * 2
    assert "That was much at once" in answers[-1].text
    assert hits(bob, "work") == 2
    made = page.post(
        "/invitations/",
        "/invitations/",
        kind="contact",
        lifetime="week",
        uses="many",
        asking="ask",
    )
    found = re.search(r"/invite/[A-Za-z0-9_-]{20,}", made.text)
    assert found is not None

    def leave(address: str, number: int) -> list[int]:
        http = Browser(bob, address).http
        kind = {"Content-Type": "application/vnd.sdmp.card+json"}
        return [http.post(found[0], content=b"[]", headers=kind).status_code for _ in range(number)]

    assert leave("127.0.0.41", 4) == [410] * 3 + [429]  # of one address
    assert hits(bob, "guests") == 1
    assert leave("127.0.0.42", 2) == [410, 429]  # of all together
    assert hits(bob, "cards_left") == 1


def test_failed_sign_ins_from_one_address(bob: Victim) -> None:
    before = hits(bob, "sign_ins")
    words = []
    with httpx.Client(
        base_url=bob.node.url, transport=httpx.HTTPTransport(local_address="127.0.0.30")
    ) as client:
        for number in range(5):
            page = client.get("/account/login/")
            token = page.text.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
            form = {"login": f"nobody{number}", "password": "no", "csrfmiddlewaretoken": token}
            words.append(client.post("/account/login/", data=form).text)
    assert ["Too many attempts" in text for text in words] == [False] * 3 + [True] * 2
    assert hits(bob, "sign_ins") == before + 2
    assert metric(bob, 'sdmpweb_sign_ins_total{outcome="failed"}') == 3


def test_cards_fetched_from_one_address(bob: Victim) -> None:
    def fetch(address: str, client_address: str = "") -> list[int]:
        with httpx.Client(
            base_url=bob.node.url,
            transport=httpx.HTTPTransport(local_address=address),
            headers={"X-Forwarded-For": client_address} if client_address else None,
        ) as client:
            paths = [f"/card/{bob.target.user.fingerprint}", "/invite/" + "x" * 32]
            return [client.get(paths[number % 2]).status_code for number in range(7)]

    begun = time.monotonic()
    codes = fetch("127.0.0.31")
    if time.monotonic() - begun < 50:
        assert codes[:5] == [200, 410, 200, 410, 200]
        assert codes[5:] == [429, 429]
    assert fetch("127.0.0.32")[0] == 200
    assert fetch("127.0.0.8", "198.51.100.1").count(429) == 2
    assert fetch("127.0.0.8", "198.51.100.2")[0] == 200
    assert fetch("127.0.0.31", "198.51.100.3")[0] == 429  # who is not believed is itself
    assert hits(bob, "cards") >= 2
