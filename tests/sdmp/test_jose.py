"""Another JOSE library reads what we write, and we what it writes (protocol §4, §7)."""

import json
from typing import Any

import pytest
from jwcrypto import jwe, jwk, jws

from sdmp.container import build
from sdmp.encoding import b64, hash_b64, write_json
from sdmp.encrypted import open_sealed, seal
from sdmp.errors import BadSignature, CannotOpen
from sdmp.signature import read_envelope, sign, verify
from tests.support.cast import ALICE, BOB, DESK, LAPTOP, MALLORY

INNER = build(resource={"user": ALICE.fingerprint}, message="Grüße 🍝")


def private(member: Any) -> jwk.JWK:
    return jwk.JWK.from_pem(member.key.pem().encode())


def public(member: Any) -> jwk.JWK:
    return jwk.JWK.from_pem(member.public.pem.encode())


def test_our_signatures_verify_as_they_stand() -> None:
    envelope = sign(INNER, ALICE.key)
    section: Any = envelope.to_json()["signature"]
    token = jws.JWS()
    token.allowed_algs = ["RS512"]
    text = json.dumps({"payload": section["payload"], "signatures": section["signatures"]})
    token.deserialize(text)
    token.verify(public(ALICE))
    assert json.loads(token.payload) == INNER
    token.deserialize(text)
    with pytest.raises(jws.InvalidJWSSignature):
        token.verify(public(BOB))


@pytest.mark.parametrize("alg", ["RS512", "PS512"])
def test_their_signatures_verify(alg: str) -> None:
    token = jws.JWS(write_json(INNER))
    token.allowed_algs = [alg]
    header = json.dumps({"alg": alg, "kid": ALICE.fingerprint})
    token.add_signature(private(ALICE), alg=alg, protected=header)
    made = json.loads(token.serialize())
    value: Any = build(
        signature={
            "identifier": hash_b64(made["payload"].encode()),
            "payload": made["payload"],
            "signatures": [{"protected": made["protected"], "signature": made["signature"]}],
        }
    )
    envelope = read_envelope(value)
    assert envelope.alg == alg
    verify(envelope, ALICE.public)
    value["signature"]["signatures"][0]["protected"] = b64(
        write_json({"alg": "PS512" if alg == "RS512" else "RS512", "kid": ALICE.fingerprint})
    )
    with pytest.raises(BadSignature):
        verify(read_envelope(value), ALICE.public)


def as_jwe(section: Any) -> str:
    return json.dumps(
        {
            "protected": section["protected"],
            "iv": section["iv"],
            "ciphertext": section["payload"],
            "tag": section["tag"],
            "recipients": [{"encrypted_key": entry["key"]} for entry in section["recipients"]],
        }
    )


def test_what_we_seal_they_open() -> None:
    readers = [ALICE, LAPTOP, BOB, DESK]
    text = as_jwe(seal(INNER, [reader.public for reader in readers]))
    for reader in readers:
        token = jwe.JWE(algs=["RSA-OAEP-256", "A256CBC-HS512"])
        token.deserialize(text, key=private(reader))
        assert len(token.payload) == 8192
        assert json.loads(token.payload.rstrip(b"\0")) == INNER
    with pytest.raises(jwe.InvalidJWEData):
        jwe.JWE(algs=["RSA-OAEP-256", "A256CBC-HS512"]).deserialize(text, key=private(MALLORY))


@pytest.mark.parametrize("size", [8192, 24576])
def test_what_they_seal_we_open(size: int) -> None:
    plaintext = write_json(INNER).ljust(size, b"\0")
    token = jwe.JWE(plaintext, json.dumps({"alg": "RSA-OAEP-256", "enc": "A256CBC-HS512"}))
    for reader in (ALICE, BOB, DESK):
        token.add_recipient(public(reader))
    made = json.loads(token.serialize())
    section = {
        "protected": made["protected"],
        "iv": made["iv"],
        "payload": made["ciphertext"],
        "tag": made["tag"],
        "recipients": [{"key": entry["encrypted_key"]} for entry in made["recipients"]],
    }
    for reader in (ALICE, BOB, DESK):
        assert open_sealed(section, [reader.key]) == write_json(INNER)
    with pytest.raises(CannotOpen):
        open_sealed(section, [MALLORY.key])
