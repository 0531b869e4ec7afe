"""Waking browsers, with a push service that is a real HTTP server."""

import socket
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.core.cache import cache
from joserfc import jwt
from joserfc.jwk import ECKey

from mail import push
from mail.browsers import browser_words
from mail.models import PushKey, PushSubscription
from nodes.errors import UserError
from nodes.models import Account
from sdmp.encoding import b64, unb64
from tests.mail.conftest import House
from tests.support.pushing import PushService

AUTH = b64(b"a" * 16)


@pytest.fixture(autouse=True)
def service() -> Iterator[PushService]:
    """A push service that takes everything; what was woken before is forgotten."""
    cache.clear()
    with PushService() as running:
        yield running


def key() -> str:
    """The public key of a browser."""
    made = ec.generate_private_key(ec.SECP256R1()).public_key()
    return b64(made.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def subscribe(account: Account, endpoint: str) -> None:
    """Subscribe a browser."""
    push.subscribe(account, endpoint, key(), AUTH, agent="Mozilla/5.0 (X11; Linux) Firefox/150.0")


def public() -> ECKey:
    """The node's key, as push services know it."""
    raw = unb64(push.public_key())
    assert len(raw) == 65
    return ECKey.import_key({"kty": "EC", "crv": "P-256", "x": b64(raw[1:33]), "y": b64(raw[33:])})


def test_a_push_is_empty_and_signed(house: House, service: PushService) -> None:
    subscribe(house.alice, f"{service.url}/send/abc?d=1")
    assert push.wake_browsers(house.alice.pk) == 1
    [(path, headers, content)] = service.took
    assert (path, content) == ("/send/abc?d=1", b"")
    assert int(headers["ttl"]) > 3600
    scheme, _, rest = headers["authorization"].partition(" ")
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    assert scheme == "vapid"
    assert parts["k"].rstrip("=") == push.public_key()
    claims = jwt.decode(parts["t"], public(), algorithms=["ES256"]).claims
    assert claims["aud"] == service.url
    assert claims["sub"].startswith(("mailto:", "https://"))
    for other in (house.alice.name, house.alice.username, str(house.alice.fingerprint)):
        assert other not in orjson.dumps(headers).decode()


def test_one_key_and_nothing_in_clear(house: House, service: PushService) -> None:
    assert push.public_key() == push.public_key()
    assert PushKey.objects.count() == 1
    assert b"PRIVATE" not in bytes(PushKey.objects.get().sealed)
    subscribe(house.alice, f"{service.url}/send/abc")
    row = PushSubscription.objects.get()
    assert b"send" not in bytes(row.sealed)
    assert "send" not in row.endpoint_hash


def test_a_browser_that_ended_it_is_forgotten(house: House, service: PushService) -> None:
    subscribe(house.alice, f"{service.url}/gone")
    service.status = 410
    assert push.wake_browsers(house.alice.pk) == 0
    assert push.browsers(house.alice) == []


def test_failures_are_counted_and_end_with_success(house: House, service: PushService) -> None:
    subscribe(house.alice, f"{service.url}/send")
    for status, failures in ((500, 1), (302, 2), (429, 3), (201, 0)):
        service.status = status
        cache.clear()
        push.wake_browsers(house.alice.pk)
        assert push.browsers(house.alice)[0].failures == failures
    assert {path for path, _, _ in service.took} == {"/send"}  # nobody is sent elsewhere
    PushSubscription.objects.update(failures=49)
    service.status = 500
    cache.clear()
    push.wake_browsers(house.alice.pk)
    assert push.browsers(house.alice) == []


def test_a_dead_service_is_a_failure(house: House, service: PushService) -> None:
    subscribe(house.alice, "http://127.0.0.1:9/send")
    subscribe(house.alice, f"{service.url}/send")
    assert push.wake_browsers(house.alice.pk) == 1
    assert [one.failures for one in push.browsers(house.alice)] == [0, 1]


def test_not_more_than_one_wake_up_in_some_seconds(house: House, service: PushService) -> None:
    subscribe(house.alice, f"{service.url}/send")
    assert [push.wake_browsers(house.alice.pk) for _ in range(3)] == [1, 0, 0]
    assert len(service.took) == 1


def test_no_private_address_is_called(house: House, service: PushService, settings: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        port = listener.getsockname()[1]
        for endpoint in (f"https://127.0.0.1:{port}/x", f"https://localhost:{port}/x"):
            subscribe(house.alice, endpoint)
        settings.ALLOW_PRIVATE = False
        assert push.wake_browsers(house.alice.pk) == 0
        with pytest.raises(BlockingIOError):  # nobody has even tried to connect
            listener.accept()
    assert [one.failures for one in push.browsers(house.alice)] == [1, 1]
    with pytest.raises(UserError, match="not the address of a push service"):
        subscribe(house.alice, f"{service.url}/send")


def test_what_is_no_subscription(house: House) -> None:
    for endpoint in (
        "", "ftp://push.example/x", "https://", "https://a:b@push.example/x", "javascript:alert(1)",
        "https://push.example\\@127.0.0.1/", "https://push.example/\n", "https://[::1",
        "https://push.example:0/", "file:///etc/passwd", "https://x/" + "y" * 3000,
    ):  # fmt: skip
        with pytest.raises(UserError, match="not the address"):
            subscribe(house.alice, endpoint)
    for p256dh, auth in (("", AUTH), ("AAAA", AUTH), (key(), "x!"), (key(), "")):
        with pytest.raises(UserError, match="cannot be read"):
            push.subscribe(house.alice, "https://push.example/x", p256dh, auth)
    assert PushSubscription.objects.count() == 0


def test_a_browser_belongs_to_who_subscribed_last(house: House, service: PushService) -> None:
    subscribe(house.alice, f"{service.url}/send")
    subscribe(house.bob, f"{service.url}/send")
    assert push.browsers(house.alice) == []
    [one] = push.browsers(house.bob)
    assert (one.words, one.service) == ("Firefox on Linux", "127.0.0.1")
    assert not push.unsubscribe(house.alice, one.key)
    assert push.unsubscribe(house.bob, one.key)
    assert push.browsers(house.bob) == []


def test_only_so_many_browsers(house: House) -> None:
    for number in range(25):
        subscribe(house.alice, f"https://push.example/{number}")
    assert len(push.browsers(house.alice)) == 20


def test_browser_words() -> None:
    chrome = "Mozilla/5.0 (Windows NT 10.0; Win64) AppleWebKit/537.36 Chrome/150.0 Safari/537.36"
    iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18 Safari/604.1"
    assert browser_words(chrome) == "Chrome on Windows"
    assert browser_words(chrome + " Edg/150.0") == "Edge on Windows"
    assert browser_words(iphone) == "Safari on iOS"
    assert browser_words("") == "A browser that does not say which"
