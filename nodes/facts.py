"""The accepted facts of this node, in memory and in the database.

Every process keeps one `sdmp.trust.Facts` and adds the rows that came since. Rows are only ever
added, under the lock of the journal's head, so a row's number says whether it has been seen. What
is handed out is never changed again: a process that reads gets a set of facts that stands still.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import TypeVar

from django.db import connection, transaction
from django.db.models import Model

from nodes.models import Address, Identity, Revocation, Trust
from sdmp.acceptance import identity_fact, revocation_fact, trust_fact
from sdmp.resource import Resource
from sdmp.trust import Facts, IdentityFact, RevocationFact, TrustFact

_NEWEST = (
    f"SELECT (SELECT MAX(id) FROM {Identity._meta.db_table}), "  # noqa: S608
    f"(SELECT MAX(id) FROM {Trust._meta.db_table}), "
    f"(SELECT MAX(id) FROM {Revocation._meta.db_table})"
)

M = TypeVar("M", bound=Model)
Seen = tuple[int, int, int]
_NOTHING: tuple[Facts, Seen] = (Facts(), (0, 0, 0))


class _Memory:
    """What this process has read so far."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.known = _NOTHING  # replaced as a whole, never changed


_memory = _Memory()
_thread = threading.local()  # .wrote: this thread's open transaction holds facts of its own


def current_facts() -> Facts:
    """Give the facts accepted until now. The value is shared: read it, or put a layer over it.

    Inside a transaction that has written facts, they are read without being kept, since the
    transaction may still be rolled back.
    """
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST)
        row = cursor.fetchone()
    newest = (row[0] or 0, row[1] or 0, row[2] or 0)
    if getattr(_thread, "wrote", False):
        if connection.in_atomic_block:
            return _read_on(*_memory.known, newest)
        _thread.wrote = False
    facts, seen = _memory.known
    if newest == seen:
        return facts
    with _memory.lock:
        # Another thread may have looked later and read on further.
        if any(now > before for now, before in zip(newest, _memory.known[1], strict=True)):
            _memory.known = (_read_on(*_memory.known, newest), newest)
        return _memory.known[0]


def forget() -> None:
    """Drop what is in memory; for a database that was put in the place of another."""
    with _memory.lock:
        _memory.known = _NOTHING
    _thread.wrote = False


def _read_on(known: Facts, seen: Seen, newest: Seen) -> Facts:
    facts = known.clone()
    for identity in _rows(Identity, seen[0], newest[0]):
        facts.add_identity(
            IdentityFact(
                identity.identifier,
                identity.user,
                identity.fingerprint,
                "user" if identity.type == "user" else "node",
                identity.expires,
                identity.pem,
            )
        )
    for trust in _rows(Trust, seen[1], newest[1]):
        facts.add_trust(
            TrustFact(
                trust.identifier,
                trust.issuer,
                trust.trustee,
                "user" if trust.type == "user" else "node",
                frozenset(trust.powers),
                trust.expires,
                trust.signer,
                trust.named or None,
                trust.settled,
            )
        )
    for revocation in _rows(Revocation, seen[2], newest[2]):
        facts.add_revocation(
            RevocationFact(
                revocation.identifier,
                revocation.user,
                revocation.target,
                revocation.signer,
                revocation.authorization or None,
            )
        )
    return facts


def _rows(model: type[M], seen: int, newest: int) -> Iterable[M]:
    """Read the rows after those that have been seen, in their order."""
    if newest <= seen:
        return ()
    return model._default_manager.filter(pk__gt=seen, pk__lte=newest).order_by("pk")


def keep_facts(accepted: Sequence[tuple[Resource, bool]]) -> bool:
    """Write what accepted resources say about authority and addresses.

    Called in the transaction that accepts them, in order.

    Args:
        accepted: each resource, and whether it was accepted as ended.

    Returns:
        Whether there was an identity, a trust or a revocation among them.
    """
    identities: list[Identity] = []
    trusts: list[Trust] = []
    revocations: list[Revocation] = []
    addresses: list[Address] = []
    for resource, ended in accepted:
        if resource.kind == "identity":
            identities.append(_identity_row(resource))
        elif resource.kind == "trust":
            trusts.append(_trust_row(resource, ended=ended))
        elif resource.kind == "revoke":
            revocations.append(_revocation_row(resource))
        elif resource.kind == "node":
            addresses.append(_address_row(resource))
    Identity.objects.bulk_create(identities)
    Trust.objects.bulk_create(trusts)
    Revocation.objects.bulk_create(revocations)
    Address.objects.bulk_create(addresses)
    if not (identities or trusts or revocations):
        return False
    _thread.wrote = True
    transaction.on_commit(_wrote_nothing)
    return True


def _wrote_nothing() -> None:
    _thread.wrote = False


def _identity_row(resource: Resource) -> Identity:
    fact = identity_fact(resource)
    return Identity(
        identifier=fact.identifier,
        user=fact.user,
        fingerprint=fact.fingerprint,
        type=fact.type,
        expires=fact.expires,
        pem=fact.pem,
    )


def _trust_row(resource: Resource, *, ended: bool) -> Trust:
    fact = trust_fact(resource, settled=not ended)
    return Trust(
        identifier=fact.identifier,
        issuer=fact.issuer,
        trustee=fact.trustee,
        type=fact.type,
        powers=sorted(fact.powers),
        expires=fact.expires,
        signer=fact.signer,
        named=fact.named or "",
        settled=fact.settled,
    )


def _revocation_row(resource: Resource) -> Revocation:
    fact = revocation_fact(resource)
    return Revocation(
        identifier=fact.identifier,
        user=fact.user,
        target=fact.target,
        signer=fact.signer,
        authorization=fact.authorization or "",
    )


def _address_row(resource: Resource) -> Address:
    section = resource.sections["node"]
    assert isinstance(section, dict)
    name = section.get("name")
    return Address(
        identifier=resource.identifier,
        node=resource.signer,
        user=resource.user,
        # PostgreSQL keeps no NUL in a text.
        name=name.replace("\0", "")[:200] if isinstance(name, str) else "",
        ips=section["ips"],
        urls=section.get("urls", []),
    )
