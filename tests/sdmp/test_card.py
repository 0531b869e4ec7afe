"""Cards and offers (protocol §12)."""

import json
from typing import Any

import pytest

from sdmp.card import Offer, read_card, read_offer, write_card, write_offer
from sdmp.encoding import write_json
from sdmp.errors import BadIdentifier, BadIdentity, BadJSON, BadSchema, SdmpError, TooLarge
from sdmp.resource import make_resource
from tests.support.cast import ALICE, BOB, LAPTOP

ENVELOPES = [
    make_resource(ALICE.fingerprint, ALICE.key, {"message": text}).envelope for text in "ab"
]
OFFER = Offer(LAPTOP.public, ("192.0.2.1:8000", "[::1]:9"), ("wss://alice.example/sdmp",))


def test_cards_round_trip() -> None:
    data = write_card(ENVELOPES)
    assert read_card(data) == ENVELOPES
    assert read_card(data.decode()) == ENVELOPES
    assert json.loads(data) == [envelope.to_json() for envelope in ENVELOPES]


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", BadJSON),
        (b"{}", BadSchema),
        (b"[]", BadSchema),
        (b"[1]", BadSchema),
        (b"[" + b"1," * 300 + b"1]", BadSchema),
        (b" " * (1024 * 1024 + 1), TooLarge),
        (write_card(ENVELOPES).replace(b'"identifier":"', b'"identifier":"A'), BadSchema),
    ],
)
def test_what_is_no_card(data: bytes, error: type[SdmpError]) -> None:
    with pytest.raises(error):
        read_card(data)


def test_each_resource_of_a_card_is_read_strictly() -> None:
    one, other = (envelope.to_json() for envelope in ENVELOPES)
    mixed: Any = other["signature"]
    mixed["identifier"] = ENVELOPES[0].identifier
    with pytest.raises(BadIdentifier):
        read_card(write_json([one, other]))


def test_offers_round_trip() -> None:
    assert read_offer(write_offer(OFFER)) == OFFER
    assert json.loads(write_offer(OFFER)).keys() == {"key", "fingerprint", "ips", "urls"}


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"fingerprint": BOB.fingerprint}, BadIdentity),
        ({"key": LAPTOP.public.pem + "\n"}, BadIdentity),
        ({"key": 5}, BadSchema),
        ({"ips": ["example.org:80"]}, BadSchema),
        ({"ips": "192.0.2.1:8000"}, BadSchema),
        ({"urls": ["https://a"]}, BadSchema),
        ({"more": 1}, BadSchema),
    ],
)
def test_what_is_no_offer(changes: dict[str, Any], error: type[SdmpError]) -> None:
    with pytest.raises(error):
        read_offer(write_json({**json.loads(write_offer(OFFER)), **changes}))


def test_an_offer_is_an_object() -> None:
    with pytest.raises(BadSchema):
        read_offer("[]")
    with pytest.raises(TooLarge):
        read_offer(" " * 20_000)
