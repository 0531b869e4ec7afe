"""Signed containers (protocol §4)."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from sdmp import limits
from sdmp.container import build
from sdmp.encoding import b64, hash_b64, write_json
from sdmp.errors import (
    BadEncoding,
    BadIdentifier,
    BadJSON,
    BadSchema,
    BadSignature,
    TooLarge,
    UnknownSigner,
)
from sdmp.signature import Envelope, read_envelope, sign, verify
from tests.support.cast import ALICE, BOB

ENVELOPE = sign(build(message="Grüße"), ALICE.key)


def changed(change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Return the signed container after a change to its section."""
    value: dict[str, Any] = json.loads(ENVELOPE.to_bytes())
    change(value["signature"])
    return value


def with_header(header: bytes | dict[str, Any]) -> dict[str, Any]:
    data = header if isinstance(header, bytes) else write_json(header)
    return changed(lambda section: section["signatures"][0].update(protected=b64(data)))


def test_what_is_signed_is_read_and_verified() -> None:
    for value in (ENVELOPE.to_bytes(), ENVELOPE.to_json()):
        envelope = read_envelope(value)
        assert envelope == ENVELOPE
        assert envelope.signer == ALICE.fingerprint
        assert envelope.alg == "RS512"
        assert json.loads(envelope.content)["message"] == "Grüße"
        verify(envelope, ALICE.public)
    assert ENVELOPE.identifier == hash_b64(ENVELOPE.payload.encode())
    assert json.loads(ENVELOPE.to_bytes()) == ENVELOPE.to_json()
    assert ENVELOPE.to_bytes() == write_json(ENVELOPE.to_json())


def test_another_key_does_not_verify() -> None:
    with pytest.raises(UnknownSigner):
        verify(ENVELOPE, BOB.public)


def test_a_change_of_content_does_not_verify() -> None:
    def forge(section: dict[str, Any]) -> None:
        section["payload"] = b64(write_json(build(message="Grüsse")))
        section["identifier"] = hash_b64(section["payload"].encode())

    with pytest.raises(BadSignature):
        verify(read_envelope(changed(forge)), ALICE.public)


def test_reading_does_not_look_into_the_payload() -> None:
    nonsense = sign({}, ALICE.key)
    value: Any = nonsense.to_json()
    value["signature"]["payload"] = b64(b"\xff not JSON")
    value["signature"]["identifier"] = hash_b64(value["signature"]["payload"].encode())
    assert read_envelope(value).content == b"\xff not JSON"


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none", "kid": ALICE.fingerprint},
        {"alg": "HS512", "kid": ALICE.fingerprint},
        {"alg": "RS256", "kid": ALICE.fingerprint},
        {"alg": "rs512", "kid": ALICE.fingerprint},
        {"alg": ["RS512"], "kid": ALICE.fingerprint},
        {"alg": "RS512"},
        {"kid": ALICE.fingerprint},
        {"alg": "RS512", "kid": "x"},
        {"alg": "RS512", "kid": 5},
        {"alg": "RS512", "kid": ALICE.fingerprint, "crit": []},
        {"alg": "RS512", "kid": ALICE.fingerprint, "typ": "x" * 5000},
        b"",
        b"[]",
        b"{",
        b'{"alg":"RS512","alg":"RS512","kid":"' + ALICE.fingerprint.encode() + b'"}',
        b"\xff",
    ],
)
def test_headers_that_are_wrong(header: Any) -> None:
    with pytest.raises(BadSignature):
        read_envelope(with_header(header))


def test_a_header_may_be_written_otherwise() -> None:
    header = f' {{"kid": "{ALICE.fingerprint}",\n"\\u0061lg": "PS512"}} '.encode()
    assert read_envelope(with_header(header)).alg == "PS512"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda section: section.update(identifier=hash_b64(b"")), BadIdentifier),
        (lambda section: section.update(payload=section["payload"] + "="), BadEncoding),
        (lambda section: section.update(payload=section["payload"] + "\n"), BadEncoding),
        (lambda section: section.update(payload=b64(b"x")), BadIdentifier),
        (lambda section: section["signatures"][0].update(signature="A"), BadEncoding),
        (lambda section: section["signatures"][0].update(signature="+AAA"), BadEncoding),
        (lambda section: section["signatures"][0].update(protected="e30="), BadEncoding),
        (lambda section: section["signatures"][0].update(header={}), BadSchema),
        (lambda section: section["signatures"].append(section["signatures"][0]), BadSchema),
        (lambda section: section.pop("identifier"), BadSchema),
    ],
)
def test_envelopes_that_are_wrong(
    change: Callable[[dict[str, Any]], None], error: type[Exception]
) -> None:
    with pytest.raises(error):
        read_envelope(changed(change))


def test_nothing_stands_beside_the_signature() -> None:
    value = ENVELOPE.to_json()
    section = value["signature"]
    with pytest.raises(BadSchema):
        read_envelope(build(signature=section, message="unsigned"))
    with pytest.raises(BadSchema):
        read_envelope(build(message="unsigned"))


def test_bytes_are_read_strictly_and_within_the_limit() -> None:
    with pytest.raises(BadJSON):
        read_envelope(ENVELOPE.to_bytes() + b"x")
    with pytest.raises(TooLarge):
        read_envelope(b" " * (limits.RESOURCE_BYTES + 1))


def test_a_signer_needs_a_fingerprint_and_a_hand_only() -> None:
    class Elsewhere:
        fingerprint = BOB.fingerprint

        def sign(self, data: bytes) -> bytes:
            return BOB.key.sign(data)

    envelope: Envelope = sign(build(message="x"), Elsewhere())
    verify(envelope, BOB.public)
