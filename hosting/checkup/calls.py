"""Whether others reach this node: a trusted peer is asked to call back (`journal.callback`)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from django.utils import timezone
from django.utils.translation import gettext

from hosting.checkup.lines import Line
from journal import callback
from mail.presentation import join_words, node_words
from nodes.addresses import node_name, reach_of
from nodes.models import LocalNode, Peer

RECENTLY: Final = timedelta(minutes=5)
"""A call that came within that is as good as one that was asked for."""
_MOST_ASKED: Final = 3
_SECONDS_TO_BE_IN_CONTACT: Final = 10.0
_SECONDS_BETWEEN_LOOKS: Final = 0.5


@dataclass(frozen=True, slots=True)
class Called:
    """What came of asking peers to call: who called from where, or who was asked in vain.

    Args:
        by: the name of the node that called; nothing when none did.
        reach: from how far its call came.
        asked: the names of those who were asked.
        went_on: whether the session with them did not end, so that they had no reason to call.
    """

    by: str = ""
    reach: str = ""
    asked: tuple[str, ...] = ()
    went_on: bool = False


def ask_back(address: str, tick: Callable[[], None]) -> Called:
    """Have a trusted peer call, unless one did just now; waits for at most some 50 s.

    Args:
        address: where this node says that it is reached.
        tick: called now and then while it waits.
    """
    since = callback.address_since() if LocalNode.objects.exists() else None
    if since is None:
        return Called()
    called = _who_called(max(since, timezone.now() - RECENTLY))
    far_enough = ("public", reach_of(_host(address)))
    if called is not None and called.reach in far_enough:
        return called
    peers = _in_contact(tick)
    if not peers:
        return Called()
    began = timezone.now()
    callback.ask(peers, began)
    names = tuple(_name(peer.fingerprint) for peer in peers)
    try:
        while timezone.now() < began + callback.PATIENCE:
            time.sleep(_SECONDS_BETWEEN_LOOKS)
            tick()
            if (called := _who_called(began)) is not None:
                return called
    finally:
        callback.stop_waiting(peers, timezone.now())
    return Called(asked=names, went_on=_went_on(peers, began))


def check_call(called: Called, address: str) -> Line:
    """Judge what came of asking peers to call.

    Args:
        called: what came of it.
        address: where this node says that it is reached, or nothing.
    """
    title = gettext("Call from outside")
    about = {"node": node_words(called.by), "address": address}
    if not address:
        sentence = gettext("This node has published no address, so no peer can call it.")
        return Line("call", "unknown", title, sentence)
    if called.by and called.reach == "public":
        sentence = gettext("%(node)s called %(address)s from outside and proved itself.")
        return Line("call", "ok", title, sentence % about)
    if called.by:
        return _called_from_near(called, address)
    if not called.asked:
        sentence = gettext(
            "No trusted peer is in contact that could be asked to call %(address)s, so it is not "
            "known whether it is open."
        )
        return Line("call", "unknown", title, sentence % about)
    about = {"nodes": join_words([*map(node_words, called.asked)]), "address": address}
    if called.went_on:
        sentence = gettext("The session with %(nodes)s did not end, so it had no reason to call.")
        return Line("call", "unknown", title, sentence % about)
    return Line(
        "call",
        "bad",
        title,
        gettext("%(nodes)s was asked to call %(address)s, and no call came within 40 seconds.")
        % about,
        gettext(
            "See that %(address)s is the right address, and that router and firewall let calls "
            "through to this machine."
        )
        % about,
    )


def _called_from_near(called: Called, address: str) -> Line:
    """Judge a call that came from this machine or its network, by what the address promises."""
    title = gettext("Call from outside")
    about = {"node": node_words(called.by), "address": address}
    if reach_of(_host(address)) != "public":
        sentence = gettext(
            "%(node)s called %(address)s and proved itself; only your own network was seen to "
            "reach it."
        )
        return Line("call", "ok", title, sentence % about)
    return Line(
        "call",
        "warn",
        title,
        gettext("%(node)s called %(address)s, but only your own network was seen to reach it.")
        % about,
        gettext(
            "Where a proxy stands before the node, name it in SDMPWEB_PROXIES; else check again "
            "when a peer elsewhere is in contact."
        ),
    )


def _in_contact(tick: Callable[[], None]) -> list[Peer]:
    """Wait a little for peers to be in contact: sessions come and go."""
    deadline = time.monotonic() + _SECONDS_TO_BE_IN_CONTACT
    while True:
        peers = callback.peers_in_contact(timezone.now())
        if peers or time.monotonic() > deadline or not Peer.objects.exists():
            return peers[:_MOST_ASKED]
        time.sleep(_SECONDS_BETWEEN_LOOKS)
        tick()


def _who_called(since: datetime) -> Called | None:
    callers = callback.who_called(since)
    if not callers:
        return None
    return Called(_name(callers[0].fingerprint) or "?", callers[0].called_from)


def _went_on(peers: Iterable[Peer], began: datetime) -> bool:
    """Tell whether the sessions with all of them are still open, as if nobody had asked."""
    rows = Peer.objects.filter(
        pk__in=[peer.pk for peer in peers], last_contact__gt=began + callback.PATIENCE / 2
    )
    return rows.count() == len(list(peers))


def _name(fingerprint: str) -> str:
    return node_name(fingerprint) or fingerprint[:12]


def _host(address: str) -> str:
    parts = urlsplit(address if "://" in address else f"//{address}")
    return parts.hostname or ""
