"""What another node of an account here has accepted, too: its own journal says so (protocol §8).

A line is written when a resource has been accepted, and a node tells its lines to its peers. So a
line about what we hold is the proof that the peer has it. That is noted only of the other nodes of
users served here: mail goes when all of them have it (`hosting.retention`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from journal.models import HeldBy, Resource, Wanted
from nodes.models import Peer

_KINDS: Final = ("encrypted", "message")
_CHUNK: Final = 500  # identifiers in one query


def follow(peer: Peer, *, own: bool) -> None:
    """Begin or end to note what a peer has, by whether it is a node of a user served here.

    What it told before has not been noted: then its journal is read again, from line 1.

    Args:
        peer: its row, locked; it is changed, too.
        own: whether it is another node of a user served here.
    """
    if peer.noted == own:
        return
    peer.noted = own
    if own:
        peer.known_line, peer.known_position = peer.fingerprint, 1
    peer.save(update_fields=["noted", "known_line", "known_position"])


def note_lines_of(peer: Peer, identifiers: Sequence[str]) -> None:
    """Note that a peer has these resources, as far as they are mail that we hold."""
    for start in range(0, len(identifiers), _CHUNK):
        rows = Resource.objects.filter(
            identifier__in=identifiers[start : start + _CHUNK],
            kind__in=_KINDS,
            payload__isnull=False,
        )
        _note([(peer.pk, key) for key in rows.values_list("pk", flat=True)])


def note_arrival(identifiers: Collection[str]) -> None:
    """Note who has what has just come here: those whose journals had told it before."""
    peers = dict(Peer.objects.filter(noted=True).values_list("fingerprint", "pk"))
    if not peers:
        return
    told = Wanted.objects.filter(identifier__in=identifiers, peer__in=peers)
    lines = list(told.values_list("peer", "identifier"))
    rows = Resource.objects.filter(
        identifier__in={identifier for _, identifier in lines}, kind__in=_KINDS
    )
    held = dict(rows.values_list("identifier", "pk"))
    _note([(peers[peer], held[identifier]) for peer, identifier in lines if identifier in held])


def forget_all_of(fingerprint: str) -> None:
    """Forget what a peer has: it has rewritten its journal, and may have lost what was in it."""
    HeldBy.objects.filter(peer__fingerprint=fingerprint).delete()


def holders(keys: Collection[int]) -> dict[int, set[str]]:
    """Give for resources, by their rows' keys, the fingerprints of the peers known to have them."""
    found: dict[int, set[str]] = {}
    rows = HeldBy.objects.filter(resource__in=keys, peer__noted=True)
    for key, peer in rows.values_list("resource", "peer__fingerprint"):
        found.setdefault(key, set()).add(peer)
    return found


def _note(pairs: Sequence[tuple[int, int]]) -> None:
    HeldBy.objects.bulk_create(
        [HeldBy(peer_id=peer, resource_id=resource) for peer, resource in pairs],
        ignore_conflicts=True,
    )
