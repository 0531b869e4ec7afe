"""Nodes behind nginx and Caddy, as deploy/ sets them up: pages, peers and open pages over TLS."""

import asyncio
import contextlib
import json
import re
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin

from sdmp import limits
from tests.e2e.conftest import _make_cast
from tests.support.pages import Pages
from tests.support.ports import free_port
from tests.support.proxies import Authority, Caddy, Nginx, Proxy
from tests.support.scenario import PASSWORD, Person, befriend, eventually

pytestmark = pytest.mark.nodes
PROXIES: dict[str, Callable[..., Proxy]] = {"nginx": Nginx, "caddy": Caddy}
FORGED = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}
TOKEN = "Wz6eHzcv5AzjWLTT9yZYipMFnSaPlw0k"


class Host:
    """Somebody whose node is behind a proxy."""

    def __init__(self, person: Person, proxy: Proxy) -> None:
        self.person = person
        self.proxy = proxy


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Who certifies the proxies; the nodes trust it by SSL_CERT_FILE."""
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def hosts(
    authority: Authority, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[dict[str, Host]]:
    """Alice, whose node is behind nginx, and Bob, whose node is behind Caddy; they are friends."""
    place = tmp_path_factory.mktemp("hosts")
    cast = _make_cast(place, request)
    with contextlib.ExitStack() as running:
        running.callback(cast.end)
        found = {}
        for name, kind in (("alice", "nginx"), ("bob", "caddy")):
            port = free_port()
            settings = {
                "SDMPWEB_URL": f"https://127.0.0.1:{port}",
                "SDMPWEB_PROXIES": "127.0.0.1",
                "SSL_CERT_FILE": str(authority.authority),
            }
            person = cast.person(name, address="", settings=settings)
            proxy = PROXIES[kind](place / kind, [person.node.port], authority, port)
            running.enter_context(proxy)
            found[kind] = Host(person, proxy)
        befriend(*(host.person for host in found.values()))
        for host in found.values():
            host.person.node.start()
        yield found


@pytest.fixture(params=PROXIES)
def host(hosts: dict[str, Host], request: pytest.FixtureRequest) -> Host:
    """The one behind each of the proxies in turn."""
    return hosts[request.param]


@pytest.fixture
def tls(authority: Authority) -> ssl.SSLContext:
    """What a browser of these tests trusts."""
    return ssl.create_default_context(cafile=str(authority.authority))


def test_letters_go_from_proxy_to_proxy(hosts: dict[str, Host], tmp_path: Path) -> None:
    alice, bob = hosts["nginx"].person, hosts["caddy"].person
    alice.send(bob, title="over wss")
    alice.delivered("over wss")
    large = tmp_path / "large"
    large.write_bytes(bytes(range(256)) * 300 * 100)
    for sender, receiver in ((alice, bob), (bob, alice)):
        sender.send(receiver, title=f"large of {sender.username}", options=("--attach", str(large)))
    for sender, receiver in ((alice, bob), (bob, alice)):
        got = receiver.gets(f"large of {sender.username}")
        assert got["attachments"][0]["size"] == large.stat().st_size
        sender.delivered(f"large of {sender.username}")
    [peer] = alice.status()["peers"]
    assert peer["addresses"] == [f"wss://{hosts['caddy'].proxy.address}/sdmp"]
    for person in (alice, bob):
        person.check_journal()
        assert "Traceback" not in person.node.read_log()


def test_a_node_that_does_not_know_the_authority_does_not_call(
    hosts: dict[str, Host], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    cast = _make_cast(tmp_path, request)
    try:
        carol = cast.person("carol", address="")
        carol.add(hosts["nginx"].person)
        carol.node.start()
        eventually(
            lambda: "certificate" in carol.status()["peers"][0]["last_error"] or None,
            "carol is told why",
        )
    finally:
        cast.end()


def test_signing_in_through_the_proxy(host: Host, tls: ssl.SSLContext) -> None:
    with _signed_in(host, tls) as pages:
        cookies = {cookie.name: cookie for cookie in pages.http.cookies.jar}
        assert {"__Host-session", "__Host-csrf"} <= cookies.keys()
        assert all(cookie.secure and cookie.path == "/" for cookie in cookies.values())
        answer = pages.http.get("/mail/inbox/")
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        assert answer.url == f"{host.proxy.url}/mail/inbox/"
        [style] = re.findall(r'href="(/static/css/app\.[^"]+)"', answer.text)
        assert pages.http.get(style).status_code == 200
        assert pages.http.get("/metrics").status_code == 404


def test_plain_http_leads_to_https(hosts: dict[str, Host]) -> None:
    nginx = hosts["nginx"].proxy
    assert isinstance(nginx, Nginx)
    answer = httpx.get(f"http://127.0.0.1:{nginx.plain_port}/mail/inbox/", trust_env=False)
    assert (answer.status_code, answer.headers["Location"]) == (
        301,
        "https://127.0.0.1/mail/inbox/",
    )


def test_what_is_too_large_is_turned_away(host: Host, tls: ssl.SSLContext) -> None:
    with httpx.Client(base_url=host.proxy.url, verify=tls, trust_env=False) as browser:
        answer = browser.post("/account/login/", content=bytes(24 * limits.MIB))
        # Caddy 2.6 says that the node broke off, when it was itself that did.
        assert answer.status_code in ((413,) if isinstance(host.proxy, Nginx) else (413, 502))


async def test_open_pages_hear_of_letters(
    hosts: dict[str, Host], host: Host, tls: ssl.SSLContext
) -> None:
    [other] = [one for one in hosts.values() if one is not host]
    with _signed_in(host, tls) as pages:
        cookies = "; ".join(f"{c.name}={c.value}" for c in pages.http.cookies.jar)
    address = f"wss://{host.proxy.address}/live"
    async with connect(
        address,
        ssl=tls,
        proxy=None,
        additional_headers={"Cookie": cookies},
        origin=Origin(host.proxy.url),
    ) as live:
        assert json.loads(await live.recv())["event"] == "hello"
        title = f"live at {host.person.username}"
        await asyncio.to_thread(other.person.send, host.person, title=title)
        async with asyncio.timeout(60):
            assert json.loads(await live.recv())["event"] != "hello"
    with pytest.raises(InvalidStatus):
        await connect(
            address, ssl=tls, proxy=None, additional_headers={"Cookie": cookies},
            origin=Origin("https://elsewhere.example"),
        )  # fmt: skip


async def test_callers_are_known_by_their_own_address(host: Host, tls: ssl.SSLContext) -> None:
    """What a caller says of itself is not believed, neither by the proxy nor by the node."""
    through = f"wss://{host.proxy.address}/sdmp"
    await _talk_nonsense(through, "127.0.0.5", ssl=tls)
    await _talk_nonsense(f"ws://127.0.0.1:{host.person.node.port}/sdmp", "127.0.0.7")

    def seen() -> set[str]:
        return set(re.findall(r"call ended.*address=(\S+)", host.person.node.read_log()))

    await asyncio.to_thread(eventually, lambda: seen() >= {"127.0.0.5", "127.0.0.7"}, "both calls")
    assert "203.0.113.9" not in seen()


def test_sign_ins_are_listed_with_their_own_address(host: Host, tls: ssl.SSLContext) -> None:
    transport = httpx.HTTPTransport(verify=tls, local_address="127.0.0.6")
    with _signed_in(host, transport=transport, headers=FORGED) as pages:
        listed = pages.read("/account/sessions/")
    assert "127.0.0.6" in listed
    assert "203.0.113.9" not in listed


@pytest.mark.parametrize("kind", PROXIES)
async def test_the_largest_frames_pass(
    kind: str, authority: Authority, tls: ssl.SSLContext, tmp_path: Path
) -> None:
    async def answer(connection: ServerConnection) -> None:
        async for frame in connection:
            await connection.send(frame)

    size = limits.RESPONSE_FRAME_BYTES
    options: dict[str, Any] = {"max_size": size, "compression": None}
    async with serve(answer, "127.0.0.1", 0, **options) as echo:
        [listening] = echo.sockets
        with PROXIES[kind](tmp_path, [listening.getsockname()[1]], authority) as proxy:
            address = f"wss://{proxy.address}/sdmp"
            async with connect(address, ssl=tls, proxy=None, **options) as connection:
                for frame in ("a" * size, "short"):
                    await connection.send(frame)
                    assert await connection.recv() == frame


@pytest.mark.parametrize("kind", PROXIES)
def test_logs_hold_no_links(
    kind: str, authority: Authority, tls: ssl.SSLContext, tmp_path: Path, hosts: dict[str, Host]
) -> None:
    """Neither when all is well nor when the node does not answer."""
    hidden = [f"/invite/{TOKEN}", f"/welcome/{TOKEN}/"]
    with PROXIES[kind](tmp_path / "dead", [free_port()], authority) as alone:
        for proxy, status in ((hosts[kind].proxy, 404), (alone, 502)):
            with httpx.Client(
                base_url=proxy.url, verify=tls, trust_env=False, timeout=60
            ) as browser:
                for address in hidden:
                    answer = browser.get(address, headers={"Referer": f"{proxy.url}{address}"})
                    assert answer.status_code in (status, 410, 200 if status == 404 else status)
            assert TOKEN not in proxy.read_logs()
    if kind == "nginx":
        assert " GET 502 " in alone.read_logs()


def _signed_in(host: Host, tls: ssl.SSLContext | None = None, **options: Any) -> Pages:
    pages = Pages(host.proxy.url)
    pages.http.close()
    pages.http = httpx.Client(
        base_url=host.proxy.url, timeout=60, trust_env=False, follow_redirects=True,
        verify=tls or True, **options,
    )  # fmt: skip
    pages.send("/account/login/", {"login": host.person.username, "password": PASSWORD})
    return pages


async def _talk_nonsense(address: str, source: str, **options: Any) -> None:
    connection: ClientConnection
    async with connect(
        address, proxy=None, local_addr=(source, 0), additional_headers=FORGED, **options
    ) as connection:
        with contextlib.suppress(ConnectionClosed):
            await connection.send("nonsense")
            await connection.recv()
