"""Calling peers: who is due, one call at a time for each, and what became of it."""

from __future__ import annotations

import asyncio
from datetime import datetime
from functools import partial
from typing import Final

import structlog
from django.conf import settings
from django.db.models import Exists, OuterRef, Subquery
from django.utils import timezone

from journal import presence
from journal.meeting import Meeting
from journal.metering import REST, TooMuch, too_much_today
from journal.models import Wanted
from journal.sync import Refused, converse
from journal.threads import in_thread
from journal.waking import SESSIONS
from nodes import dial, disk, keystore
from nodes.addresses import addresses_of, private_allowed
from nodes.counts import exchanged
from nodes.dial import Closed
from nodes.errors import UserError
from nodes.facts import current_facts
from nodes.models import LocalNode, Peer
from nodes.peers import get_peer, nodes_to_dial, note_failure, put_off
from nodes.wake import wake
from sdmp.errors import RemoteSessionError

_log = structlog.get_logger(__name__)
_MOST_WOKEN: Final = 1000
_calls: Final[dict[str, asyncio.Task[str]]] = {}  # the calls of this process, by peer


def wake_due(now: datetime) -> None:
    """Wake the sessions with peers that can be asked for something, or told of it, by now.

    They have been woken when it came; a wake-up that was lost is made good here.
    """
    # For each peer by itself: an index finds at once whether anything is due of it.
    due = Wanted.objects.filter(
        peer=OuterRef("fingerprint"), passed_over=False, not_before__lte=now
    )
    peers: list[str] = []
    if not disk.is_short():
        some = Peer.objects.filter(Exists(due)).order_by()
        peers += some.values_list("fingerprint", flat=True)[:_MOST_WOKEN]
    head = LocalNode.objects.values("head_position")[:1]
    behind = Peer.objects.filter(lease_until__gte=now, sent_position__lt=Subquery(head))
    peers += behind.values_list("fingerprint", flat=True)[:_MOST_WOKEN]
    if peers:
        wake(SESSIONS, type="session.wake", peers=peers)


def due_peers(now: datetime) -> list[str]:
    """List the peers that should be called now: no session with anyone, and their turn."""
    if not LocalNode.objects.exists():
        return []
    here = keystore.node_fingerprint()
    nodes = nodes_to_dial(current_facts(), here, now)
    known = {peer.fingerprint: peer for peer in Peer.objects.filter(fingerprint__in=nodes)}
    due = []
    for node in sorted(nodes):
        peer = known.get(node) or get_peer(node)
        leased = peer.lease_until is not None and peer.lease_until >= now
        if not leased and peer.next_attempt <= now and addresses_of(node):
            due.append(node)
    return due


async def call_due() -> None:
    """Call every peer that is due; each call goes on by itself until its session ends."""
    for node in await in_thread(due_peers, timezone.now()):
        if node not in _calls:
            task = asyncio.create_task(link(node))
            _calls[node] = task
            task.add_done_callback(partial(_forget, node))


def _forget(node: str, _: asyncio.Task[str]) -> None:
    _calls.pop(node, None)


async def link(node: str, linger: float | None = None) -> str:
    """Call a peer, talk to it, and linger on the session.

    Args:
        node: fingerprint of the node that is meant.
        linger: seconds without work after which to close; `SDMPWEB_LINGER` when not given.

    Returns:
        In words what happened.
    """
    if presence.is_open(node) or not await presence.claim(node):
        return "a session is open already"
    try:
        spent = await in_thread(too_much_today, node, timezone.now())
        if spent is not None:
            return await _rest(node, TooMuch(spent))
        return await _try_addresses(node, settings.LINGER if linger is None else linger)
    finally:
        await presence.give_up(node)


async def _try_addresses(node: str, linger: float) -> str:
    words, began = "it has published no address", timezone.now()
    private = await in_thread(private_allowed)
    for url in await in_thread(addresses_of, node):
        try:
            call = await dial.call(url, private=private)
        except UserError as error:
            words = str(error)
            continue
        opened = False

        def proved() -> None:
            nonlocal opened
            opened = True

        try:
            await converse(Meeting(node), call, linger=linger, proved=proved)
        except TooMuch as limit:
            return await _rest(node, limit)
        except Refused as refusal:
            words = str(refusal)
        except Closed:
            words = "it closed the connection"
        except RemoteSessionError as error:
            words = str(error)
        except Exception:
            _log.exception("call failed", peer=node[:12])
            words = "the call failed here; the log says why"
        finally:
            await call.close()
        if opened:
            return "done"
    _log.info("peer not reached", peer=node[:12], reason=words)
    if await in_thread(note_failure, node, words, began, timezone.now()):
        exchanged(node, failures=1)
    return words


async def _rest(node: str, limit: TooMuch) -> str:
    """Leave a peer alone for a while that has reached a limit; it may call meanwhile."""
    await in_thread(put_off, node, str(limit), timezone.now() + REST)
    return str(limit)
