"""Fetching over HTTPS, against real servers, most of which are up to no good."""

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from nodes import fetch as fetching
from nodes.dial import Unreachable
from nodes.fetch import Gone, fetch
from sdmp.card import CARD_BYTES, MEDIA_TYPE
from tests.support.ports import free_port

OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"


@pytest.fixture(autouse=True)
def private(settings: Any) -> None:
    """The servers of these tests are on loopback, which the owner allows unless a test says no."""
    settings.ALLOW_PRIVATE = True


class Server:
    """Takes connections, keeps what was asked, and says what it was told to."""

    def __init__(self, answer: bytes, go_on: Callable[[socket.socket], None] | None) -> None:
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.asked: list[bytes] = []
        self.answer = answer
        self.go_on = go_on
        self.tls: ssl.SSLContext | None = None
        self.ended = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while not self.ended.is_set():
            try:
                raw, _ = self.listening.accept()
            except OSError:
                return
            with suppress(OSError), raw:
                one = self.tls.wrap_socket(raw, server_side=True) if self.tls else raw
                with one:
                    asked = one.recv(65536)
                    while b"\r\n\r\n" not in asked:
                        more = one.recv(65536)
                        if not more:  # it only looked whether somebody is here
                            raise ConnectionResetError
                        asked += more
                    self.asked.append(asked)
                    one.sendall(self.answer)
                    if self.go_on is not None:
                        self.go_on(one)

    def close(self) -> None:
        """End."""
        self.ended.set()
        self.listening.close()


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Start a server: `serve(answer, go_on)`; `go_on` is called with the connection."""
    made: list[Server] = []

    def start(answer: bytes, go_on: Callable[[socket.socket], None] | None = None) -> Server:
        made.append(Server(answer, go_on))
        return made[-1]

    yield start
    for server in made:
        server.close()


def url(server: Server, path: str = "/card/x", host: str = "127.0.0.1") -> str:
    return f"http://{host}:{server.port}{path}"


def test_what_is_asked_and_answered(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    server = serve(OK + b"Content-Length: 4\r\nSet-Cookie: a=b\r\n\r\ncard")
    assert fetch(url(server, "/card/x?what=ever#part")) == b"card"
    asked = server.asked[0].decode().lower()
    assert asked.startswith("get /card/x http/1.1\r\n")
    assert f"accept: {MEDIA_TYPE}".lower() in asked
    assert f"host: 127.0.0.1:{server.port}" in asked
    assert "cookie" not in asked
    fetch(url(server), data=b"mine")
    assert server.asked[1].startswith(b"POST /card/x HTTP/1.1")
    assert f"Content-Type: {MEDIA_TYPE}".encode() in server.asked[1]


def test_an_endless_answer_is_cut_off(serve: Callable[..., Server]) -> None:
    sent = 0

    def pour(one: socket.socket) -> None:
        nonlocal sent
        while sent < 100 * CARD_BYTES:
            sent += one.send(b"x" * 65536)

    server = serve(OK + b"\r\n", pour)
    with pytest.raises(Unreachable, match="too large for a card"):
        fetch(url(server))
    assert sent < 20 * CARD_BYTES


@pytest.mark.parametrize("begin", [b"HTTP/1.1 200 OK\r\nX-Slow: ", OK + b"\r\n"])
def test_a_slow_drip_ends_with_the_time_for_everything(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch, begin: bytes
) -> None:
    monkeypatch.setattr(fetching, "SECONDS", 0.5)

    def drip(one: socket.socket) -> None:
        for _ in range(200):
            one.sendall(b"x")
            time.sleep(0.05)

    server = serve(begin, drip)
    began = time.monotonic()
    with pytest.raises(Unreachable, match="does not answer in time"):
        fetch(url(server))
    assert time.monotonic() - began < 5


def test_redirects_lead_nowhere(serve: Callable[..., Server]) -> None:
    inner = serve(OK + b"Content-Length: 6\r\n\r\nsecret")
    for status in (b"301", b"302", b"307", b"308"):
        head = b"HTTP/1.1 " + status + b" Moved\r\nContent-Length: 0\r\n"
        server = serve(head + f"Location: http://127.0.0.1:{inner.port}/\r\n\r\n".encode())
        with pytest.raises(Unreachable, match="sends on to another address"):
            fetch(url(server))
    assert inner.asked == []


def test_answers_that_will_not_do(serve: Callable[..., Server]) -> None:
    for status in (b"404 Not Found", b"410 Gone"):
        server = serve(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")
        with pytest.raises(Gone):
            fetch(url(server))
    for answer in (
        b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n",
        b"SSH-2.0-OpenSSH_9\r\n",
        b"",
        OK + b"X: " + b"y" * 1_000_000 + b"\r\n\r\n",
        OK + b"Content-Length: 100\r\n\r\nshort",
        OK + b"Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx",
        OK + b"Transfer-Encoding: chunked\r\n\r\nnonsense\r\n",
    ):
        server = serve(answer)
        with pytest.raises(Unreachable) as raised:
            fetch(url(server))
        assert str(raised.value).endswith(".")
        assert "\n" not in str(raised.value)


def test_where_nobody_listens() -> None:
    with pytest.raises(Unreachable, match="nothing listens there"):
        fetch(f"http://127.0.0.1:{free_port()}/")


@pytest.mark.parametrize(
    "wrong",
    [
        "ftp://node.example/", "file:///etc/passwd", "gopher://x/", "https://", "https:///card",
        "https://user:word@node.example/", "https://node.example:0/", "https://node.example:99999/",
        "https://node.example/\r\nX: y", "https://node.example/ x", "https://nöde.example/",
        "javascript:alert(1)", "", "https://node.example\\@127.0.0.1/", "https://" + "x" * 3000,
    ],
)  # fmt: skip
def test_what_is_no_address(wrong: str) -> None:
    with pytest.raises(Unreachable, match="not the address of a page"):
        fetch(wrong)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "[::1]", "0.0.0.0", "10.0.0.1", "192.168.1.1", "172.16.0.1",
        "169.254.169.254", "100.64.0.1", "224.0.0.1", "[::ffff:127.0.0.1]", "[fe80::1]",
        "[fd00::1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "2130706433", "0x7f.1", "127.1",
    ],
)  # fmt: skip
def test_no_way_inside(host: str, serve: Callable[..., Server], settings: Any) -> None:
    settings.ALLOW_PRIVATE = False
    server = serve(OK + b"Content-Length: 0\r\n\r\n")
    with pytest.raises(Unreachable):
        fetch(f"https://{host}:{server.port}/")
    with pytest.raises(Unreachable, match="begin with https"):
        fetch(f"http://{host}:{server.port}/")
    time.sleep(0.05)
    assert server.asked == []


class Resolver:
    """A name server under somebody's control: another answer each time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.times = 0
        known = socket.getaddrinfo

        def look_up(host: Any, port: Any, *options: Any, **named: Any) -> Any:
            name = host.decode() if isinstance(host, bytes) else host
            if name != "node.example":
                return known(host, port, *options, **named)
            self.times += 1
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            return [
                (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in answer
            ]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)


