"""Accepting and refusing resources, by the vectors (protocol §5, §6)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from sdmp import errors
from sdmp.acceptance import judge, record
from sdmp.encoding import JSON, parse_time
from sdmp.errors import SdmpError
from sdmp.resource import parse_uri, read_resource
from sdmp.signature import Envelope, read_envelope
from sdmp.trust import Facts
from tests.support.vectors import load_vectors


def _classes(root: type[SdmpError]) -> dict[str, type[SdmpError]]:
    found = {root.why: root}
    for child in root.__subclasses__():
        found |= _classes(child)
    return found


WHY = _classes(errors.SdmpError)


class Newcomer:
    """A node that knows nothing but what it is given, by one without powers."""

    def __init__(self) -> None:
        self.facts = Facts()
        self.schemas: dict[str, JSON] = {}

    def offer(self, value: Any, at: datetime) -> Envelope:
        envelope = read_envelope(value)
        accepted = judge(envelope, self.facts, at, resolve=self._resolve)
        record(accepted, self.facts)
        if accepted.resource.kind == "schema":
            self.schemas[accepted.resource.uri] = accepted.resource.sections["schema"]
        return envelope

    def _resolve(self, uri: str) -> JSON | None:
        return None if self.facts.is_revoked(parse_uri(uri)[1]) else self.schemas.get(uri)


def test_accept_vector() -> None:
    vector = load_vectors("accept.json")
    assert vector["resources"]
    node, at = Newcomer(), parse_time(vector["at"])
    for entry in vector["resources"]:
        envelope = node.offer(entry["resource"], at)
        resource = read_resource(envelope, resolve=node._resolve)
        assert (envelope.identifier, envelope.signer) == (entry["identifier"], entry["signer"])
        assert (resource.user, parse_uri(resource.uri)[1]) == (entry["user"], entry["identifier"])


@pytest.mark.parametrize("vector", load_vectors("reject.json"), ids=lambda v: v["name"])
def test_reject_vector(vector: dict[str, Any]) -> None:
    node, at = Newcomer(), parse_time(vector["at"])
    given_at = parse_time(vector.get("given_at", vector["at"]))
    for given in vector["given"]:
        try:
            node.offer(given, given_at)
        except SdmpError:  # some of it may itself be refused
            continue
    with pytest.raises(SdmpError) as refusal:
        node.offer(vector["resource"], at)
    assert type(refusal.value) is WHY[vector["why"]], refusal.value
