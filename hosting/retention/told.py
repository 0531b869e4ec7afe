"""Up to which line each peer has surely had the time to fetch what it may have.

A peer is told new lines (§10) and asks for what it wants, mostly at once. That it was told is
known, not that it wanted and asked. So a line counts only when the peer was in contact once more a
day or longer after it had been told.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from hosting.models import Told
from nodes.models import Peer

TIME_TO_ASK: Final = timedelta(days=1)


def note_told(now: datetime) -> None:
    """Note how far each peer has been told; called every few minutes."""
    rows = {row.peer: row for row in Told.objects.all()}
    peers = list(Peer.objects.all())
    for peer in peers:
        row = rows.pop(peer.fingerprint, None)
        if row is None:
            Told.objects.create(
                peer=peer.fingerprint, pending=peer.sent_position, pending_since=now
            )
        elif peer.sent_position < max(row.sure, row.pending):  # this node began a new journal
            Told.objects.filter(pk=row.pk).update(
                sure=1, pending=peer.sent_position, pending_since=now
            )
        elif peer.last_contact and peer.last_contact >= row.pending_since + TIME_TO_ASK:
            Told.objects.filter(pk=row.pk).update(
                sure=row.pending, pending=peer.sent_position, pending_since=now
            )
    Told.objects.filter(pk__in=[row.pk for row in rows.values()]).delete()


def sure_positions() -> dict[str, int]:
    """Give for each peer the line up to which it has surely had the time to ask."""
    sure = dict(Told.objects.values_list("peer", "sure"))
    return {
        peer: min(sure.get(peer, 1), sent)
        for peer, sent in Peer.objects.values_list("fingerprint", "sent_position")
    }
