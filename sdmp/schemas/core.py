"""The core schemas of protocol §2, as JSON Schema 2020-12.

Patterns are exact: `$` is the end of the text and nothing else. What a pattern cannot say is a
format of `sdmp.schemas.formats`.
"""

from __future__ import annotations

from typing import Any, Final

from sdmp import limits

_HASH: Final = "[A-Za-z0-9_-]{85}[AQgw]"
HASH_PATTERN: Final = f"^{_HASH}$"

_TEXT: Final = {"type": "string"}
_OBJECT: Final = {"type": "object"}
_TIME: Final = {"type": "string", "format": "timestamp"}
_KIND: Final = {"enum": ["user", "node"]}
_FINGERPRINT: Final = {"type": "string", "pattern": HASH_PATTERN}
_IDENTIFIER: Final = _FINGERPRINT
_REQUEST: Final = {
    "type": "string",
    "minLength": 1,
    "maxLength": limits.REQUEST_IDENTIFIER_CHARS,
}
# 32 octets in base64url, the last two bits of the last character zero.
_OCTETS_32: Final = {"type": "string", "pattern": "^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$"}


def _section(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    """Return the schema of an object with these properties and no others."""
    return {
        "type": "object",
        "required": list(required),
        "properties": {**required, **optional},
        "additionalProperties": False,
    }


def _open(section: dict[str, Any]) -> dict[str, Any]:
    return {**section, "additionalProperties": True}


_TRUST: Final = {
    **_section(
        {
            "trustee": _FINGERPRINT,
            "type": _KIND,
            "authorization": {
                "type": "array",
                "minItems": 1,
                "uniqueItems": True,
                "items": {
                    "enum": [
                        "read_resource",
                        "publish_resource",
                        "read_encrypted",
                        "create_trust",
                        "revoke",
                    ]
                },
                # protocol §6: both types always grant reading, and a user nothing else
                "contains": {"const": "read_resource"},
            },
        },
        expires=_TIME,
    ),
    "if": {"properties": {"type": {"const": "user"}}},
    "then": {"properties": {"authorization": {"maxItems": 1}}},
}

_REQUEST_RESOURCE: Final = {
    **_section(
        {"identifier": _REQUEST},
        author=_FINGERPRINT,
        resource=_IDENTIFIER,
        resources={
            "type": "array",
            "minItems": 1,
            "maxItems": limits.BATCH_RESOURCES,
            "items": {"type": "string", "pattern": f"^{_HASH}/{_HASH}$"},
        },
    ),
    "oneOf": [
        {"required": ["author", "resource"], "properties": {"resources": False}},
        {"required": ["resources"], "properties": {"author": False, "resource": False}},
    ],
}

_RESPONSE: Final = {
    **_section(
        {"status": {"enum": ["ok", "bad_request", "not_found"]}, "identifier": _REQUEST},
        data=_OBJECT,
    ),
    "if": {"properties": {"status": {"const": "ok"}}},
    "else": {"properties": {"data": False}},
}

CORE: Final[dict[str, dict[str, Any]]] = {
    "identity": _section(
        {"type": _KIND, "expires": _TIME, "key": _TEXT, "fingerprint": _FINGERPRINT}
    ),
    "private_key": _section({"expires": _TIME, "key": _TEXT, "fingerprint": _FINGERPRINT}),
    "signature": _section(
        {
            "identifier": _IDENTIFIER,
            "payload": _TEXT,
            "signatures": {
                "type": "array",
                "minItems": 1,
                "maxItems": 1,
                "items": _section({"protected": _TEXT, "signature": _TEXT}),
            },
        }
    ),
    "encrypted": _section(
        {"protected": _TEXT, "iv": _TEXT, "payload": _TEXT, "tag": _TEXT},
        recipients={"type": "array", "items": _section({"key": _TEXT})},
    ),
    "resource": _section({"user": _FINGERPRINT}, trust=_IDENTIFIER),
    "trust": _TRUST,
    "revoke": _section({"resource": _IDENTIFIER}, authorization=_IDENTIFIER),
    "node": _open(
        _section(
            {"ips": {"type": "array", "items": {"type": "string", "format": "endpoint"}}},
            name=_TEXT,
            urls={"type": "array", "items": {"type": "string", "format": "websocket"}},
        )
    ),
    "user": _open(_section({"name": _TEXT}, about=_TEXT)),
    "message": _TEXT,
    "receipt": _IDENTIFIER,
    # The rest of what it must be is in sdmp.schemas.published.
    "schema": _OBJECT,
    "shared_key": {
        **_section(
            {"group": {"const": "x25519"}, "N": _OCTETS_32},
            transcript=_FINGERPRINT,
            role={"enum": ["initiator", "responder"]},
        ),
        "dependentRequired": {"transcript": ["role"], "role": ["transcript"]},
    },
    "request_journal": _section(
        {"identifier": _REQUEST, "since": _IDENTIFIER},
        limit={"type": "integer", "minimum": 1},
    ),
    "request_resource": _REQUEST_RESOURCE,
    "broadcast": _section(
        {
            "since": _IDENTIFIER,
            "entries": {
                "type": "array",
                "maxItems": limits.JOURNAL_LINES,
                "items": {"type": "string", "pattern": f"^{_HASH}@{_HASH}/{_HASH}$"},
            },
        }
    ),
    "response": _RESPONSE,
}
