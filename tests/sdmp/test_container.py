"""Containers and the sections of the core schemas (protocol §2)."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdmp.container import Container, build, build_from, check_container, read_container
from sdmp.encoding import b64, write_json
from sdmp.errors import BadEncoding, BadSchema, BadVersion, TooLarge
from sdmp.schemas import NAMES

FP = b64(bytes(range(64)))
OTHER = b64(bytes(64))
TIME = "2026-11-22T12:00:00.000Z"
LINE = f"{FP}@{FP}/{OTHER}"
N = b64(bytes(32))

GOOD: list[tuple[str, Any]] = [
    ("identity", {"type": "user", "expires": TIME, "key": "x", "fingerprint": FP}),
    ("private_key", {"expires": TIME, "key": "x", "fingerprint": FP}),
    (
        "signature",
        {"identifier": FP, "payload": "", "signatures": [{"protected": "", "signature": ""}]},
    ),
    ("encrypted", {"protected": "", "iv": "", "payload": "", "tag": ""}),
    (
        "encrypted",
        {"protected": "", "iv": "", "payload": "", "tag": "", "recipients": [{"key": ""}]},
    ),
    ("resource", {"user": FP}),
    ("resource", {"user": FP, "trust": OTHER}),
    ("trust", {"trustee": FP, "type": "user", "authorization": ["read_resource"]}),
    ("trust", {"trustee": FP, "type": "node", "authorization": ["revoke", "read_resource"]}),
    (
        "trust",
        {"trustee": FP, "type": "node", "authorization": ["read_resource"], "expires": TIME},
    ),
    ("revoke", {"resource": FP}),
    ("revoke", {"resource": FP, "authorization": OTHER}),
    ("node", {"ips": []}),
    ("node", {"ips": ["192.0.2.1:1", "[::1]:65535"], "urls": ["ws://a", "wss://b.c:9/d"]}),
    ("node", {"ips": [], "name": "x", "anything": [1]}),
    ("node", {"ips": [], "urls": ["wss://a/@b?c=d@e"]}),
    ("user", {"name": "", "about": "x", "anything": None}),
    ("message", ""),
    ("receipt", FP),
    ("schema", {}),
    ("schema", {"type": "object", "$defs": {"$id": {}}, "properties": {"$ref": {"$ref": "#"}}}),
    ("shared_key", {"group": "x25519", "N": N}),
    ("shared_key", {"group": "x25519", "N": N, "transcript": FP, "role": "initiator"}),
    ("request_journal", {"identifier": "x" * 128, "since": FP}),
    ("request_journal", {"identifier": "x", "since": FP, "limit": 1}),
    ("request_resource", {"identifier": "x", "author": FP, "resource": OTHER}),
    ("request_resource", {"identifier": "x", "resources": [f"{FP}/{OTHER}"] * 256}),
    ("broadcast", {"since": FP, "entries": []}),
    ("broadcast", {"since": FP, "entries": [LINE]}),
    ("response", {"status": "ok", "identifier": "x", "data": {}}),
    ("response", {"status": "not_found", "identifier": "x"}),
]

BAD: list[tuple[str, Any]] = [
    ("identity", {"type": "host", "expires": TIME, "key": "x", "fingerprint": FP}),
    (
        "identity",
        {
            "type": "user",
            "expires": "2026-02-30T12:00:00.000Z",
            "key": "x",
            "fingerprint": FP,
        },
    ),
    ("identity", {"type": "user", "expires": TIME + "\n", "key": "x", "fingerprint": FP}),
    ("private_key", {"expires": TIME, "key": "x"}),
    ("signature", {"identifier": FP, "payload": "", "signatures": []}),
    ("signature", {"identifier": FP + "\n", "payload": "", "signatures": [{}]}),
    ("encrypted", {"protected": "", "iv": "", "payload": ""}),
    ("encrypted", {"protected": "", "iv": "", "payload": "", "tag": "", "recipients": [{}]}),
    (
        "encrypted",
        {
            "protected": "",
            "iv": "",
            "payload": "",
            "tag": "",
            "recipients": [{"key": "", "header": {}}],
        },
    ),
    ("resource", {}),
    ("resource", {"user": FP, "publisher": FP}),
    ("resource", {"user": FP[:-1]}),
    ("resource", {"user": FP + "\n"}),
    ("trust", {"trustee": FP, "type": "user", "authorization": ["read_resource", "revoke"]}),
    ("trust", {"trustee": FP, "type": "user", "authorization": ["read_resource"] * 2}),
    ("trust", {"trustee": FP, "type": "node", "authorization": ["revoke"]}),
    ("trust", {"trustee": FP, "type": "node", "authorization": []}),
    ("trust", {"trustee": FP, "type": "user", "authorization": ["read_resource"], "note": ""}),
    ("revoke", {"resource": ""}),
    ("node", {"name": "x"}),
    *(
        ("node", {"ips": [entry]})
        for entry in [
            "192.0.2.1",
            "192.0.2.1:0",
            "192.0.2.1:65536",
            "192.0.2.1:080",
            "192.0.2.1:80\n",
            "192.0.2.256:80",
            "192.0.2.01:80",
            "example.org:80",
            "::1:80",
            "[::1]",
            "[::1%eth0]:80",
            "[192.0.2.1]:80",
            "192.0.2.1:８0",
        ]
    ),
    *(
        ("node", {"ips": [], "urls": [entry]})
        for entry in [
            "http://a",
            "ws://",
            "ws:///x",
            "ws://a b",
            "ws://a#b",
            "ws://u@a",
            "ws://a\n",
            "wss://a:99999",
            "wss://[::1/x",
        ]
    ),
    ("user", {"about": "x"}),
    ("user", {"name": 5}),
    ("message", 5),
    ("receipt", ""),
    ("schema", True),
    ("schema", {"$id": "https://a"}),
    ("schema", {"properties": {"a": {"$id": "#a"}}}),
    ("schema", {"$schema": "http://json-schema.org/draft-07/schema#"}),
    ("schema", {"$ref": "https://a"}),
    ("schema", {"items": [{"$dynamicRef": "other"}]}),
    ("schema", {"$ref": "#/$defs/nowhere"}),
    ("schema", {"type": "text"}),
    ("schema", {"pattern": "("}),
    ("schema", {"description": "x" * 65536}),
    ("shared_key", {"group": "x448", "N": N}),
    ("shared_key", {"group": "x25519", "N": N + "A"}),
    ("shared_key", {"group": "x25519", "N": N[:-1] + "B"}),
    ("shared_key", {"group": "x25519", "N": N, "role": "initiator"}),
    ("shared_key", {"group": "x25519", "N": N, "transcript": FP}),
    ("request_journal", {"identifier": "", "since": FP}),
    ("request_journal", {"identifier": "x" * 129, "since": FP}),
    ("request_journal", {"identifier": "x", "since": FP, "limit": 0}),
    ("request_journal", {"identifier": "x", "since": FP, "limit": 1.5}),
    ("request_resource", {"identifier": "x"}),
    ("request_resource", {"identifier": "x", "author": FP}),
    ("request_resource", {"identifier": "x", "resources": []}),
    ("request_resource", {"identifier": "x", "resources": [f"{FP}/{OTHER}"] * 257}),
    (
        "request_resource",
        {"identifier": "x", "author": FP, "resource": FP, "resources": [f"{FP}/{FP}"]},
    ),
    ("request_resource", {"identifier": "x", "author": FP, "resources": [f"{FP}/{FP}"]}),
    ("broadcast", {"since": FP, "entries": [FP]}),
    ("broadcast", {"since": FP, "entries": [LINE + "\n"]}),
    ("broadcast", {"entries": []}),
    ("response", {"status": "ok", "identifier": "x", "data": []}),
    ("response", {"status": "not_found", "identifier": "x", "data": {}}),
    ("response", {"status": "maybe", "identifier": "x"}),
]


@pytest.mark.parametrize(("name", "section"), GOOD)
def test_sections_that_are_right(name: str, section: Any) -> None:
    container = read_container(write_json(build_from({name: section})))
    assert container == Container((name,), {name: section})


@pytest.mark.parametrize(("name", "section"), BAD)
def test_sections_that_are_wrong(name: str, section: Any) -> None:
    with pytest.raises(BadSchema):
        check_container(build_from({name: section}))


def test_each_core_schema_is_tried_both_ways() -> None:
    assert {name for name, _ in GOOD} == {name for name, _ in BAD} == set(NAMES)


@pytest.mark.parametrize("text", [OTHER[:-1] + "B", "+" + OTHER[1:], OTHER[:-1] + "="])
def test_a_hash_with_stray_bits_or_of_another_alphabet_is_badly_encoded(text: str) -> None:
    with pytest.raises(BadEncoding):
        check_container(build(resource={"user": text}))


@pytest.mark.parametrize("text", ["", OTHER[1:], OTHER + "A", OTHER + "=="])
def test_a_hash_of_another_length_breaks_its_schema(text: str) -> None:
    with pytest.raises(BadSchema):
        check_container(build(resource={"user": text}))


def test_an_error_repeats_no_megabytes() -> None:
    with pytest.raises(BadSchema) as caught:
        check_container(build(revoke={"resource": "x" * 1_000_000, "y" * 1_000_000: 1}))
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("version", ["0.12.0", "0.12.7", "0.12.10"])
def test_versions_spoken(version: str) -> None:
    check_container({"sdmp": {"version": version, "schemas": ["message"]}, "message": ""})


@pytest.mark.parametrize(
    "version", ["0.12", "0.12.", "0.12.x", "0.12.01", "0.12.0\n", "0.12.٣", "0.13.0", "1.0.0", ""]
)
def test_other_versions_are_named(version: str) -> None:
    with pytest.raises(BadVersion) as caught:
        check_container({"sdmp": {"version": version, "schemas": ["message"]}, "message": ""})
    assert repr(version) in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        {"sdmp": []},
        {"sdmp": {"schemas": ["message"]}, "message": ""},
        {"sdmp": {"version": 0.12, "schemas": ["message"]}, "message": ""},
        {"sdmp": {"version": "0.12.0"}, "message": ""},
        {"sdmp": {"version": "0.12.0", "schemas": "message"}, "message": ""},
        {"sdmp": {"version": "0.12.0", "schemas": []}},
        {"sdmp": {"version": "0.12.0", "schemas": [["message"]]}, "message": ""},
        {"sdmp": {"version": "0.12.0", "schemas": ["message", "message"]}, "message": ""},
        {"sdmp": {"version": "0.12.0", "schemas": ["sdmp"]}},
        {"sdmp": {"version": "0.12.0", "schemas": ["message"]}},
        {"sdmp": {"version": "0.12.0", "schemas": ["message"]}, "message": "", "user": {}},
        {"sdmp": {"version": "0.12.0", "schemas": ["message"], "x": 1}, "message": ""},
        {"sdmp": {"version": "0.12.0", "schemas": [f"sdmp://{FP}/"]}, f"sdmp://{FP}/": 1},
    ],
)
def test_envelopes_that_are_wrong(value: Any) -> None:
    with pytest.raises(BadSchema):
        check_container(value)


def test_sections_are_checked_in_the_order_listed() -> None:
    value = build(message=5, revoke={"resource": OTHER[:-1] + "B"})
    with pytest.raises(BadSchema):
        check_container(value)
    value["sdmp"] = {"version": "0.12.0", "schemas": ["revoke", "message"]}
    with pytest.raises(BadEncoding):
        check_container(value)


def test_a_container_over_the_limit_is_not_parsed() -> None:
    with pytest.raises(TooLarge):
        read_container(b"{" * 11, limit=10)


@given(
    st.dictionaries(
        st.sampled_from(["message", "user", "receipt", "resource"]),
        st.integers(),
        min_size=1,
    )
)
def test_containers_round_trip(chosen: dict[str, int]) -> None:
    make: dict[str, Callable[[int], Any]] = {
        "message": str,
        "user": lambda number: {"name": "x", "number": number},
        "receipt": lambda number: FP,
        "resource": lambda number: {"user": OTHER},
    }
    sections = {name: make[name](number) for name, number in chosen.items()}
    assert read_container(write_json(build_from(sections))) == Container(tuple(sections), sections)
