"""When a node that was restored has caught up, and what then goes out (docs/backups.md).

An account has caught up when each peer of its that it has ever talked to has been read to the end
since the restore, and was asked for all that this showed to be missing. Peers that do not answer
are waited for a day, or for as long as the owner likes. Nothing is remembered but in the database:
whoever looks next goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import transaction
from django.utils.translation import gettext, ngettext

from journal.models import CatchUp, Wanted
from journal.publish import write_own
from journal.restored import PATIENCE
from journal.signals import caught_up
from nodes import keystore
from nodes.errors import UserError
from nodes.facts import current_facts
from nodes.models import Peer
from sdmp.resource import read_resource
from sdmp.signature import read_envelope
from sdmp.trust import Facts

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class State:
    """How far the node has come after a restore; fingerprints of users and of peers."""

    backup: datetime  # the moment that came back
    until: datetime | None  # when it waits no longer
    waiting: list[str]  # users whose peers are asked
    still: list[str]  # users who have to come with the recovery phrase first
    heard: list[str]  # peers read to the end
    unheard: list[str]


def state(now: datetime, user: str | None = None) -> State | None:
    """Say how far the node has come, or one user's account; `None` when nobody waits."""
    rows = CatchUp.objects.filter(done=None)
    if user is not None:
        rows = rows.filter(user=user)
    listed = list(rows.order_by("user"))
    if not listed:
        return None
    asking = [row.user for row in listed if row.since is not None]
    since = min((row.since for row in listed if row.since is not None), default=None)
    facts = current_facts()
    peers = {p.pk: p for one in asking for p in _peers_of(one, facts, now)}.values()
    unheard = {peer.fingerprint for peer in peers if not _is_heard(peer)}
    return State(
        backup=max(row.backup for row in listed),
        until=None if since is None else since + PATIENCE,
        waiting=asking,
        still=[row.user for row in listed if row.since is None],
        heard=sorted({peer.fingerprint for peer in peers} - unheard),
        unheard=sorted(unheard),
    )


def words(now: datetime) -> str:
    """Say in a sentence how far the node has come after a restore; nothing when it has."""
    found = state(now)
    if found is None:
        return ""
    values = {
        "day": found.backup.strftime("%Y-%m-%d %H:%M UTC"),
        "heard": len(found.heard),
        "peers": len(found.heard) + len(found.unheard),
        "still": len(found.still),
    }
    if not found.waiting:
        return (
            ngettext(
                "The node was restored from a backup of %(day)s; %(still)d account stands still "
                "until its new key is confirmed with the recovery phrase.",
                "The node was restored from a backup of %(day)s; %(still)d accounts stand still "
                "until their people confirm its new key with the recovery phrase.",
                len(found.still),
            )
            % values
        )
    return (
        gettext(
            "The node was restored from a backup of %(day)s and asks its peers for what came "
            "since: %(heard)d of %(peers)d have been read to the end. What people send goes out "
            "afterwards."
        )
        % values
    )


def settle(now: datetime, all_read: Callable[[], bool] = lambda: True) -> list[str]:
    """End the waiting of those who have caught up; return who they are. Cheap when nobody waits.

    Args:
        now: the present moment.
        all_read: tells whether all that came has been read for the accounts here. It is asked when
            it is known that no more is to come; who has waited for a day waits for nothing.
    """
    rows = list(CatchUp.objects.filter(done=None).exclude(since=None).order_by("pk"))
    if not rows:
        return []
    facts = current_facts()
    over = [row for row in rows if row.since is not None and row.since + PATIENCE <= now]
    heard: list[CatchUp] = []
    others: list[CatchUp] = []
    alone: list[CatchUp] = []
    for row in rows:
        if row not in over:
            peers = _peers_of(row.user, facts, now)
            complete = all(_is_heard(peer) for peer in peers)
            (alone if not peers else heard if complete else others).append(row)
    if not others:  # who has no peers waits for the others here, who may have written to them
        heard += alone
    return _end(over + (heard if heard and all_read() else []), now)


def wait_no_longer(now: datetime) -> list[str]:
    """End the waiting for peers at once, as the owner says; return for whom.

    Who has to come with the recovery phrase goes on standing still.
    """
    return _end(list(CatchUp.objects.filter(done=None).exclude(since=None).order_by("pk")), now)


def _peers_of(user: str, facts: Facts, now: datetime) -> list[Peer]:
    """List the peers that may have something of a user's: we have talked to them for the user."""
    here = keystore.node_fingerprint()
    known = Peer.objects.exclude(last_contact=None).exclude(
        fingerprint__in=keystore.own_fingerprints()
    )
    return [
        peer
        for peer in known.order_by("fingerprint")
        if any(ours == user for ours, _ in facts.pairs(here, peer.fingerprint, now))
    ]


def _is_heard(peer: Peer) -> bool:
    """Tell whether a peer has been read to the end and asked for all that was missing."""
    if peer.heard_out is None:
        return False
    unasked = Wanted.objects.filter(peer=peer.fingerprint, passed_over=False, attempts=0)
    return not unasked.exists()


def _end(rows: Sequence[CatchUp], now: datetime) -> list[str]:
    ended = []
    for row in rows:
        with transaction.atomic():
            if not CatchUp.objects.filter(pk=row.pk, done=None).update(done=now, partings=[]):
                continue  # somebody was faster
            _part(row, now)
            caught_up.send(sender=CatchUp, user=row.user)
        ended.append(row.user)
    if ended:
        _log.info("caught up after the restore", accounts=len(ended))
    return ended


def _part(row: CatchUp, now: datetime) -> None:
    """Publish what the user's own key has signed to end the earlier key's right to act."""
    contents = [read_resource(read_envelope(text.encode())) for text in row.partings]
    if not contents:
        return
    try:
        write_own(contents, now=now)
    except UserError as refusal:
        _log.warning("the earlier key is not revoked", reason=str(refusal))
