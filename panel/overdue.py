"""Peers that have been silent for too long, though they are called: for the front page and more."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db.models import F, Q

from nodes import keystore
from nodes.facts import current_facts
from nodes.models import LocalNode, Peer
from nodes.peers import nodes_to_dial

AFTER: Final = timedelta(days=1)  # a node that is switched off at night is not overdue
TRIES: Final = 10  # of one that was never reached: about half an hour of trying


def overdue_query(now: datetime) -> Q:
    """Tell in a query which rows of `Peer` are silent for too long, whoever has to do with them.

    One that is being called just now is still among them: contact ends its failures.
    """
    silent = Q(last_contact__lt=now - AFTER) | Q(last_contact=None, failures__gte=TRIES)
    return silent & Q(failures__gt=0)


def overdue_peers(now: datetime) -> list[Peer]:
    """List the peers that one of our users has a reason to reach and that do not answer.

    Those silent for longest come first, and before them those that never answered. Empty while
    this node has no key.
    """
    longest = F("last_contact").asc(nulls_first=True)
    rows = list(Peer.objects.filter(overdue_query(now)).order_by(longest, "pk"))
    if not rows or not LocalNode.objects.exists():
        return []
    wanted = nodes_to_dial(current_facts(), keystore.node_fingerprint(), now)
    return [row for row in rows if row.fingerprint in wanted]
