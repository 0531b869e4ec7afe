"""The published vectors, as far as form goes; acceptance has its own (protocol §2-§5, §7, §8)."""

import json
from typing import Any

import pytest

from sdmp.encoding import JSON
from sdmp.encrypted import check_header, open_sealed, read_inner
from sdmp.errors import BadLine, CannotOpen, SdmpError
from sdmp.keys import PublicKey, fingerprint, load_public
from sdmp.lines import check_chain, first_line, make_line, next_identifier, read_line
from sdmp.resource import Resource, peek_identity, read_resource
from sdmp.signature import read_envelope, verify
from tests.support.vectors import load_vectors, vector_key

# What can be told from the bytes and the signer's key, without knowing who may: the rest is for
# acceptance, which also says what comes first where two things are wrong.
OF_FORM = {"json", "encoding", "version", "schema", "identifier", "signature"}


class Reader:
    """Reads one resource after the other, learning keys and schemas and judging no authority."""

    def __init__(self) -> None:
        self.keys: dict[str, PublicKey] = {}
        self.schemas: dict[str, JSON] = {}

    def read(self, value: JSON) -> Resource:
        envelope = read_envelope(value)
        key = peek_identity(envelope) or self.keys.get(envelope.signer)
        if key is not None:
            verify(envelope, key)
            self.keys[key.fingerprint] = key
        resource = read_resource(envelope, resolve=self.schemas.get)
        if resource.kind == "schema":
            self.schemas[resource.uri] = resource.sections["schema"]
        if resource.kind == "encrypted":
            check_header(resource.sections["encrypted"])
        return resource


def refusal(reader: Reader, value: JSON) -> str | None:
    """Return why a resource is refused for its form, or None."""
    try:
        reader.read(value)
    except SdmpError as error:
        return error.why
    return None


def named(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("vector", load_vectors(name), ids=lambda vector: vector["name"])


def test_vectors_that_are_accepted_can_be_read() -> None:
    reader = Reader()
    for vector in load_vectors("accept.json")["resources"]:
        resource = reader.read(vector["resource"])
        assert resource.identifier == vector["identifier"]
        assert resource.user == vector["user"]
        assert resource.signer == vector["signer"]
        assert resource.envelope.to_json() == vector["resource"]
        assert json.loads(resource.envelope.to_bytes()) == vector["resource"]
        assert resource.signer in reader.keys


@named("reject.json")
def test_vectors_that_are_rejected_for_their_form(vector: dict[str, Any]) -> None:
    reader = Reader()
    for value in vector["given"]:
        # Some of what is given is itself refused.
        refusal(reader, value)
    # Whether a schema that was given is held now is for acceptance as well.
    if vector["why"] in OF_FORM and not reader.schemas:
        assert refusal(reader, vector["resource"]) == vector["why"]


@named("encrypted.json")
def test_vectors_that_are_sealed(vector: dict[str, Any]) -> None:
    resource = Reader().read(vector["resource"])
    section = resource.sections["encrypted"]
    for name in vector["readers"]:
        plaintext = open_sealed(section, [vector_key(name)])
        assert json.loads(plaintext) == vector["inner"]
        read_inner(plaintext, resource.user)
    for name in vector["not_readers"]:
        with pytest.raises(CannotOpen):
            open_sealed(section, [vector_key(name)])


@named("encrypted_reject.json")
def test_vectors_that_are_refused_inside(vector: dict[str, Any]) -> None:
    resource = Reader().read(vector["resource"])
    with pytest.raises(SdmpError):
        read_inner(
            open_sealed(resource.sections["encrypted"], [vector_key(vector["reader"])]),
            resource.user,
        )


def test_vectors_of_fingerprints() -> None:
    for vector in load_vectors("fingerprints.json"):
        assert fingerprint(vector["pem"]) == vector["fingerprint"]


def test_vectors_of_keys() -> None:
    for name, pair in load_vectors("keys.json").items():
        assert load_public(pair["public_pem"]).fingerprint == pair["fingerprint"]
        assert vector_key(name).fingerprint == pair["fingerprint"]
        assert vector_key(name).public.pem == pair["public_pem"]


def test_vectors_of_a_journal() -> None:
    journal = load_vectors("journal.json")
    lines = journal["lines"]
    check_chain(lines)
    assert first_line(lines[0]) == journal["identifiers"][0]
    for previous, text, identifier in zip(
        lines, lines[1:], journal["identifiers"][1:], strict=False
    ):
        line = read_line(text)
        assert line.identifier == identifier == next_identifier(previous)
        assert make_line(previous, line.user, line.resource) == text
    known = journal["known"]
    assert next_identifier(known["first_line"]) == known["second_line_identifier"]


@pytest.mark.parametrize(
    "vector", load_vectors("journal.json")["broken"], ids=lambda vector: vector["name"]
)
def test_vectors_of_broken_journals(vector: dict[str, Any]) -> None:
    with pytest.raises(BadLine) as caught:
        check_chain(vector["lines"])
    assert caught.value.index == vector["at"]
    check_chain(vector["lines"][: vector["at"]])
