"""What needs the owner today, and a few numbers: the front page of the panel.

Everything is read by an index, so the page is quick however much there is. What of the node itself
needs an owner is in `hosting.needs`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext, ngettext

from hosting import left_behind, storage
from hosting.needs import State
from hosting.needs import of_the_node as needs_of_the_node
from hosting.sizes import database_bytes
from journal import catching_up
from mail import checklist, expiry, requests
from mail.models import Letter
from mail.presentation import clean_name, in_zone, join_words, node_words, when_words
from nodes.addresses import node_name
from nodes.models import Account, Peer
from panel import processes
from panel.overdue import overdue_peers
from panel.parts import part
from panel.peers import PeerView, peer_views

_ORDER: Final[dict[State, int]] = {"bad": 0, "warn": 1, "info": 2}
_MOST_PEERS: Final = 5
_MOST_NAMES: Final = 5
_MOST_ENDINGS: Final = 3
_NEARLY_FULL: Final = 0.9
_REWRITTEN: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Need:
    """Something that needs the owner, or that he should know: one sentence with a link.

    Args:
        slug: what it is about.
        state: how bad it is.
        words: the sentence.
        more: a second one: what to do.
        address: where it is seen to; nothing while there is no such page.
        link: what leads there.
    """

    slug: str
    state: State
    words: str
    more: str = ""
    address: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Number:
    """A number to be glad of."""

    name: str
    words: str
    address: str = ""


def needs(owner: Account, now: datetime) -> list[Need]:
    """List what needs an owner today, the worst first; overdue peers are listed apart.

    Args:
        owner: who looks.
        now: the present moment.
    """
    found: list[Need] = []
    for look in _LOOKS:
        found += look(owner, now)
    return sorted(found, key=lambda need: _ORDER[need.state])


def late_peers(now: datetime) -> tuple[list[PeerView], int]:
    """List peers that are overdue with why, at most five, and say how many there are in all."""
    late = overdue_peers(now)
    return peer_views(late[:_MOST_PEERS], now), len(late)


def numbers(now: datetime) -> list[Number]:
    """Give a few numbers: accounts, peers in contact, letters of today, space."""
    accounts = Account.objects.filter(is_echo=False)
    keys = list(accounts.values_list("pk", flat=True))
    midnight = in_zone(now, timezone.get_current_timezone()).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    letters = Letter.objects.filter(account__in=keys, filed__gte=midnight).count()
    peers = Peer.objects.count()
    there = Peer.objects.filter(lease_until__gte=now, last_contact__gte=now - timedelta(minutes=1))
    contact = gettext("%(n)d of %(all)d") % {"n": there.count(), "all": peers}
    space = {
        "taken": processes.space_words(database_bytes()),
        "free": processes.space_words(shutil.disk_usage(settings.DATA).free),
    }
    return [
        Number(gettext("Accounts"), number_format(len(keys)), part("accounts").address),
        Number(gettext("Peers in contact"), contact, part("map").address),
        Number(gettext("Messages today"), number_format(letters)),
        Number(
            gettext("Space"),
            gettext("%(taken)s taken, %(free)s free") % space,
            part("storage").address,
        ),
    ]


def well(found: list[Need], late: int) -> bool:
    """Tell whether nothing needs the owner today; what he should merely know does not count."""
    return not late and not any(need.state != "info" for need in found)


# --- One thing each ----------------------------------------------------------------------------


def _of_the_node(_: Account, now: datetime) -> Iterator[Need]:
    for need in needs_of_the_node(now):
        if need.part:
            yield _need(
                need.slug, need.state, need.words, need.more, part_name=need.part, link=need.link
            )
        else:
            yield Need(need.slug, need.state, need.words, need.more)


def _after_a_restore(_: Account, now: datetime) -> Iterator[Need]:
    if words := catching_up.words(now):
        yield Need("restored", "warn", words, "", reverse("admin:restored"), gettext("How far"))


def _left_behind(_: Account, now: datetime) -> Iterator[Need]:
    if users := left_behind.left_behind(now):
        words = left_behind.words(len(users))
        address, todo = reverse("admin:restored"), left_behind.todo()
        yield Need("left-behind", "warn", words, todo, address, gettext("Who they are"))


def _rewritten(_: Account, now: datetime) -> Iterator[Need]:
    """Tell the operator that a peer has rewritten its journal (protocol §8)."""
    rows = Peer.objects.filter(rewritten__gt=now - _REWRITTEN)
    for peer in rows.order_by("-rewritten")[:_MOST_PEERS]:
        about = {
            "node": node_words(node_name(peer.fingerprint)),
            "when": when_words(peer.rewritten or now, now, timezone.get_current_timezone()),
        }
        words = gettext(
            "%(node)s has rewritten its journal %(when)s, so it was read again from the start; ask "
            "its owner why."
        )
        yield _need("rewritten", "info", words % about, part_name="map")


def _endings(owner: Account, now: datetime) -> Iterator[Need]:
    endings = expiry.shown(owner, now)
    said = [ending.words for ending in endings[:_MOST_ENDINGS]]
    if more := len(endings) - len(said):
        words = ngettext(
            "%(n)d more trust of yours ends soon or has ended.",
            "%(n)d more trusts of yours end soon or have ended.",
            more,
        )
        said.append(words % {"n": more})
    for sentence in said:
        address = reverse("mail:endings")
        yield Need("ends", "warn", sentence, address=address, link=gettext("What ends"))
    others = Account.objects.filter(is_active=True, is_echo=False).exclude(pk=owner.pk)
    names = [clean_name(str(account)) for account in others if expiry.endings(account, now)]
    if names:
        words = gettext("For %(names)s something ends soon or has ended; their pages tell them.")
        yield _need("ends-for-others", "info", words % {"names": _few(names)}, part_name="trusts")


def _requests(owner: Account, now: datetime) -> Iterator[Need]:
    if n := requests.count_requests(owner):
        words = ngettext(
            "%(n)d person asks to be your contact.", "%(n)d people ask to be your contact.", n
        )
        address = reverse("mail:requests")
        yield Need("requests", "info", words % {"n": n}, address=address, link=gettext("Look"))


def _accounts(_: Account, now: datetime) -> Iterator[Need]:
    suspended = Account.objects.filter(is_active=False, is_echo=False)
    names = [clean_name(str(account)) for account in suspended.order_by("username")]
    if names:
        words = ngettext(
            "The account of %(names)s is suspended.",
            "The accounts of %(names)s are suspended.",
            len(names),
        )
        yield _need("suspended", "info", words % {"names": _few(names)}, part_name="accounts")
    with_quota = Account.objects.exclude(quota=None).order_by("username")
    used = storage.used_by_accounts() if with_quota else {}
    full = [
        clean_name(str(account))
        for account in with_quota
        if used.get(account.pk, 0) >= _NEARLY_FULL * (account.quota or 0)
    ]
    if full:
        words = ngettext(
            "The account of %(names)s has nearly used up its space.",
            "The accounts of %(names)s have nearly used up their space.",
            len(full),
        )
        yield _need("quota", "warn", words % {"names": _few(full)}, part_name="storage")


def _second_factor(owner: Account, now: datetime) -> Iterator[Need]:
    if checklist.has_second_factor(owner):
        return
    yield Need(
        "second-factor",
        "info",
        gettext("You enter this panel with a password alone."),
        gettext("A passkey or an app keeps out who has guessed or seen it."),
        reverse("mfa_index"),
        gettext("Set one up"),
    )


_LOOKS: Final[tuple[Callable[[Account, datetime], Iterator[Need]], ...]] = (
    _after_a_restore,
    _left_behind,
    _of_the_node,
    _rewritten,
    _endings,
    _accounts,
    _requests,
    _second_factor,
)


def _need(
    slug: str, state: State, words: str, more: str = "", *, part_name: str, link: str = ""
) -> Need:
    """Make one that is seen to in a part of the panel."""
    place = part(part_name)
    return Need(slug, state, words, more, place.address, link or str(place.name))


def _few(names: list[str]) -> str:
    if len(names) <= _MOST_NAMES:
        return join_words(names)
    more = ngettext("%(n)d other", "%(n)d others", len(names) - _MOST_NAMES)
    return join_words([*names[:_MOST_NAMES], more % {"n": len(names) - _MOST_NAMES}])
