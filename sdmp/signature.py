"""Signed containers, each a JWS with an identifier (protocol §4)."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from sdmp import limits
from sdmp.container import VERSION, build, check_container
from sdmp.encoding import JSON, b64, hash_b64, is_fingerprint, read_json, unb64, write_json
from sdmp.errors import (
    BadIdentifier,
    BadJSON,
    BadSchema,
    BadSignature,
    TooLarge,
    UnknownSigner,
)
from sdmp.keys import ALGORITHMS, PublicKey, Signer


@dataclass(frozen=True, slots=True)
class Envelope:
    """A `signature` container whose form, identifier and header hold; not yet its signature.

    `identifier`, `payload`, `protected` and `signature` are the strings of the container, `alg`
    and `signer` (a fingerprint) what the header says, `content` the decoded payload.
    """

    identifier: str
    payload: str
    protected: str
    signature: str
    alg: str
    signer: str
    content: bytes = field(repr=False, compare=False)

    def to_json(self) -> dict[str, JSON]:
        """Return the container."""
        return build(
            signature={
                "identifier": self.identifier,
                "payload": self.payload,
                "signatures": [{"protected": self.protected, "signature": self.signature}],
            }
        )

    def to_bytes(self) -> bytes:
        """Return the container as compact JSON. No part needs escaping: all are base64url."""
        return _TEMPLATE % (
            self.identifier.encode(),
            self.payload.encode(),
            self.protected.encode(),
            self.signature.encode(),
        )


# Not in the protocol: the two members, with spaces to spare. 512 characters in base64url.
_HEADER_BYTES: Final = 384

_TEMPLATE: Final = (
    b'{"sdmp":{"version":"%s","schemas":["signature"]},"signature":{"identifier":"%%s",'
    b'"payload":"%%s","signatures":[{"protected":"%%s","signature":"%%s"}]}}' % VERSION.encode()
)


def read_envelope(value: JSON | bytes, limit: int = limits.RESOURCE_BYTES) -> Envelope:
    """Read a container of `signature` alone, from bytes or from parsed JSON.

    `limit` is the size of a resource in bytes; a response, which carries resources, may be larger.

    Checks form, base64url, identifier and header, in this order, and not the signature; reads
    nothing of the payload. Raises TooLarge, BadJSON, BadVersion, BadSchema, BadEncoding,
    BadIdentifier, and BadSignature for the header (protocol §4, §5).
    """
    if isinstance(value, bytes):
        value = read_json(value, limit)
    container = check_container(value)
    if container.schemas != ("signature",):
        raise BadSchema("A signed container lists “signature” alone.")
    # From here on the schema has said what is where.
    section: Any = container.section("signature")
    identifier, payload = section["identifier"], section["payload"]
    protected, signature = (section["signatures"][0][name] for name in ("protected", "signature"))
    if len(payload) > limit:
        raise TooLarge(f"A resource has at most {limit} bytes here.")
    content = unb64(payload)
    unb64(signature)
    header = unb64(protected)
    if hash_b64(payload.encode("ascii")) != identifier:
        raise BadIdentifier("The identifier is not the hash of the payload.")
    alg, signer = _read_header(header)
    return Envelope(identifier, payload, protected, signature, alg, signer, content)


def sign(container: dict[str, JSON], key: Signer) -> Envelope:
    """Sign a container with RS512 (protocol §4)."""
    content = write_json(container)
    payload = b64(content)
    protected = _write_header(key.fingerprint)
    signature = key.sign(f"{protected}.{payload}".encode("ascii"))
    return Envelope(
        identifier=hash_b64(payload.encode("ascii")),
        payload=payload,
        protected=protected,
        signature=b64(signature),
        alg="RS512",
        signer=key.fingerprint,
        content=content,
    )


def verify(envelope: Envelope, key: PublicKey) -> None:
    """Check the signature with the signer's key.

    Raises UnknownSigner when the key is another's, BadSignature when it does not fit
    (protocol §4).
    """
    if key.fingerprint != envelope.signer:
        raise UnknownSigner("This key is not the one that the signature names.")
    signed = f"{envelope.protected}.{envelope.payload}".encode("ascii")
    key.verify(envelope.alg, signed, unb64(envelope.signature))


@lru_cache(maxsize=1024)
def _write_header(signer: str) -> str:
    return b64(write_json({"alg": "RS512", "kid": signer}))


@lru_cache(maxsize=1024)
def _read_header(header: bytes) -> tuple[str, str]:
    """Return `alg` and `kid` of a protected header. Kept, since few keys sign most resources."""
    try:
        members = read_json(header, limit=_HEADER_BYTES)
    except (BadJSON, TooLarge):
        raise BadSignature("The header of the signature is not JSON.") from None
    if not isinstance(members, dict) or members.keys() != {"alg", "kid"}:
        raise BadSignature("The header of a signature holds alg and kid and nothing else.")
    alg, kid = members["alg"], members["kid"]
    if not isinstance(alg, str) or alg not in ALGORITHMS:
        raise BadSignature("Signatures are made with RS512 or PS512.")
    if not isinstance(kid, str) or not is_fingerprint(kid):
        raise BadSignature("The kid of a signature is a fingerprint.")
    return alg, kid
