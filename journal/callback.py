"""Whether our address is open from outside: peers are given a reason to call us, and we wait.

The protocol has no message for that, and needs none. A session ends, we do not call for a while,
and a peer that trusts us calls by itself, at the address that we have just shown it once more as
a credential (protocol §10). Its call that proves itself is what shows that the address is open.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from django.utils import timezone

from journal.models import Resource
from journal.waking import CALL_BACK, SESSIONS
from nodes import keystore
from nodes.addresses import addresses_of, reach_of
from nodes.facts import current_facts
from nodes.models import Address, Peer, Revocation
from nodes.peers import clear_back_off
from nodes.wake import start_task, wake

PATIENCE: Final = timedelta(seconds=40)
"""For so long we do not call peers that were asked, and wait for them."""
_IN_CONTACT: Final = timedelta(seconds=12)  # leases are renewed every five
_NEAREST: Final = {"public": 0, "private": 1, "loopback": 2}


def peers_in_contact(now: datetime) -> list[Peer]:
    """List the peers that a session is open with and that may talk to us, the farthest first."""
    facts, here = current_facts(), keystore.node_fingerprint()
    rows = Peer.objects.filter(lease_until__gte=now, last_contact__gte=now - _IN_CONTACT)
    peers = [peer for peer in rows if facts.may_talk(here, peer.fingerprint, now)]
    return sorted(peers, key=lambda peer: (_NEAREST[_reach(peer)], peer.fingerprint))


def ask(peers: Iterable[Peer], now: datetime) -> None:
    """Give peers a reason to call: show them our address, end their sessions, do not call them.

    Letters for them wait for as long, unless they call. Should this process die meanwhile, they
    are called again when `PATIENCE` is over.
    """
    asked = [peer.fingerprint for peer in peers]
    # The end of the session begins after this, so no new call comes between.
    Peer.objects.filter(fingerprint__in=asked).update(next_attempt=now + PATIENCE)
    wake(SESSIONS, type=CALL_BACK, peers=asked)


def stop_waiting(peers: Iterable[Peer], now: datetime) -> None:
    """Call peers again that were asked to call us."""
    clear_back_off({peer.fingerprint for peer in peers}, now)
    start_task("journal.tasks.look_for_work")


def who_called(since: datetime) -> list[Peer]:
    """List who has called us and proved itself since a moment, calls from far away first."""
    rows = Peer.objects.filter(last_called__gte=since).order_by("-last_called")
    return sorted(rows, key=lambda peer: _NEAREST.get(peer.called_from, len(_NEAREST)))


def address_since() -> datetime | None:
    """Say since when our present address is published; nothing when there is none."""
    revoked = Revocation.objects.values("target")
    rows = Address.objects.filter(node=keystore.node_fingerprint())
    row = rows.exclude(identifier__in=revoked).order_by("-id").first()
    if row is None or not (row.ips or row.urls):
        return None
    held = Resource.objects.filter(identifier=row.identifier)
    return held.values_list("received", flat=True).first() or timezone.now()


def _reach(peer: Peer) -> str:
    """Say from how far a peer calls, or else where it is reached."""
    if peer.called_from:
        return peer.called_from
    hosts = [urlsplit(url).hostname or "" for url in addresses_of(peer.fingerprint)]
    return min((reach_of(host) for host in hosts), key=_NEAREST.__getitem__, default="private")
