"""Sealed content (protocol §7)."""

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdmp.container import build, build_from, check_container
from sdmp.encoding import JSON, b64, read_json, unb64, write_json
from sdmp.encrypted import check_header, open_bytes, open_sealed, read_inner, seal, seal_bytes
from sdmp.errors import (
    BadEncoding,
    BadJSON,
    BadSchema,
    CannotOpen,
    Forbidden,
    SdmpError,
    TooLarge,
)
from sdmp.resource import uri
from tests.support.cast import ALICE, BOB, DESK, LAPTOP, MALLORY

FP = ALICE.fingerprint
INNER = build(resource={"user": FP}, message="Grüße")
SCHEMA = uri(FP, b64(bytes(64)))


def sealed_as(plaintext: bytes, *readers: Any) -> dict[str, Any]:
    """Seal bytes that `seal` would not."""
    section: Any = seal(INNER, [ALICE.public])
    secret = bytes(64)
    ciphertext, tag = seal_bytes(
        secret, plaintext, section["protected"].encode(), unb64(section["iv"])
    )
    recipients = [{"key": b64(reader.public.wrap(secret))} for reader in readers]
    return {**section, "payload": b64(ciphertext), "tag": b64(tag), "recipients": recipients}


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=40), st.integers(8000, 8192))
def test_sealed_content_round_trips(text: str, length: int) -> None:
    for message in (text, text + "\0" + "x" * length, text + "x" * length):
        inner = build(resource={"user": FP}, message=message)
        section = seal(inner, [ALICE.public, BOB.public])
        check_container(build(encrypted=section))
        plaintext = open_sealed(section, [BOB.key])
        assert plaintext == write_json(inner)
        assert read_inner(plaintext, FP).section("message") == message


def test_the_length_is_hidden_up_to_a_block() -> None:
    for length, blocks in ((0, 1), (8192 - len(write_json(build(message=""))), 1), (8192, 2)):
        section: Any = seal(build(message="x" * length), [ALICE.public])
        # CBC adds one block of 16.
        assert len(unb64(section["payload"])) == blocks * 8192 + 16


def test_every_reader_opens_and_nobody_else() -> None:
    readers = [ALICE, LAPTOP, BOB, DESK]
    section: Any = seal(INNER, [reader.public for reader in readers])
    assert read_json(unb64(section["protected"])) == {
        "alg": "RSA-OAEP-256",
        "enc": "A256CBC-HS512",
    }
    assert all(entry.keys() == {"key"} for entry in section["recipients"])
    for reader in readers:
        assert open_sealed(section, [MALLORY.key, reader.key]) == write_json(INNER)
    with pytest.raises(CannotOpen):
        open_sealed(section, [MALLORY.key])
    with pytest.raises(CannotOpen):
        open_sealed(section, [])


def test_recipients_stand_in_random_order() -> None:
    first: Counter[bool] = Counter()
    for _ in range(40):
        section: Any = seal(INNER, [ALICE.public, BOB.public])
        section["recipients"].pop()
        try:
            open_sealed(section, [ALICE.key])
            first[True] += 1
        except CannotOpen:
            first[False] += 1
    assert len(first) == 2


def test_nothing_is_sealed_alike() -> None:
    one, other = (seal(INNER, [ALICE.public]) for _ in range(2))
    assert all(one[name] != other[name] for name in ("iv", "payload", "tag", "recipients"))


def test_randomness_may_be_given() -> None:
    asked: list[int] = []

    def random(size: int) -> bytes:
        asked.append(size)
        return bytes(size)

    section = seal(INNER, [ALICE.public], random)
    assert asked == [64, 16]
    assert section["iv"] == b64(bytes(16))


def test_an_entry_of_another_length_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    section: Any = seal(INNER, [ALICE.public])
    section["recipients"] = [{"key": b64(bytes(size))} for size in (0, 255, 257, 384)]
    tried: list[int] = []
    monkeypatch.setattr(type(ALICE.key), "unwrap", lambda key, entry: tried.append(len(entry)))
    with pytest.raises(CannotOpen):
        open_sealed(section, [ALICE.key])
    assert tried == []


def test_every_failure_reads_the_same() -> None:
    good: Any = seal(INNER, [ALICE.public])

    def flip(name: str, place: int = 0) -> dict[str, Any]:
        data = bytearray(unb64(good[name]))
        data[place] ^= 1
        return {**good, name: b64(bytes(data))}

    sentences = set()
    for section in (
        flip("iv"),
        flip("payload"),
        flip("payload", -1),
        flip("tag"),
        {**good, "tag": ""},
        {**good, "tag": good["tag"][:-4]},
        {**good, "iv": b64(bytes(12))},
        {**good, "iv": "="},
        {**good, "payload": ""},
        {**good, "payload": good["payload"] + "="},
        {**good, "recipients": [{"key": b64(bytes(256))}]},
        {**good, "recipients": [{"key": "+"}]},
        {**good, "recipients": [{"key": b64(ALICE.public.wrap(bytes(32)))}]},
        seal(INNER, [BOB.public]),
        sealed_as(write_json(INNER), ALICE),
        sealed_as(write_json(INNER).ljust(8191, b"\0"), ALICE),
        sealed_as(b"", ALICE),
    ):
        with pytest.raises(CannotOpen) as caught:
            open_sealed(section, [ALICE.key])
        sentences.add(str(caught.value))
        assert caught.value.__cause__ is None
    assert len(sentences) == 1
    assert open_sealed(good, [ALICE.key]) == write_json(INNER)


