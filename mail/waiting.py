"""Why a message still waits here, in words."""

from __future__ import annotations

from collections.abc import Iterable
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
    found = {}
    for user in wanted:
        nodes = sorted(facts.nodes_of(user, now))
        peers = Peer.objects.filter(fingerprint__in=nodes).order_by("next_attempt")
        tried = [peer for peer in peers if peer.failures]
        if not nodes:
            found[user] = Reason(gettext("No node of theirs is known yet."), None)
        elif tried:
            peer = tried[0]
            name = node_name(peer.fingerprint)
            words = (
                gettext("Their node %(name)s does not answer.") % {"name": name}
                if name
                else gettext("Their node does not answer.")
            )
            found[user] = Reason(words, peer.next_attempt if peer.next_attempt > now else None)
    return found
