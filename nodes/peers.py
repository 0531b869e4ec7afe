"""The nodes that we talk to: which they are, who holds the session, and when to try again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import Q

from nodes import keystore
from nodes.backoff import delay
from nodes.models import Farewell, Peer
from sdmp import limits
from sdmp.trust import Facts

LEASE: Final = timedelta(seconds=15)
SOON: Final = timedelta(seconds=2)


def get_peer(fingerprint: str) -> Peer:
    """Find the row of a peer, or make it: nothing read and nothing told yet."""
    try:
        return Peer.objects.get(fingerprint=fingerprint)
    except Peer.DoesNotExist:
        pass
    try:
        with transaction.atomic():
            return Peer.objects.create(fingerprint=fingerprint, known_line=fingerprint)
    except IntegrityError:  # another process made it meanwhile
        return Peer.objects.get(fingerprint=fingerprint)


def remember_offer(fingerprint: str, ips: Sequence[str], urls: Sequence[str]) -> None:
    """Keep where a node says in its offer that it is reached (protocol §12)."""
    peer = get_peer(fingerprint)
    peer.offered = [*urls, *(f"ws://{entry}/sdmp" for entry in ips)]
    peer.save(update_fields=["offered"])


def nodes_to_dial(facts: Facts, here: str, now: datetime) -> set[str]:
    """List the nodes that one of our users has a reason to reach.

    These are the other nodes that our users have trusted (which may not have agreed yet), the
    nodes of those whom they trust (who may not have trusted them yet: then the call carries a
    contact request; at most 16 for each), and those to whom a revocation is still to be handed.
    """
    found: set[str] = set()
    for user in facts.users_of(here, now):
        found |= {
            trust.trustee
            for node in facts.trustees(user, "node")
            for trust in facts.trusts_between(user, node)
            if trust.type == "node" and facts.is_current(trust, now)
        }
        for contact in facts.trustees(user, "user"):
            if facts.gives(user, contact, now):
                found |= set(sorted(facts.nodes_of(contact, now))[: limits.NODES_PER_USER])
    found |= set(Farewell.objects.filter(until__gt=now).values_list("peer", flat=True))
    return found - {here, *keystore.former_fingerprints()}


def take_lease(fingerprint: str, owner: str, now: datetime) -> bool:
    """Become the one who dials or talks to a peer; false when another one is.

    A lease ends by itself, so a killed process does not block a peer for long.
    """
    free = Q(lease_until=None) | Q(lease_until__lt=now) | Q(lease_owner=owner)
    return bool(
        Peer.objects.filter(free, fingerprint=fingerprint).update(
            lease_owner=owner, lease_until=now + LEASE
        )
    )


def keep_leases(owner: str, fingerprints: set[str], now: datetime) -> None:
    """Renew the leases of a process that has sessions with these peers; all are in contact."""
    Peer.objects.filter(lease_owner=owner, fingerprint__in=fingerprints).update(
        lease_until=now + LEASE, last_contact=now
    )


def release_lease(fingerprint: str, owner: str) -> None:
    """Give a lease back, so that another session may begin at once."""
    Peer.objects.filter(fingerprint=fingerprint, lease_owner=owner).update(
        lease_owner="", lease_until=None
    )


def clear_leases() -> None:
    """Forget all leases: for the start of a process that has the database to itself."""
    Peer.objects.exclude(lease_owner="").update(lease_owner="", lease_until=None)


def note_contact(fingerprint: str, now: datetime) -> None:
    """Record that the peer has been in touch, which clears its back-off."""
    Peer.objects.filter(fingerprint=fingerprint).update(
        last_contact=now, failures=0, next_attempt=now + SOON, last_error=""
    )


def note_called(fingerprint: str, reach: str, now: datetime) -> None:
    """Record that the peer has called us and proved itself.

    Args:
        fingerprint: of the peer.
        reach: from where the call came (`nodes.addresses.reach_of`).
        now: the present moment.
    """
    peer = get_peer(fingerprint)
    Peer.objects.filter(pk=peer.pk).update(last_called=now, called_from=reach)


def note_failure(fingerprint: str, words: str, began: datetime, now: datetime) -> bool:
    """Record why a call failed, in words for people, and when to try again.

    Args:
        fingerprint: of the peer.
        words: why it failed.
        began: when the call was begun.
        now: the present moment.

    Returns:
        False, and nothing is recorded, when the peer has been in touch since the call began: it
        called us meanwhile.
    """
    peer = get_peer(fingerprint)
    failures = peer.failures + 1
    unheard = Q(last_contact=None) | Q(last_contact__lt=began)
    return bool(
        Peer.objects.filter(unheard, pk=peer.pk).update(
            failures=failures, next_attempt=now + delay(failures), last_error=words[:300]
        )
    )


def put_off(fingerprint: str, words: str, until: datetime) -> None:
    """Record, in words for people, why a peer is not called until then."""
    peer = get_peer(fingerprint)
    Peer.objects.filter(pk=peer.pk).update(next_attempt=until, last_error=words[:300])


def clear_back_off(fingerprints: set[str], now: datetime) -> None:
    """Let these peers be called at once, for example after a trust has come."""
    Peer.objects.filter(fingerprint__in=fingerprints).update(failures=0, next_attempt=now)
