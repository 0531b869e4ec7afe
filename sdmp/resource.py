"""Resources: signed containers that speak for a user (protocol §5), and identities (§3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sdmp import limits
from sdmp.container import Container, Resolve, build_from, read_container
from sdmp.encoding import JSON, read_json
from sdmp.errors import BadIdentity, BadJSON, BadSchema, Forbidden, TooLarge
from sdmp.keys import PublicKey, Signer, load_public
from sdmp.schemas import NAMES
from sdmp.signature import Envelope, sign

TRAFFIC: Final = frozenset({"broadcast", "request_journal", "request_resource", "response"})
_NEVER: Final = frozenset({"signature", "private_key", "shared_key"})
# The only core schemas that may stand beside URI schemas.
_EXTENSIBLE: Final = frozenset({"message", "user"})

_URI: Final = re.compile(r"sdmp://([A-Za-z0-9_-]{85}[AQgw])/([A-Za-z0-9_-]{85}[AQgw])?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource whose payload is as it should be. Whether its signer may, is another question.

    `user` is the fingerprint of the author, `trust` the identifier of the trust that is named,
    `schemas` what the payload lists beside `resource`, `sections` their sections.
    """

    envelope: Envelope
    user: str
    trust: str | None
    schemas: tuple[str, ...]
    sections: dict[str, JSON]

    @property
    def identifier(self) -> str:
        """The resource's identifier."""
        return self.envelope.identifier

    @property
    def signer(self) -> str:
        """The fingerprint of the key that signed."""
        return self.envelope.signer

    @property
    def uri(self) -> str:
        """The resource's URI."""
        return uri(self.user, self.identifier)

    @property
    def kind(self) -> str:
        """The core schema of the content, or `uri` when it has URI schemas alone."""
        return next((name for name in self.schemas if name in NAMES), "uri")


def read_resource(
    envelope: Envelope, *, resolve: Resolve | None = None, traffic: bool = False
) -> Resource:
    """Read the payload of an envelope as a resource.

    `resolve` finds URI schemas; `traffic` allows what is sent in sessions only. Judges form and
    combination of sections, and what an identity says of itself; not the signature and no
    authority. Raises Malformed errors and BadIdentity (protocol §2, §3, §5).
    """
    container = read_container(envelope.content, resolve=resolve)
    forbidden = _NEVER if traffic else _NEVER | TRAFFIC
    for name in container.schemas:
        if name in forbidden:
            raise Forbidden(f"A section “{name}” is not published as a resource.")
    contents = _check_combination(container)
    about: Any = container.section("resource")
    sections = {name: container.section(name) for name in contents}
    resource = Resource(envelope, about["user"], about.get("trust"), contents, sections)
    if "identity" in sections:
        _check_identity(resource)
    if "message" in sections:
        check_message(sections["message"])
    return resource


def make_resource(
    user: str, key: Signer, sections: Mapping[str, Any], *, trust: str | None = None
) -> Resource:
    """Sign a resource that speaks for `user` (a fingerprint).

    `sections` is the content by schema, a core name or a URI; `trust` the identifier of the trust
    by which a node signs. Not judged: a bug of ours shows when it is read again (protocol §5).
    """
    about: dict[str, JSON] = {"user": user}
    if trust is not None:
        about["trust"] = trust
    envelope = sign(build_from({"resource": about, **sections}), key)
    return Resource(envelope, user, trust, tuple(sections), dict(sections))


def peek_identity(envelope: Envelope) -> PublicKey | None:
    """Return the key that an identity resource brings for its own signature.

    None when the payload is not an identity or cannot be read, which then shows later. Raises
    BadIdentity when the form of the key, its fingerprint and the signature's `kid` do not agree
    (protocol §3, §5).
    """
    content = envelope.content
    if b"identity" not in content and b"\\" not in content:
        return None
    try:
        payload: Any = read_json(content)
    except BadJSON:
        return None
    try:
        # Whatever is not there or is of another type is for the schemas to find.
        listed, identity = payload["sdmp"]["schemas"], payload["identity"]
        pem, fingerprint = identity["key"], identity["fingerprint"]
    except (KeyError, IndexError, TypeError):
        return None
    if not isinstance(pem, str) or not isinstance(listed, list) or "identity" not in listed:
        return None
    key = load_public(pem)
    if fingerprint != key.fingerprint:
        raise BadIdentity("The fingerprint of this identity is not that of its key.")
    if envelope.signer != key.fingerprint:
        raise BadIdentity("This identity is not signed by its own key.")
    return key


def uri(user: str, identifier: str = "") -> str:
    """Return the URI of a user's resource; without identifier, of the user's identity."""
    return f"sdmp://{user}/{identifier}"


def parse_uri(text: str) -> tuple[str, str]:
    """Return user and identifier of a resource URI, the identifier empty for a user's identity.

    Raises BadSchema (protocol §5).
    """
    match = _URI.fullmatch(text)
    if match is None:
        raise BadSchema("This is not the URI of a resource.")
    return match[1], match[2] or ""


def check_message(text: JSON) -> None:
    """Refuse a message over 10 MiB. Raises TooLarge (protocol §11)."""
    if (
        isinstance(text, str)
        and 4 * len(text) > limits.MESSAGE_BYTES
        and len(text.encode()) > limits.MESSAGE_BYTES
    ):
        raise TooLarge(f"A message has at most {limits.MESSAGE_BYTES} bytes.")


def _check_combination(container: Container) -> tuple[str, ...]:
    """Judge which sections stand together; return them without `resource` (protocol §5)."""
    if "resource" not in container.schemas:
        raise BadSchema("The payload of a resource lists “resource”.")
    contents = tuple(name for name in container.schemas if name != "resource")
    core = [name for name in contents if name in NAMES]
    if not contents:
        raise BadSchema("A resource has content.")
    if len(core) > 1:
        raise BadSchema("A resource has one core schema.")
    if len(contents) > 1 and core and core[0] not in _EXTENSIBLE:
        raise BadSchema(f"Nothing stands beside “{core[0]}” in a resource.")
    return contents


def _check_identity(resource: Resource) -> None:
    """Judge what an identity says of itself (protocol §3)."""
    identity: Any = resource.sections["identity"]
    key = peek_identity(resource.envelope)
    if key is None or identity["type"] != "user":
        return
    if resource.user != key.fingerprint:
        raise BadIdentity("The identity of a user speaks for that user.")
    if resource.trust is not None:
        raise BadIdentity("The identity of a user names no trust.")
