"""Decoding containers for reading. Needs no database: keys are looked for in the file itself."""

from __future__ import annotations

from typing import Any

from nodes.errors import UserError
from sdmp.container import check_container
from sdmp.encoding import JSON, read_json
from sdmp.errors import SdmpError
from sdmp.keys import PublicKey
from sdmp.resource import peek_identity, read_resource
from sdmp.signature import Envelope, read_envelope, verify


def inspect(data: bytes) -> Any:
    """Decode a container, or a list of them (a card), saying for each whether it verifies.

    Args:
        data: a file's content, JSON.

    Raises:
        UserError: it is none of the protocol's containers.
    """
    try:
        value = read_json(data)
    except SdmpError as error:
        raise UserError(f"This is not JSON as the protocol has it: {error}") from None
    entries: list[JSON] = value if isinstance(value, list) else [value]
    keys = _keys(entries)
    described = [_describe(entry, keys) for entry in entries]
    return described if isinstance(value, list) else described[0]


def _keys(entries: list[JSON]) -> dict[str, PublicKey]:
    """Collect the keys that identities among the entries bring and have signed themselves."""
    keys: dict[str, PublicKey] = {}
    for entry in entries:
        try:
            envelope = read_envelope(entry)
            key = peek_identity(envelope)
            if key is not None:
                verify(envelope, key)
                keys[key.fingerprint] = key
        except SdmpError:
            continue
    return keys


def _describe(entry: JSON, keys: dict[str, PublicKey]) -> dict[str, Any]:
    if isinstance(entry, dict) and entry.keys() == {"key", "fingerprint", "ips", "urls"}:
        return {"kind": "offer", **entry}
    try:
        container = check_container(entry, lambda _: {})
    except SdmpError as error:
        raise UserError(f"This is not a container of the protocol: {error}") from None
    if container.schemas != ("signature",):
        return {
            "kind": "container",
            "schemas": list(container.schemas),
            "verifies": "not signed",
            "sections": dict(container.sections),
        }
    try:
        envelope = read_envelope(entry)
    except SdmpError as error:
        return {"kind": "signature", "verifies": f"no: {error}", "section": container.sections}
    return {
        "kind": "signature",
        "identifier": envelope.identifier,
        "signer": envelope.signer,
        "alg": envelope.alg,
        "verifies": _verifies(envelope, keys),
        "payload": _payload(envelope),
    }


def _verifies(envelope: Envelope, keys: dict[str, PublicKey]) -> str:
    key = keys.get(envelope.signer)
    if key is None:
        return "not known: the file does not hold the signer's identity"
    try:
        verify(envelope, key)
    except SdmpError as error:
        return f"no: {error}"
    return "yes"


def _payload(envelope: Envelope) -> Any:
    try:
        resource = read_resource(envelope, resolve=lambda _: {}, traffic=True)
    except SdmpError as error:
        return {"refused": f"{error}", "why": error.why}
    return {
        "user": resource.user,
        "trust": resource.trust,
        "uri": resource.uri,
        "sections": resource.sections,
    }
