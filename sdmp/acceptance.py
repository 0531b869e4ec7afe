"""Deciding whether a resource is accepted (protocol §5 and §6).

`judge` makes every check in the order that the protocol prescribes and raises the error of the
first that fails. It reads facts and changes none; the caller records what was accepted with
`record`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

from sdmp.container import Resolve
from sdmp.encoding import JSON, parse_time
from sdmp.encrypted import check_header
from sdmp.errors import (
    BadIdentity,
    Expired,
    Forbidden,
    NotAuthorised,
    Revoked,
    SdmpError,
    UnknownSigner,
)
from sdmp.keys import PublicKey
from sdmp.resource import TRAFFIC, Resource, peek_identity, read_resource
from sdmp.signature import Envelope, verify
from sdmp.trust import (
    CREATE_TRUST,
    PUBLISH_RESOURCE,
    READ_ENCRYPTED,
    REVOKE,
    Facts,
    Held,
    IdentityFact,
    RevocationFact,
    State,
    Target,
    TrustFact,
    applies,
)

_ANY_TRUST: Final = frozenset({"identity", "node", "revoke"})
_FETCHED_AGAIN: Final = frozenset({"message", "encrypted", "receipt", "user"})
_SHORT: Final = 16_384  # an identity is far shorter; longer payloads are not peeked into


@dataclass(frozen=True, slots=True)
class Accepted:
    """A resource that passed. `ended` when it is kept without giving any power (§5)."""

    resource: Resource
    ended: bool


@dataclass(frozen=True, slots=True)
class Handover:
    """Between whom a resource passes: `here` is this node, `hand` the node that gives it."""

    here: str | None = None
    hand: str | None = None


def judge(
    envelope: Envelope,
    facts: Facts,
    now: datetime,
    *,
    held: Held | None = None,
    handover: Handover | None = None,
    resolve: Resolve | None = None,
    traffic: bool = False,
) -> Accepted:
    """Check a resource in the order of protocol §5.

    Args:
        envelope: the signature container, already read (envelope, identifier and header).
        facts: what has been accepted so far.
        now: the time at which to judge.
        held: knows the resources that are held; the facts themselves when not given.
        handover: between whom the resource passes; decides who may vouch.
        resolve: finds the JSON Schema that a URI names.
        traffic: whether the content of section 10 is allowed.

    Returns:
        The resource read, and whether it is kept as ended.

    Raises:
        SdmpError: the class says which check failed first.
    """
    known = held or facts
    verify(envelope, _signer_key(envelope, facts))
    resource = read_resource(envelope, resolve=resolve, traffic=traffic)
    if resource.kind == "encrypted":
        check_header(resource.sections["encrypted"])
    _check_identity(resource, facts)
    ended = _check_authority(resource, facts, now, known, handover or Handover())
    return Accepted(resource, _check_not_revoked(resource, known) or ended)


def record(accepted: Accepted, facts: Facts) -> None:
    """Add what a resource says about authority to the facts; other content leaves a target."""
    resource = accepted.resource
    if resource.kind == "identity":
        facts.add_identity(identity_fact(resource))
    elif resource.kind == "trust":
        facts.add_trust(trust_fact(resource, settled=not accepted.ended))
    elif resource.kind == "revoke":
        facts.add_revocation(revocation_fact(resource))
    else:
        target = Target(resource.user, resource.signer, resource.kind)
        facts.add_target(resource.identifier, target)


def identity_fact(resource: Resource) -> IdentityFact:
    """Read the fact that an identity resource states."""
    section = _section(resource, "identity")
    return IdentityFact(
        identifier=resource.identifier,
        user=resource.user,
        fingerprint=section["fingerprint"],
        type=section["type"],
        expires=parse_time(section["expires"]),
        pem=section["key"],
    )


def trust_fact(resource: Resource, *, settled: bool = True) -> TrustFact:
    """Read the fact that a trust resource states; `settled` unless it was accepted as ended."""
    section = _section(resource, "trust")
    return TrustFact(
        identifier=resource.identifier,
        issuer=resource.user,
        trustee=section["trustee"],
        type=section["type"],
        powers=frozenset(section["authorization"]),
        expires=parse_time(section["expires"]) if "expires" in section else None,
        signer=resource.signer,
        named=resource.trust,
        settled=settled,
    )


def revocation_fact(resource: Resource) -> RevocationFact:
    """Read the fact that a revocation states."""
    section = _section(resource, "revoke")
    return RevocationFact(
        identifier=resource.identifier,
        user=resource.user,
        target=section["resource"],
        signer=resource.signer,
        authorization=section.get("authorization"),
    )


def needed_powers(kind: str, sections: Mapping[str, JSON]) -> frozenset[str]:
    """Say what the trust that a node names has to grant for this content (table of §5).

    Args:
        kind: the core schema of the content, or "uri".
        sections: the sections of the payload, without `resource`.
    """
    if kind in _ANY_TRUST or kind in TRAFFIC:
        return frozenset()
    if kind == "trust":
        section = cast(dict[str, Any], sections["trust"])
        return frozenset(section["authorization"]) | {CREATE_TRUST}
    return frozenset({PUBLISH_RESOURCE})


def _section(resource: Resource, name: str) -> dict[str, Any]:
    return cast(dict[str, Any], resource.sections[name])


def _signer_key(envelope: Envelope, facts: Facts) -> PublicKey:
    key = facts.key(envelope.signer)
    if key is None or len(envelope.payload) < _SHORT:
        key = peek_identity(envelope) or key
    if key is None:
        raise UnknownSigner("No identity of the key that signed this is known.")
    return key


def _check_identity(resource: Resource, facts: Facts) -> None:
    if resource.kind != "identity":
        return
    section = _section(resource, "identity")
    fingerprint, kind = section["fingerprint"], section["type"]
    if kind == "node" and resource.user == fingerprint:
        raise BadIdentity("A node's identity speaks for a user, not for its own key.")
    if facts.kind(fingerprint) not in (None, kind):
        raise BadIdentity("The key is known as one of the other kind.")
    if facts.kind(resource.user) == "node":
        raise BadIdentity("The identity speaks for a key that is a node's.")


def _check_authority(
    resource: Resource, facts: Facts, now: datetime, held: Held, handover: Handover
) -> bool:
    """Check the authority now; return whether the resource is accepted as ended."""
    needs = needed_powers(resource.kind, resource.sections)
    if resource.signer == resource.user:
        state = _user_authority(resource, facts, now)
    else:
        state = _node_authority(resource, facts, now, needs)
    if resource.kind == "revoke":
        state = _right_to_revoke(resource, facts, now, held, state)
    if state is State.CURRENT or _vouched(resource, facts, now, needs, handover):
        return False
    if resource.kind in ("identity", "trust"):
        return True
    raise _ended(state)


def _user_authority(resource: Resource, facts: Facts, now: datetime) -> State:
    if resource.trust is not None:
        raise NotAuthorised("What the user's own key signs names no trust.")
    if resource.kind == "identity":
        return State.CURRENT
    if facts.kind(resource.user) != "user":
        raise NotAuthorised("The key that signed this is a node's and speaks for nobody.")
    return facts.user_state(resource.user, now)


def _node_authority(
    resource: Resource, facts: Facts, now: datetime, needs: frozenset[str]
) -> State:
    trust = facts.trust(resource.trust) if resource.trust is not None else None
    if (
        trust is None
        or trust.issuer != resource.user
        or trust.type != "node"
        or trust.trustee != resource.signer
    ):
        raise NotAuthorised("The signer names no trust of the user for it as a node.")
    if not needs <= trust.powers:
        raise NotAuthorised("The trust that the signer names does not grant this.")
    if resource.kind == "trust" and CREATE_TRUST in _section(resource, "trust")["authorization"]:
        raise NotAuthorised("A node cannot pass on the power to create trusts.")
    state = facts.trust_state(trust, now)
    if state is not State.CURRENT and facts.stands_in(resource.user, resource.signer, needs, now):
        state = State.CURRENT
    if resource.kind == "identity":
        return state
    identity = facts.identity_state(resource.signer, resource.user, now)
    if identity is State.UNKNOWN or facts.kind(resource.signer) != "node":
        raise NotAuthorised("The signer has not published its identity for the user.")
    return identity if state is State.CURRENT else state


def _right_to_revoke(
    resource: Resource, facts: Facts, now: datetime, held: Held, state: State
) -> State:
    """Check the right of section 6; return the state of the authority that it rests on."""
    section = _section(resource, "revoke")
    authorization: str | None = section.get("authorization")
    target = held.target(section["resource"])
    if target is not None:
        if target.kind == "revoke":
            raise Forbidden("A revocation cannot be revoked.")
        if target.user != resource.user:
            raise NotAuthorised("The revocation names another user's resource.")
    if resource.signer == resource.user:
        if authorization is not None:
            raise NotAuthorised("The user's own key revokes without an authorization.")
        return state
    if target is not None and target.is_user_identity:
        raise NotAuthorised("A user's identity is revoked by the user's key alone.")
    if authorization is None:
        if target is not None and target.signer != resource.signer:
            raise NotAuthorised("The node did not sign the resource that it revokes.")
        return state
    trust = facts.trust(authorization)
    if (
        trust is None
        or trust.issuer != resource.user
        or trust.trustee != resource.signer
        or trust.type != "node"
        or REVOKE not in trust.powers
    ):
        raise NotAuthorised("The authorization that the revocation names does not grant it.")
    right = facts.trust_state(trust, now)
    if right is not State.CURRENT and facts.stands_in(
        resource.user, resource.signer, frozenset({REVOKE}), now
    ):
        right = State.CURRENT
    return right if state is State.CURRENT else state


def _vouched(
    resource: Resource, facts: Facts, now: datetime, needs: frozenset[str], handover: Handover
) -> bool:
    """Tell whether the node handing over could have published this itself (§5)."""
    if handover.hand is None:
        return False
    powers = facts.authorised(resource.user, handover.hand, now)
    if powers is not None and needs <= powers:
        return True
    if handover.here is None or resource.kind not in _FETCHED_AGAIN:
        return False
    mine = frozenset({PUBLISH_RESOURCE, READ_ENCRYPTED})
    return any(
        mine <= (facts.authorised(user, handover.hand, now) or frozenset())
        and facts.gives(user, resource.user, now)
        for user in facts.users_of(handover.here, now)
    )


def _check_not_revoked(resource: Resource, held: Held) -> bool:
    """Refuse what has been revoked; return whether it is accepted as ended all the same."""
    if resource.kind == "revoke":
        return False
    target = Target(resource.user, resource.signer, resource.kind)
    if not any(applies(fact, target) for fact in held.revocations(resource.identifier)):
        return False
    if resource.kind in ("identity", "trust") and held.target(resource.identifier) is None:
        return True
    raise Revoked("The resource has been revoked.")


def _ended(state: State) -> SdmpError:
    if state is State.REVOKED:
        return Revoked("The authority that this rests on has been revoked.")
    return Expired("The authority that this rests on has expired.")
