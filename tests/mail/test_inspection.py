"""Decoding containers for reading."""

from dataclasses import replace
from typing import Any

import pytest

from mail.inspection import inspect
from nodes.errors import UserError
from sdmp.card import Offer, write_card, write_offer
from sdmp.container import build
from sdmp.encoding import write_json
from tests.support.cast import BOB, DESK
from tests.support.world import card, letter_to, notice, receipt_for


def test_a_card_verifies_by_itself() -> None:
    described = inspect(card(DESK))
    assert len(described) == 5
    assert {entry["verifies"] for entry in described} == {"yes"}
    assert described[0]["payload"]["sections"]["identity"]["type"] == "user"
    assert described[0]["signer"] == BOB.fingerprint


def test_without_the_signer_s_identity_nothing_is_said_of_it() -> None:
    described = inspect(notice().to_bytes())
    assert described["verifies"].startswith("not known")
    assert described["payload"]["user"] == BOB.fingerprint


def test_a_wrong_signature_shows() -> None:
    post, other = notice(), receipt_for(notice().identifier)
    spoilt = replace(post, signature=other.signature)
    described = inspect(write_card([DESK.identity(), spoilt]))
    assert described[0]["verifies"] == "yes"
    assert described[1]["verifies"].startswith("no: ")


def test_a_wrong_identifier_shows() -> None:
    value: Any = notice().to_json()
    value["signature"]["identifier"] = letter_to(BOB).identifier
    assert inspect(write_json(value))["verifies"].startswith("no: ")


def test_containers_that_are_not_signed() -> None:
    described = inspect(write_json(build(user={"name": "Bob"})))
    assert described["verifies"] == "not signed"
    assert described["sections"] == {"user": {"name": "Bob"}}


def test_an_offer() -> None:
    assert inspect(write_offer(Offer(DESK.public)))["kind"] == "offer"


def test_what_is_forbidden_in_a_resource_is_said() -> None:
    inner = DESK.resource(private_key={
        "expires": "2036-01-01T00:00:00.000Z", "key": "k", "fingerprint": BOB.fingerprint
    })  # fmt: skip
    assert inspect(inner.to_bytes())["payload"]["why"] == "forbidden"


@pytest.mark.parametrize("data", [b"", b"{", b"1", b"{}", b'{"a":1,"a":2}', b"[[]]", b"\xff"])
def test_what_is_none_of_it(data: bytes) -> None:
    with pytest.raises(UserError, match="This is not "):
        inspect(data)
