"""Why a message still waits here, in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext

from nodes.addresses import node_name
from nodes.facts import current_facts
from nodes.models import Peer


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, and when it is tried again."""

    words: str
    next_try: datetime | None


def reasons_for(users: Iterable[str]) -> dict[str, Reason]:
    """Say for each user why what is for them has not been handed to a node of theirs."""
    wanted = list(users)
    if not wanted:
        return {}
    facts, now = current_facts(), timezone.now()
    nodes_of = {user: sorted(facts.nodes_of(user, now)) for user in wanted}
    everywhere = {node for nodes in nodes_of.values() for node in nodes}
    peers = {peer.fingerprint: peer for peer in Peer.objects.filter(fingerprint__in=everywhere)}
    return {
        user: _reason(nodes, [peers[node] for node in nodes if node in peers], now)
        for user, nodes in nodes_of.items()
    }


def _reason(nodes: Sequence[str], peers: Sequence[Peer], now: datetime) -> Reason:
    """Say why none of a user's nodes has taken what is for them."""
    if not nodes:
        return Reason(gettext("No node of theirs is known yet."), None)
    tried = sorted((peer for peer in peers if peer.failures), key=lambda peer: peer.next_attempt)
    if not tried:
        name = node_name(nodes[0])
        if name:
            words = gettext("Their node %(name)s has not taken it yet.") % {"name": name}
            return Reason(words, None)
        return Reason(gettext("Their node has not taken it yet."), None)
    name = node_name(tried[0].fingerprint)
    words = (
        gettext("Their node %(name)s does not answer.") % {"name": name}
        if name
        else gettext("Their node does not answer.")
    )
    return Reason(words, tried[0].next_attempt if tried[0].next_attempt > now else None)
