"""Who may do what, answered from what has been accepted (protocol §3, §5 and §6).

`Facts` holds identities, trusts and revocations and nothing else. Nothing here remembers an
answer: whether an identity or a trust has ended is worked out from the facts and the time given,
so a fact that comes late, or a time that passes, changes every answer by itself. The one thing
that cannot be derived is whether a trust was accepted with full authority or *as ended*; that is
kept beside it as `TrustFact.settled`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Final, Literal, Protocol

from sdmp.keys import PublicKey, load_public

IdentityType = Literal["user", "node"]

READ_RESOURCE: Final = "read_resource"
PUBLISH_RESOURCE: Final = "publish_resource"
READ_ENCRYPTED: Final = "read_encrypted"
CREATE_TRUST: Final = "create_trust"
REVOKE: Final = "revoke"
ALL_POWERS: Final = (READ_RESOURCE, PUBLISH_RESOURCE, READ_ENCRYPTED, CREATE_TRUST, REVOKE)


class State(Enum):
    """What has become of an identity or a trust at a certain time."""

    UNKNOWN = "unknown"
    CURRENT = "current"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class IdentityFact:
    """One accepted identity resource: of a user, or of a node as published for one user."""

    identifier: str
    user: str
    fingerprint: str
    type: IdentityType
    expires: datetime
    pem: str


@dataclass(frozen=True, slots=True)
class TrustFact:
    """One accepted trust. `named` is its `resource.trust`, absent when the user's key signed."""

    identifier: str
    issuer: str
    trustee: str
    type: IdentityType
    powers: frozenset[str]
    expires: datetime | None
    signer: str
    named: str | None
    settled: bool = True

    @property
    def needs(self) -> frozenset[str]:
        """What the trust named by a node that signed this one has to grant (protocol §6)."""
        return self.powers | {CREATE_TRUST}


@dataclass(frozen=True, slots=True)
class RevocationFact:
    """One accepted revocation and by what right it was made."""

    identifier: str
    user: str
    target: str
    signer: str
    authorization: str | None


@dataclass(frozen=True, slots=True)
class Target:
    """What a revocation needs to know of the resource that it revokes."""

    user: str
    signer: str
    kind: str

    @property
    def is_user_identity(self) -> bool:
        """Whether this is a user's own identity, which only the user's key may revoke."""
        return self.kind == "identity" and self.signer == self.user


def applies(revocation: RevocationFact, target: Target) -> bool:
    """Tell whether a revocation, accepted earlier or later, takes its target's place (§6)."""
    if revocation.user != target.user or target.kind == "revoke":
        return False
    if revocation.signer == revocation.user:
        return True
    if target.is_user_identity:
        return False
    return revocation.authorization is not None or revocation.signer == target.signer


class Held(Protocol):
    """What acceptance asks of the resources that are held already."""

    def target(self, identifier: str) -> Target | None:
        """Describe a held resource; `None` when it is not held."""

    def revocations(self, identifier: str) -> Iterable[RevocationFact]:
        """List the accepted revocations that name this identifier, held or not."""


@dataclass(slots=True)
class _Index:
    """One layer of facts, looked up by what the questions start from."""

    kinds: dict[str, IdentityType] = field(default_factory=dict)
    pems: dict[str, str] = field(default_factory=dict)
    copies: dict[tuple[str, str], list[IdentityFact]] = field(default_factory=dict)
    trusts: dict[str, TrustFact] = field(default_factory=dict)
    between: dict[tuple[str, str], list[TrustFact]] = field(default_factory=dict)
    trustees: dict[tuple[str, IdentityType], set[str]] = field(default_factory=dict)
    issuers: dict[tuple[str, IdentityType], set[str]] = field(default_factory=dict)
    revocations: dict[str, list[RevocationFact]] = field(default_factory=dict)
    targets: dict[str, Target] = field(default_factory=dict)


_Question = tuple[str, str, frozenset[str]]


