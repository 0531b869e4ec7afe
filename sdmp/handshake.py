"""What the two sides of a handshake show each other: clear values, the keys that follow from
them, session objects and the refusal. Pure functions; who may say what when is in
`sdmp.session`. Protocol §10.
"""

import hmac
from dataclasses import dataclass
from enum import Enum

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA512, Hash
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sdmp import limits
from sdmp.container import build, check_container
from sdmp.encoding import JSON, b64, read_json, unb64, write_json
from sdmp.errors import BadSchema, RemoteSessionError
from sdmp.frames import version_of
from sdmp.keys import PublicKey, Signer
from sdmp.signature import Envelope, read_envelope, sign, verify

GROUP = "x25519"
VALUE_BYTES = 32
"""Octets of a private value, of a public value and of the shared secret."""

_INFO = b"sdmp 0.12 session"

REFUSAL = write_json(build(response={"status": "not_found", "identifier": "session"}))
"""The refusal, the same for every cause."""


class Role(Enum):
    """Which side of a session one is; the values stand in session objects."""

    INITIATOR = "initiator"
    RESPONDER = "responder"

    @property
    def other(self) -> "Role":
        """The role of the peer."""
        return Role.RESPONDER if self is Role.INITIATOR else Role.INITIATOR


@dataclass(frozen=True, slots=True)
class Keys:
    """What both sides compute from the clear frames (protocol §10).

    `transcript` is T (64 octets); `initiator` and `responder` are the 64-octet keys of the
    frames that each of them sends.
    """

    transcript: bytes
    initiator: bytes
    responder: bytes

    def of(self, role: Role) -> bytes:
        """Return the key of the frames that `role` sends."""
        return self.initiator if role is Role.INITIATOR else self.responder


@dataclass(frozen=True, slots=True)
class ClearValue:
    """What a clear frame shows: a public value (32 octets), and the version its sender writes."""

    octets: bytes
    version: str


def public_value(private_value: bytes) -> bytes:
    """Return the 32-octet public value N of a 32-octet private value (X25519)."""
    return X25519PrivateKey.from_private_bytes(private_value).public_key().public_bytes_raw()


def shared_secret(private_value: bytes, peer_value: bytes) -> bytes:
    """Return the 32-octet shared secret Z of our private and the peer's public value.

    Raises RemoteSessionError where it consists of zero octets only, that is where the peer sent
    a value of low order, which would make the secret known to all.
    """
    private = X25519PrivateKey.from_private_bytes(private_value)
    try:
        return private.exchange(X25519PublicKey.from_public_bytes(peer_value))
    except ValueError as error:  # how the library refuses a secret of zero octets
        raise RemoteSessionError("The peer's public value makes no secret.") from error


def derive_keys(frame1: bytes, frame2: bytes, secret: bytes) -> Keys:
    """Return transcript and keys from both clear frames as sent and the shared secret."""
    digest = Hash(SHA512())
    digest.update(frame1)
    digest.update(frame2)
    transcript = digest.finalize()
    octets = HKDF(
        SHA512(), length=2 * limits.CONTENT_KEY_BYTES, salt=transcript, info=_INFO
    ).derive(secret)
    return Keys(transcript, octets[: limits.CONTENT_KEY_BYTES], octets[limits.CONTENT_KEY_BYTES :])


def write_value(value: bytes) -> str:
    """Return the clear frame that shows the public value `value`."""
    return write_json(build(shared_key={"group": GROUP, "N": b64(value)})).decode("ascii")


def read_value(frame: bytes) -> ClearValue | None:
    """Read a clear frame: the public value in it, or None if it is a refusal.

    Raises Malformed for anything else (another group, more members, more sections).
    """
    value = read_json(frame)
    if is_refusal(value):
        return None
    section = _shared_key(value, {"group", "N"})
    return ClearValue(_public_octets(section), version_of(value))


def is_refusal(value: JSON) -> bool:
    """Tell whether a parsed container is the refusal; one of another wording is an error.

    Raises BadSchema for an unsigned `response` that is not the one of protocol §10.
    """
    if schemas_of(value) != ["response"]:
        return False
    refusal = {"status": "not_found", "identifier": "session"}
    if check_container(value).section("response") != refusal:
        raise BadSchema("An unsigned response must be the refusal of a session.")
    return True


def schemas_of(value: JSON) -> JSON:
    """Return what a parsed container says it lists, unchecked, to tell kinds apart."""
    head = value.get("sdmp") if isinstance(value, dict) else None
    return head.get("schemas") if isinstance(head, dict) else None


def read_payload(envelope: Envelope) -> JSON:
    """Return the parsed payload of an envelope, unchecked; raises BadJSON."""
    return read_json(envelope.content)


def lists_response(envelope: Envelope | None) -> bool:
    """Tell whether an envelope holds a `response`, as its payload says. Raises BadJSON."""
    schemas = schemas_of(read_payload(envelope)) if envelope is not None else None
    return isinstance(schemas, list) and "response" in schemas


def read_sealed(plaintext: bytes) -> Envelope | None:
    """Read the container in a sealed frame: its envelope, or None if it is a refusal.

    Raises Malformed, or BadIdentifier or BadSignature for an envelope whose parts do not fit.
    """
    value = read_json(plaintext)
    return None if is_refusal(value) else read_envelope(value, limits.RESPONSE_FRAME_BYTES)


def make_proof(key: Signer, role: Role, value: bytes, transcript: bytes) -> Envelope:
    """Return the signed session object by which `role` proves its key."""
    section = {
        "group": GROUP,
        "N": b64(value),
        "transcript": b64(transcript),
        "role": role.value,
    }
    return sign(build(shared_key=section), key)


def is_proof(payload: JSON) -> bool:
    """Tell a session object from a credential by its parsed payload."""
    return schemas_of(payload) == ["shared_key"]


def check_proof(
    envelope: Envelope, payload: JSON, key: PublicKey, role: Role, value: bytes, transcript: bytes
) -> None:
    """Check the session object by which the peer, in `role`, proves `key` (protocol §10).

    `value` is the public value that the peer showed in the clear. Raises Malformed,
    BadSignature, or RemoteSessionError for an object of another session or of the other side.
    """
    section = _shared_key(payload, {"group", "N", "transcript", "role"})
    verify(envelope, key)
    if section["role"] != role.value:
        raise RemoteSessionError("The peer's session object is that of the other side.")
    if section["transcript"] != b64(transcript):
        raise RemoteSessionError("The peer's session object is that of another session.")
    if not hmac.compare_digest(_public_octets(section), value):
        raise RemoteSessionError("The peer's session object holds another public value.")


def _shared_key(value: JSON, members: set[str]) -> dict[str, JSON]:
    container = check_container(value)
    if container.schemas != ("shared_key",):
        raise BadSchema("A handshake frame must be a container of “shared_key” alone.")
    section = container.section("shared_key")
    if not isinstance(section, dict) or section.keys() != members:
        raise BadSchema(f"“shared_key” must hold {', '.join(sorted(members))}, nothing else.")
    return section


def _public_octets(section: dict[str, JSON]) -> bytes:
    text = section["N"]
    assert isinstance(text, str)  # 32 octets in base64url, as its schema says; so of the group
    return unb64(text)
