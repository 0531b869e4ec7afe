"""Keys, fingerprints and recovery kits (protocol §3, §12)."""

import json
import subprocess
from datetime import UTC, datetime
from functools import cache

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from sdmp import pkcs8
from sdmp.container import build
from sdmp.encoding import hash_b64, write_json
from sdmp.errors import BadIdentity, BadSignature, CannotOpen
from sdmp.keys import (
    PrivateKey,
    fingerprint,
    generate,
    load_private,
    load_public,
    make_recovery_kit,
    open_recovery_kit,
)
from tests.support.cast import ALICE, BOB

EXPIRES = datetime(2036, 1, 1, tzinfo=UTC)
PASSPHRASE = "correct horse bättery staple"


def public_pem(key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey) -> str:
    return (
        key.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        .decode()
        .strip()
    )


@cache
def kit() -> bytes:
    return make_recovery_kit(ALICE.key, PASSPHRASE, EXPIRES)


def test_the_fingerprint_is_of_the_pem_as_it_stands_in_json() -> None:
    pem = ALICE.public.pem
    in_json = json.dumps(pem)[1:-1]
    assert "\\n" in in_json
    assert fingerprint(pem) == hash_b64(in_json.encode()) == ALICE.fingerprint


def test_a_public_key_is_read_as_it_was_written() -> None:
    public = load_public(ALICE.public.pem)
    assert public == ALICE.public
    assert public != BOB.public
    assert len({public, ALICE.public, BOB.public}) == 2
    assert public.size == 256
    assert public.fingerprint in repr(public)


def test_other_ways_to_write_a_key_are_refused() -> None:
    pem = ALICE.public.pem
    first, *body, last = pem.split("\n")
    joined = "".join(body)
    for other in (
        pem + "\n",
        "\n" + pem,
        pem.replace("\n", "\r\n"),
        f"{first}\n{joined}\n{last}",
        "\n".join([first, *(joined[i : i + 32] for i in range(0, len(joined), 32)), last]),
        f"comment\n{pem}",
        pem.replace("PUBLIC KEY", "RSA PUBLIC KEY"),
        pem[:-1],
        ALICE.key.pem(),
        "",
        "é",
        "x" * 5000,
    ):
        with pytest.raises(BadIdentity):
            load_public(other)


def test_keys_of_other_kinds_and_sizes_are_refused() -> None:
    for key in (
        rsa.generate_private_key(65537, 1024),
        rsa.generate_private_key(3, 2048),
        ec.generate_private_key(ec.SECP256R1()),
    ):
        with pytest.raises(BadIdentity):
            load_public(public_pem(key.public_key()))
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        with pytest.raises(BadIdentity):
            load_private(private.decode())


def test_a_key_longer_than_allowed_is_refused() -> None:
    # No prime factors are needed to write one down.
    numbers = rsa.RSAPublicNumbers(65537, (1 << 4097) + 1)
    with pytest.raises(BadIdentity):
        load_public(public_pem(numbers.public_key()))


def test_generated_keys_have_the_size_asked_for() -> None:
    key = generate(2048)
    assert key.public.size == 256
    assert load_private(key.pem()).fingerprint == key.fingerprint
    key.public.verify("RS512", b"x", key.sign(b"x"))
    with pytest.raises(BadIdentity):
        generate(1024)


def test_signatures() -> None:
    signature = ALICE.key.sign(b"content")
    ALICE.public.verify("RS512", b"content", signature)
    for public, alg, data, given in (
        (ALICE.public, "RS512", b"Content", signature),
        (BOB.public, "RS512", b"content", signature),
        (ALICE.public, "PS512", b"content", signature),
        (ALICE.public, "RS256", b"content", signature),
        (ALICE.public, "none", b"content", b""),
        (ALICE.public, "RS512", b"content", signature[:-1]),
        (ALICE.public, "RS512", b"content", b"\0" + signature),
        (ALICE.public, "RS512", b"content", b""),
    ):
        with pytest.raises(BadSignature):
            public.verify(alg, data, given)


def test_wrapped_secrets() -> None:
    wrapped = ALICE.public.wrap(b"secret")
    assert len(wrapped) == ALICE.public.size
    assert ALICE.key.unwrap(wrapped) == b"secret"
    for key, given in (
        (BOB.key, wrapped),
        (ALICE.key, wrapped[:-1]),
        (ALICE.key, bytes(256)),
        (ALICE.key, b"\xff" * 256),
    ):
        with pytest.raises(CannotOpen):
            key.unwrap(given)


def test_a_private_key_does_not_show_itself() -> None:
    assert repr(ALICE.key) == f"PrivateKey({ALICE.fingerprint})"


def test_a_recovery_kit_opens_with_its_passphrase() -> None:
    section = json.loads(kit())["private_key"]
    assert section["expires"] == "2036-01-01T00:00:00.000Z"
    assert section["fingerprint"] == ALICE.fingerprint
    assert section["key"].startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    assert open_recovery_kit(kit(), PASSPHRASE).pem() == ALICE.key.pem()


def test_a_recovery_kit_stays_shut_otherwise() -> None:
    section = json.loads(kit())["private_key"]
    swapped = write_json(build(private_key={**section, "fingerprint": BOB.fingerprint}))
    broken = write_json(build(private_key={**section, "key": "x"}))
    for data, passphrase, words in (
        (kit(), "wrong", "passphrase does not open"),
        (kit(), "", "passphrase does not open"),
        (swapped, PASSPHRASE, "not the one that it names"),
        (broken, PASSPHRASE, "not encrypted as it should be"),
        (b"{}", PASSPHRASE, "not a recovery kit"),
        (b"\xff", PASSPHRASE, "not a recovery kit"),
        (write_json(build(message="x")), PASSPHRASE, "not a recovery kit"),
        (b" " * 100_000, PASSPHRASE, "not a recovery kit"),
    ):
        with pytest.raises(CannotOpen, match=words):
            open_recovery_kit(data, passphrase)


def test_openssl_reads_a_recovery_kit() -> None:
    pem = json.loads(kit())["private_key"]["key"]
    listing = subprocess.run(
        ["openssl", "asn1parse"], input=pem.encode(), capture_output=True, check=True
    ).stdout
    for word in (b"PBES2", b"PBKDF2", b"hmacWithSHA512", b"aes-256-cbc", b"%X" % pkcs8.ROUNDS):
        assert word in listing
    opened = subprocess.run(
        ["openssl", "pkcs8", "-passin", f"pass:{PASSPHRASE}"],
        input=pem.encode(),
        capture_output=True,
        check=True,
    ).stdout
    assert load_private(opened.decode()).fingerprint == ALICE.fingerprint


def test_load_private_refuses_what_is_no_key() -> None:
    for pem, passphrase in (
        ("x", None),
        (ALICE.public.pem, None),
        (ALICE.key.pem(), "needless"),
        (json.loads(kit())["private_key"]["key"], None),
    ):
        with pytest.raises(CannotOpen):
            load_private(pem, passphrase)


def test_a_private_key_is_a_signer() -> None:
    key: PrivateKey = ALICE.key
    assert key.fingerprint == key.public.fingerprint
