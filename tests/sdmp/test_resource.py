"""Resources, their URIs, identities (protocol §3, §5)."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdmp.container import build, build_from
from sdmp.encoding import JSON, b64, write_json
from sdmp.errors import BadIdentity, BadJSON, BadSchema, Forbidden, TooLarge
from sdmp.resource import make_resource, parse_uri, peek_identity, read_resource, uri
from sdmp.signature import sign
from tests.support.cast import ALICE, BOB, EXPIRES, LAPTOP

FP = ALICE.fingerprint
TRUST = b64(bytes(64))
SCHEMA = uri(FP, b64(bytes(range(64))))
OTHER_SCHEMA = uri(FP, TRUST)
HASHES = st.binary(min_size=64, max_size=64).map(b64)

SEALED = {"protected": "", "iv": "", "payload": "", "tag": ""}
SECTIONS: dict[str, Any] = {
    "message": "x",
    "user": {"name": "x"},
    "node": {"ips": []},
    "receipt": FP,
    "revoke": {"resource": FP},
    "schema": {},
    "encrypted": SEALED,
    "trust": {"trustee": FP, "type": "user", "authorization": ["read_resource"]},
    "signature": build(
        signature={
            "identifier": FP,
            "payload": "",
            "signatures": [{"protected": "", "signature": ""}],
        }
    )["signature"],
    "private_key": {"expires": EXPIRES, "key": "x", "fingerprint": FP},
    "shared_key": {"group": "x25519", "N": b64(bytes(32))},
    "broadcast": {"since": FP, "entries": []},
    "request_journal": {"identifier": "x", "since": FP},
    "request_resource": {"identifier": "x", "resources": [f"{FP}/{FP}"]},
    "response": {"status": "not_found", "identifier": "x"},
    SCHEMA: {"hello": "world"},
    OTHER_SCHEMA: None,
}
TRAFFIC = ["broadcast", "request_journal", "request_resource", "response"]


def resolve(name: str) -> JSON:
    schemas: dict[str, JSON] = {SCHEMA: {"required": ["hello"]}, OTHER_SCHEMA: {}}
    return schemas.get(name)


def published(*names: str, traffic: bool = False) -> Any:
    resource = make_resource(FP, LAPTOP.key, {name: SECTIONS[name] for name in names}, trust=TRUST)
    read = read_resource(resource.envelope, resolve=resolve, traffic=traffic)
    assert read == resource
    return read


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (["message"], "message"),
        (["user"], "user"),
        (["node"], "node"),
        (["receipt"], "receipt"),
        (["revoke"], "revoke"),
        (["trust"], "trust"),
        (["schema"], "schema"),
        (["encrypted"], "encrypted"),
        ([SCHEMA], "uri"),
        ([SCHEMA, OTHER_SCHEMA], "uri"),
        (["message", SCHEMA], "message"),
        ([SCHEMA, "user", OTHER_SCHEMA], "user"),
    ],
)
def test_what_may_be_published(names: list[str], kind: str) -> None:
    resource = published(*names)
    assert resource.kind == kind
    assert resource.schemas == tuple(names)
    assert (resource.user, resource.trust, resource.signer) == (FP, TRUST, LAPTOP.fingerprint)
    assert parse_uri(resource.uri) == (FP, resource.identifier)


@pytest.mark.parametrize("name", ["signature", "private_key", "shared_key", *TRAFFIC])
def test_what_is_never_published(name: str) -> None:
    with pytest.raises(Forbidden):
        published(name)
    with pytest.raises(Forbidden):
        published("message", name)


@pytest.mark.parametrize("name", TRAFFIC)
def test_what_is_sent_in_sessions_only(name: str) -> None:
    assert published(name, traffic=True).kind == name
    with pytest.raises(BadSchema):
        published(name, SCHEMA, traffic=True)


@pytest.mark.parametrize("name", ["signature", "private_key", "shared_key"])
def test_what_is_not_even_sent_in_sessions(name: str) -> None:
    with pytest.raises(Forbidden):
        published(name, traffic=True)


@pytest.mark.parametrize(
    "names",
    [
        [],
        ["message", "user"],
        ["node", "message"],
        ["node", SCHEMA],
        ["encrypted", SCHEMA],
        ["receipt", SCHEMA],
        ["schema", SCHEMA],
    ],
)
def test_what_does_not_stand_together(names: list[str]) -> None:
    with pytest.raises(BadSchema):
        published(*names)


def test_a_payload_that_is_no_resource() -> None:
    for container in (
        build(message="x"),
        build(resource={"user": FP}),
        build(resource={"trust": FP}, message="x"),
        build_from({"resource": {"user": FP}, uri(FP, FP): {}}),
    ):
        with pytest.raises(BadSchema):
            read_resource(sign(container, ALICE.key), resolve=resolve)


def test_a_message_has_a_greatest_size() -> None:
    fits = make_resource(FP, ALICE.key, {"message": "é" * (5 * 1024 * 1024)})
    read_resource(fits.envelope)
    with pytest.raises(TooLarge):
        read_resource(
            make_resource(FP, ALICE.key, {"message": "é" * (5 * 1024 * 1024) + "x"}).envelope
        )


def identity(**changes: Any) -> dict[str, Any]:
    return {
        "type": "user",
        "expires": EXPIRES,
        "key": ALICE.public.pem,
        "fingerprint": FP,
        **changes,
    }


def test_an_identity_brings_its_key() -> None:
    resource = make_resource(FP, ALICE.key, {"identity": identity()})
    assert peek_identity(resource.envelope) == ALICE.public
    assert read_resource(resource.envelope).kind == "identity"


def test_the_identity_of_a_node_speaks_for_a_user() -> None:
    section = identity(type="node", key=LAPTOP.public.pem, fingerprint=LAPTOP.fingerprint)
    resource = make_resource(FP, LAPTOP.key, {"identity": section}, trust=TRUST)
    assert peek_identity(resource.envelope) == LAPTOP.public
    assert read_resource(resource.envelope).user == FP


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({}, BOB.key),
        ({"fingerprint": BOB.fingerprint}, ALICE.key),
        ({"key": BOB.public.pem}, ALICE.key),
        ({"key": ALICE.public.pem + "\n"}, ALICE.key),
        ({"key": "x"}, ALICE.key),
    ],
)
def test_identities_that_do_not_agree_with_themselves(changes: dict[str, Any], key: Any) -> None:
    envelope = make_resource(FP, key, {"identity": identity(**changes)}).envelope
    with pytest.raises(BadIdentity):
        peek_identity(envelope)
    with pytest.raises(BadIdentity):
        read_resource(envelope)


def test_the_identity_of_a_user_speaks_for_that_user_without_a_trust() -> None:
    for resource in (
        make_resource(BOB.fingerprint, ALICE.key, {"identity": identity()}),
        make_resource(FP, ALICE.key, {"identity": identity()}, trust=TRUST),
    ):
        assert peek_identity(resource.envelope) == ALICE.public
        with pytest.raises(BadIdentity):
            read_resource(resource.envelope)


def test_what_is_not_an_identity_brings_no_key() -> None:
    section = identity(fingerprint=BOB.fingerprint)
    containers: list[dict[str, Any]] = [
        build(resource={"user": FP}, message="identity"),
        {**build(message="x"), "identity": section},
        {"identity": section},
        {"sdmp": {"schemas": "identity"}, "identity": section},
        {"sdmp": {"schemas": ["identity"]}, "identity": {"key": 5, "fingerprint": 5}},
        {"sdmp": {"schemas": ["identity"]}, "identity": [section]},
        {"sdmp": {"schemas": ["identity"]}, "identity": identity(key=[])},
    ]
    for container in containers:
        assert peek_identity(sign(container, ALICE.key)) is None


def test_an_identity_with_needless_escapes_is_found() -> None:
    text = json.dumps(build(resource={"user": FP}, identity=identity()))
    escaped = text.replace("identity", "ident\\u0069ty").encode()
    assert b"identity" not in escaped
    envelope = replace(sign(build(message="x"), ALICE.key), content=escaped)
    assert peek_identity(envelope) == ALICE.public


def test_a_payload_that_is_not_json_brings_no_key() -> None:
    text = write_json(build(resource={"user": FP}, identity=identity()))
    broken = replace(sign(build(message="x"), ALICE.key), content=text + b"x")
    assert peek_identity(broken) is None
    with pytest.raises(BadJSON):
        read_resource(broken)


@given(HASHES, HASHES | st.just(""))
def test_uris_round_trip(user: str, identifier: str) -> None:
    assert parse_uri(uri(user, identifier)) == (user, identifier)


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"sdmp://{FP}",
        f"sdmp://{FP}:80/",
        f"sdmp://{FP}/?x",
        f"sdmp://{FP}/#x",
        f"sdmp://{FP}/{FP}/",
        f"sdmp://{FP}/{FP}\n",
        f"sdmp://{FP}/{FP[:-1]}",
        f"sdmp://{FP}/{FP[:-1]}B",
        f"SDMP://{FP}/",
        f"https://{FP}/",
        f" sdmp://{FP}/",
    ],
)
def test_what_is_no_uri(text: str) -> None:
    with pytest.raises(BadSchema):
        parse_uri(text)