class Facts:
    """Identities, trusts and revocations, and the questions that they answer.

    `Facts(base)` is a layer over another set: what is added to it stays in it, so a batch or the
    credentials of a session can be judged without touching what others share.
    """

    def __init__(self, base: Facts | None = None) -> None:
        self._base = base
        self._own = _Index()
        # Answers of `stands_in` at one time: one question about many trusts asks it for each.
        self._stood: tuple[datetime | None, dict[tuple[str, str, frozenset[str]], bool]] = (
            None,
            {},
        )

    def clone(self) -> Facts:
        """Copy this layer, so that it can grow while others go on reading the first."""
        twin, own = Facts(self._base), self._own
        twin._own = _Index(
            kinds=dict(own.kinds),
            pems=dict(own.pems),
            copies={key: list(facts) for key, facts in own.copies.items()},
            trusts=dict(own.trusts),
            between={key: list(facts) for key, facts in own.between.items()},
            trustees={key: set(found) for key, found in own.trustees.items()},
            issuers={key: set(found) for key, found in own.issuers.items()},
            revocations={key: list(facts) for key, facts in own.revocations.items()},
            targets=dict(own.targets),
        )
        return twin

    # What has been accepted

    def add_identity(self, fact: IdentityFact) -> None:
        """Record an accepted identity. The kind of a key accepted first stands (§3)."""
        self._stood = (None, {})
        own = self._own
        if self.kind(fact.fingerprint) is None:
            own.kinds[fact.fingerprint] = fact.type
            own.pems[fact.fingerprint] = fact.pem
        own.copies.setdefault((fact.fingerprint, fact.user), []).append(fact)
        own.targets[fact.identifier] = Target(fact.user, fact.fingerprint, "identity")

    def add_trust(self, fact: TrustFact) -> None:
        """Record an accepted trust, current or ended."""
        self._stood = (None, {})
        own = self._own
        own.trusts[fact.identifier] = fact
        own.between.setdefault((fact.issuer, fact.trustee), []).append(fact)
        own.trustees.setdefault((fact.issuer, fact.type), set()).add(fact.trustee)
        own.issuers.setdefault((fact.trustee, fact.type), set()).add(fact.issuer)
        own.targets[fact.identifier] = Target(fact.issuer, fact.signer, "trust")

    def add_revocation(self, fact: RevocationFact) -> None:
        """Record an accepted revocation, whether or not its target is known."""
        self._stood = (None, {})
        self._own.revocations.setdefault(fact.target, []).append(fact)
        self._own.targets[fact.identifier] = Target(fact.user, fact.signer, "revoke")

    def add_target(self, identifier: str, target: Target) -> None:
        """Record that any other resource is held, so that it can be revoked."""
        self._own.targets[identifier] = target

    # Single facts

    def kind(self, fingerprint: str) -> IdentityType | None:
        """Tell whether a key is a user's or a node's; `None` when it is not known."""
        found = self._own.kinds.get(fingerprint)
        return found or (self._base.kind(fingerprint) if self._base else None)

    def key(self, fingerprint: str) -> PublicKey | None:
        """Find the public key with this fingerprint among the accepted identities."""
        pem = self._own.pems.get(fingerprint)
        if pem is not None:
            return load_public(pem)
        return self._base.key(fingerprint) if self._base else None

    def copies(self, fingerprint: str, user: str) -> list[IdentityFact]:
        """List the identities of a key published for a user, in the order of acceptance."""
        own = self._own.copies.get((fingerprint, user), [])
        return self._base.copies(fingerprint, user) + own if self._base else own

    def trust(self, identifier: str) -> TrustFact | None:
        """Find an accepted trust by its identifier."""
        found = self._own.trusts.get(identifier)
        return found or (self._base.trust(identifier) if self._base else None)

    def trusts_between(self, issuer: str, trustee: str) -> list[TrustFact]:
        """List the trusts of one issuer for one trustee, ended ones included."""
        own = self._own.between.get((issuer, trustee), [])
        return self._base.trusts_between(issuer, trustee) + own if self._base else own

    def trustees(self, issuer: str, kind: IdentityType) -> set[str]:
        """List whom a user ever trusted as a user or as a node."""
        own = self._own.trustees.get((issuer, kind), set())
        return self._base.trustees(issuer, kind) | own if self._base else set(own)

    def issuers(self, trustee: str, kind: IdentityType) -> set[str]:
        """List the users who ever trusted this user or node."""
        own = self._own.issuers.get((trustee, kind), set())
        return self._base.issuers(trustee, kind) | own if self._base else set(own)

    def revocations(self, identifier: str) -> list[RevocationFact]:
        """List the accepted revocations that name this identifier."""
        own = self._own.revocations.get(identifier, [])
        return self._base.revocations(identifier) + own if self._base else own

    def target(self, identifier: str) -> Target | None:
        """Describe a held resource that these facts know of."""
        found = self._own.targets.get(identifier)
        return found or (self._base.target(identifier) if self._base else None)

    # What has ended

    def is_revoked(self, identifier: str) -> bool:
        """Tell whether a known identity or trust has been revoked by one who had the right."""
        target = self.target(identifier)
        return target is not None and any(
            applies(revocation, target) for revocation in self.revocations(identifier)
        )

    def identity_state(self, fingerprint: str, user: str, now: datetime) -> State:
        """Say what has become of a key's identity as published for `user` (protocol §3)."""
        copies = self.copies(fingerprint, user)
        if not copies:
            return State.UNKNOWN
        if any(self.is_revoked(copy.identifier) for copy in copies):
            return State.REVOKED
        if now >= max(copy.expires for copy in copies):
            return State.EXPIRED
        return State.CURRENT

    def user_state(self, user: str, now: datetime) -> State:
        """Say what has become of a user's own identity."""
        return self.identity_state(user, user, now)

    def trust_state(self, fact: TrustFact, now: datetime) -> State:
        """Say what has become of a trust (protocol §6).

        A trust for a node that a node signed is current only while the trust which it names, or
        one standing in for it, is; so is any trust of a node that was accepted as ended, and while
        the identity of that node is.
        """
        if self.is_revoked(fact.identifier):
            return State.REVOKED
        issuer = self.user_state(fact.issuer, now)
        if issuer is not State.CURRENT:
            return issuer
        if fact.expires is not None and now >= fact.expires:
            return State.EXPIRED
        if fact.named is not None and not fact.settled:
            signer = self.identity_state(fact.signer, fact.issuer, now)
            if signer is not State.CURRENT:
                return signer
        if fact.named is not None and (fact.type == "node" or not fact.settled):
            named = self.trust(fact.named)
            if named is None:
                return State.UNKNOWN
            state = self.trust_state(named, now)
            if state is not State.CURRENT and not self.stands_in(
                fact.issuer, fact.signer, fact.needs, now
            ):
                return state
        return State.CURRENT

    def is_current(self, fact: TrustFact, now: datetime) -> bool:
        """Tell whether a trust gives its powers now."""
        return self.trust_state(fact, now) is State.CURRENT

    def stands_in(self, user: str, node: str, needs: frozenset[str], now: datetime) -> bool:
        """Tell whether a current trust of `user` for `node` grants all of `needs` (§5)."""
        moment, known = self._stood
        if moment != now:
            known = {}
            self._stood = (now, known)
        question = (user, node, needs)
        if question not in known:
            known[question] = any(
                fact.type == "node" and needs <= fact.powers and self.is_current(fact, now)
                for fact in self.trusts_between(user, node)
            )
        return known[question]

    # The questions

    def gives(self, user: str, other: str, now: datetime) -> bool:
        """Tell whether `user` lets `other`, a user, read what `user` publishes (§6)."""
        return self.kind(other) != "node" and any(
            fact.type == "user" and self.is_current(fact, now)
            for fact in self.trusts_between(user, other)
        )

    def know_each_other(self, user: str, other: str, now: datetime) -> bool:
        """Tell whether two users have each a current trust for the other (§6)."""
        return self.gives(user, other, now) and self.gives(other, user, now)

    def authorised(self, user: str, node: str, now: datetime) -> frozenset[str] | None:
        """Say which powers `user` has given `node`; `None` when it is not the user's node (§6)."""
        if self.kind(node) != "node":
            return None
        if self.identity_state(node, user, now) is not State.CURRENT:
            return None
        current = [
            fact.powers
            for fact in self.trusts_between(user, node)
            if fact.type == "node" and self.is_current(fact, now)
        ]
        return frozenset[str]().union(*current) if current else None

    def users_of(self, node: str, now: datetime) -> set[str]:
        """List the users who have authorised a node."""
        issuers = self.issuers(node, "node")
        return {user for user in issuers if self.authorised(user, node, now) is not None}

    def nodes_of(self, user: str, now: datetime) -> dict[str, frozenset[str]]:
        """List the nodes that a user has authorised, each with its powers."""
        powers = {node: self.authorised(user, node, now) for node in self.trustees(user, "node")}
        return {node: granted for node, granted in powers.items() if granted is not None}

    def pairs(self, node: str, other: str, now: datetime) -> list[tuple[str, str]]:
        """List the pairs of users through whom two nodes may talk, in a stable order (§6)."""
        if node == other:
            return []
        return [
            (user, peer)
            for user in sorted(self.users_of(node, now))
            for peer in sorted(self.users_of(other, now))
            if user == peer or self.know_each_other(user, peer, now)
        ]

    def may_talk(self, node: str, other: str, now: datetime) -> bool:
        """Answer "may node X talk to node Y?" (protocol §6)."""
        return bool(self.pairs(node, other, now))

    def may_have(
        self, here: str, node: str, *, author: str, kind: str, trustee: str | None, now: datetime
    ) -> bool:
        """Answer "may node Y have resource R of user A?", once the two may talk (protocol §6).

        Args:
            here: fingerprint of the node that holds the resource.
            node: fingerprint of the node that asks.
            author: the user whom the resource speaks for.
            kind: its content, the name of its core schema.
            trustee: whom it trusts, when it is a trust.
        """
        if kind in ("identity", "revoke"):
            return True
        if kind == "trust" and trustee is not None:
            if trustee == node or self.authorised(trustee, node, now) is not None:
                return True
            if trustee == here and any(a == author for a, _ in self.pairs(here, node, now)):
                return True
        if self.authorised(author, node, now) is not None:
            return True
        return any(self.gives(author, user, now) for user in self.users_of(node, now))

    def wanted_users(self, node: str, now: datetime) -> set[str]:
        """List whose resources a node wants: its users and whom these have trusted (§10)."""
        users = self.users_of(node, now)
        known = {
            other
            for user in users
            for other in self.trustees(user, "user")
            if self.gives(user, other, now)
        }
        return users | known