def test_a_bad_entry_does_not_hide_a_good_one() -> None:
    section: Any = seal(INNER, [ALICE.public])
    section["recipients"].insert(0, {"key": b64(ALICE.public.wrap(bytes(64)))})
    assert open_sealed(section, [ALICE.key]) == write_json(INNER)


def test_only_zero_bytes_at_the_end_are_padding() -> None:
    plaintext = b"\0\0 x\0y".ljust(8192, b"\0")
    assert open_sealed(sealed_as(plaintext, ALICE), [ALICE.key]) == b"\0\0 x\0y"
    full = b"x" * 8192
    assert open_sealed(sealed_as(full, ALICE), [ALICE.key]) == full


@pytest.mark.parametrize(
    "header",
    [
        {},
        {"alg": "RSA-OAEP", "enc": "A256CBC-HS512"},
        {"alg": "RSA1_5", "enc": "A256CBC-HS512"},
        {"alg": "RSA-OAEP-256", "enc": "A256GCM"},
        {"alg": "RSA-OAEP-256", "enc": "A256CBC-HS512", "zip": "DEF"},
        {"alg": "dir", "enc": "A256CBC-HS512", "seq": 0},
        [],
        None,
    ],
)
def test_headers_that_everyone_refuses(header: Any) -> None:
    section: Any = {**seal(INNER, [ALICE.public]), "protected": b64(write_json(header))}
    with pytest.raises(BadSchema):
        check_header(section)
    with pytest.raises(BadSchema):
        open_sealed(section, [ALICE.key])


def test_headers_that_cannot_be_read() -> None:
    section: Any = seal(INNER, [ALICE.public])
    for protected, error in (
        (b64(b"{"), BadSchema),
        (b64(b'{"alg":"RSA-OAEP-256","enc":"A256CBC-HS512","enc":"A256CBC-HS512"}'), BadSchema),
        (b64(b" " * 4096), BadSchema),
        ("e30=", BadEncoding),
    ):
        with pytest.raises(error):
            check_header({**section, "protected": protected})


def test_the_number_of_recipients_is_bounded() -> None:
    section: Any = seal(INNER, [ALICE.public])
    entry = section["recipients"][0]
    check_header({**section, "recipients": [entry] * 256})
    for recipients in ([], [entry] * 257):
        with pytest.raises(BadSchema):
            check_header({**section, "recipients": recipients})
    del section["recipients"]
    with pytest.raises(BadSchema):
        check_header(section)
    for keys in ([], [ALICE.public] * 257):
        with pytest.raises(TooLarge):
            seal(INNER, keys)


@pytest.mark.parametrize(
    "sections",
    [
        {"message": "x"},
        {"receipt": FP},
        {"message": "x", SCHEMA: 1},
        {SCHEMA: 1},
        {"resource": {"user": FP, "trust": FP}, "message": "x"},
    ],
)
def test_what_may_be_inside(sections: dict[str, Any]) -> None:
    container = build_from({"resource": {"user": FP}, **sections})
    read_inner(write_json(container), FP, resolve=lambda name: {})


@pytest.mark.parametrize(
    ("container", "error"),
    [
        (build(message="x"), BadSchema),
        (build(resource={"user": FP}), BadSchema),
        (build(resource={"user": BOB.fingerprint}, message="x"), Forbidden),
        (build(resource={"user": FP}, message="x", receipt=FP), BadSchema),
        (build_from({"resource": {"user": FP}, "receipt": FP, SCHEMA: 1}), BadSchema),
        (build(resource={"user": FP}, user={"name": "x"}), Forbidden),
        (build(resource={"user": FP}, revoke={"resource": FP}), Forbidden),
        (build(resource={"user": FP}, encrypted=seal(INNER, [ALICE.public])), Forbidden),
        (build_from({"resource": {"user": FP}, uri(FP, FP): 1}), BadSchema),
        ({"message": "x"}, BadSchema),
    ],
)
def test_what_may_not_be_inside(container: Any, error: type[SdmpError]) -> None:
    held: dict[str, JSON] = {SCHEMA: {}}
    with pytest.raises(error):
        read_inner(write_json(container), FP, resolve=held.get)


def test_inner_json_is_strict() -> None:
    text = json.dumps(INNER)[:-1].encode() + b',"message":"x"}'
    with pytest.raises(BadJSON):
        read_inner(text, FP)
    with pytest.raises(BadJSON):
        read_inner(b"", FP)


def test_the_worked_example_of_rfc_7518() -> None:
    # RFC 7518, appendix B.3.
    secret = bytes(range(64))
    plaintext = (
        b"A cipher system must not be required to be secret, and it must be able to fall into "
        b"the hands of the enemy without inconvenience"
    )
    aad = b"The second principle of Auguste Kerckhoffs"
    iv = bytes.fromhex("1af38c2dc2b96ffdd86694092341bc04")
    ciphertext, tag = seal_bytes(secret, plaintext, aad, iv)
    assert ciphertext[:16].hex() == "4affaaadb78c31c5da4b1b590d10ffbd"
    assert len(ciphertext) == 144
    assert tag.hex() == "4dd3b4c088a7f45c216839645b2012bf2e6269a8c56a816dbc1b267761955bc5"
    assert open_bytes(secret, ciphertext, tag, aad, iv) == plaintext
    for wrong in (
        (secret[::-1], ciphertext, tag, aad, iv),
        (secret[:32], ciphertext, tag, aad, iv),
        (secret, ciphertext[:-16], tag, aad, iv),
        (secret, ciphertext, tag[:16], aad, iv),
        (secret, ciphertext, tag, b"", iv),
        (secret, ciphertext, tag, aad, bytes(16)),
    ):
        with pytest.raises(CannotOpen):
            open_bytes(*wrong)