@pytest.fixture
def plain_loop(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A home loop that looks names up by `socket.getaddrinfo`; uvloop has a way of its own."""
    made = asyncio.new_event_loop()
    running = threading.Thread(target=made.run_forever, daemon=True)
    running.start()
    monkeypatch.setattr("nodes.loop._home", made)
    yield
    made.call_soon_threadsafe(made.stop)
    running.join()
    made.close()


@pytest.mark.usefixtures("plain_loop")
def test_a_name_that_leads_inside(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.ALLOW_PRIVATE = False
    resolver = Resolver(monkeypatch, ["127.0.0.1", "10.0.0.1"])
    server = serve(OK + b"Content-Length: 0\r\n\r\n")
    with pytest.raises(Unreachable, match="is not a public address"):
        fetch(f"https://node.example:{server.port}/")
    assert resolver.times == 1
    assert server.asked == []


@pytest.mark.usefixtures("plain_loop")
def test_the_address_that_was_checked_is_the_one_that_is_called(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """A resolver answers with a public address first, then with loopback (DNS rebinding)."""
    settings.ALLOW_PRIVATE = False
    monkeypatch.setattr(fetching, "SECONDS", 1.0)
    resolver = Resolver(monkeypatch, ["192.88.99.1"], ["127.0.0.1"])
    server = serve(OK + b"Content-Length: 0\r\n\r\n")
    # No packet of a test goes to a real address: one that leads nowhere passes for public.
    monkeypatch.setattr("nodes.dial.is_public", lambda address: address != "127.0.0.1")
    with pytest.raises(Unreachable):
        fetch(f"https://node.example:{server.port}/")
    assert resolver.times == 1
    assert server.asked == []


@pytest.mark.usefixtures("plain_loop")
def test_an_address_that_is_dead_does_not_keep_from_the_others(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    resolver = Resolver(monkeypatch, ["127.0.0.9", "127.0.0.1"])
    server = serve(OK + b"Content-Length: 4\r\n\r\ncard")
    assert fetch(f"http://node.example:{server.port}/") == b"card"
    assert resolver.times == 1


@pytest.mark.usefixtures("plain_loop")
def test_the_certificate_is_that_of_the_name(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    Resolver(monkeypatch, ["127.0.0.1"])
    certificate = _certificate("node.example", tmp_path)
    server = serve(OK + b"Content-Length: 4\r\n\r\ncard")
    server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.tls.load_cert_chain(certificate)
    address = f"https://node.example:{server.port}/card/x"
    with pytest.raises(Unreachable, match="certificate or TLS is not accepted"):
        fetch(address)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert fetch(address) == b"card"
    assert f"Host: node.example:{server.port}".encode() in server.asked[-1]
    with pytest.raises(Unreachable, match="certificate or TLS is not accepted"):
        fetch(f"https://127.0.0.1:{server.port}/card/x")


def test_many_at_once_take_turns(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "_turns", threading.BoundedSemaphore(1))
    monkeypatch.setattr(fetching, "GRACE", 0.05)
    server = serve(OK + b"Content-Length: 0\r\n\r\n")
    with fetching._turns, pytest.raises(Unreachable, match="try again in a moment"):
        fetch(url(server))
    assert fetch(url(server)) == b""


def _certificate(name: str, directory: Path) -> Path:
    """Make a certificate that signs itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = directory / "certificate.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path
