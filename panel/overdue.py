"""Peers that have been silent for too long, though they are called: for the front page and more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext, ngettext

from mail.presentation import when_words
from nodes import keystore
from nodes.facts import current_facts
from nodes.models import LocalNode, Peer
from nodes.peers import nodes_to_dial
from panel.naming import Names

AFTER: Final = timedelta(days=1)  # a node that is switched off at night is not overdue
TRIES: Final = 10  # of one that was never reached: about half an hour of trying


@dataclass(frozen=True, slots=True)
class Overdue:
    """A peer that does not answer.

    Args:
        key: the number of its row, for the address of its page.
        fingerprint: of the node.
        name: of the node, for people.
        since: when it was last heard; `None` when never.
        failures: how many calls in a row have failed.
        behind: how many lines of our journal it has not been told.
        words: says so in a sentence.
    """

    key: int
    fingerprint: str
    name: str
    since: datetime | None
    failures: int
    behind: int
    words: str


def overdue_query(now: datetime) -> Q:
    """Tell in a query which rows of `Peer` are silent for too long, whoever has to do with them.

    One that is being called just now is still among them: contact ends its failures.
    """
    silent = Q(last_contact__lt=now - AFTER) | Q(last_contact=None, failures__gte=TRIES)
    return silent & Q(failures__gt=0)


def overdue_peers(now: datetime) -> list[Overdue]:
    """List the peers that one of our users has a reason to reach and that do not answer.

    Those silent for longest come first, and before them those that never answered. Empty while
    this node has no key.
    """
    local = LocalNode.objects.first()
    rows = list(_silent(now))
    if local is None or not rows:
        return []
    wanted = nodes_to_dial(current_facts(), keystore.node_fingerprint(), now)
    rows = [row for row in rows if row.fingerprint in wanted]
    names = Names()
    names.load(nodes=[row.fingerprint for row in rows])
    found = []
    for row in rows:
        behind = max(0, local.head_position - row.sent_position)
        name = names.node(row.fingerprint)
        words = _words(name, row.last_contact, behind, now)
        found.append(
            Overdue(row.pk, row.fingerprint, name, row.last_contact, row.failures, behind, words)
        )
    return found


def _silent(now: datetime) -> QuerySet[Peer]:
    longest = F("last_contact").asc(nulls_first=True)
    return Peer.objects.filter(overdue_query(now)).order_by(longest, "pk")


def _words(name: str, since: datetime | None, behind: int, now: datetime) -> str:
    zone = timezone.get_current_timezone()
    if since is None:
        words = gettext("%(node)s has never answered") % {"node": name}
    else:
        values = {"node": name, "when": when_words(since, now, zone)}
        words = gettext("%(node)s was last heard %(when)s") % values
    if not behind:
        return words + "."
    waiting = ngettext("%(n)d line waits for it", "%(n)d lines wait for it", behind)
    return f"{words}; {waiting % {'n': behind}}."
