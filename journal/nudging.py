"""Having a peer called at once, at somebody's wish, whatever its back-off says."""

from __future__ import annotations

from datetime import datetime
from enum import Enum, auto

from django.db import transaction

from journal.models import Wanted
from journal.waking import SESSIONS
from nodes import keystore
from nodes.addresses import addresses_of
from nodes.facts import current_facts
from nodes.models import Peer
from nodes.peers import clear_back_off, nodes_to_dial
from nodes.wake import start_task, wake


class Nudge(Enum):
    """What came of the wish to talk to a peer now."""

    WOKEN = auto()  # somebody talks to it or calls it already, and was told to look again
    CALLED = auto()  # it is called as soon as a process takes it up
    NO_REASON = auto()  # none of our users has a reason to reach it
    NO_ADDRESS = auto()  # it has published no address: only it can call


def nudge(peer: Peer, now: datetime) -> Nudge:
    """Call a peer now, or have the open session with it look for work, and forget its back-off.

    What was not found there, or was refused, is asked for again.
    """
    node = peer.fingerprint
    leased = peer.lease_until is not None and peer.lease_until >= now
    wanted = node in nodes_to_dial(current_facts(), keystore.node_fingerprint(), now)
    if not leased and not wanted:
        return Nudge.NO_REASON
    if not leased and not addresses_of(node):
        return Nudge.NO_ADDRESS
    with transaction.atomic():
        Wanted.objects.filter(peer=node, passed_over=False, not_before__gt=now).update(
            not_before=now
        )
        clear_back_off({node}, now)
        transaction.on_commit(lambda: _wake(node))
    return Nudge.WOKEN if leased else Nudge.CALLED


def _wake(node: str) -> None:
    wake(SESSIONS, type="session.wake", peers=[node])
    start_task("journal.tasks.look_for_work")
