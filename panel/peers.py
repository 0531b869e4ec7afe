"""What the panel says of peers: whether they are heard, how far behind, and what is in the way."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Case, Count, IntegerField, Value, When
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

from hosting import audit
from hosting.names import Names
from journal.models import Wanted
from journal.nudging import Nudge, nudge
from mail.presentation import in_zone, when_words
from nodes import keystore
from nodes.addresses import addresses_of_all
from nodes.facts import current_facts
from nodes.models import Account, Exchange, LocalNode, Peer
from nodes.peers import LEASE, nodes_to_dial
from panel.bars import Bar, bar_chart
from panel.overdue import overdue_query
from panel.words import Kind

PATIENCE_SECONDS = 3.0  # for the outcome of a call that was asked for
_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PeerView:
    """A peer, as the panel shows it.

    `untold` counts lines of our journal that it has not been told, `lacking` what its journal has
    and we still want. `next_try` is `None` when a session is open or nobody is going to call.
    """

    key: int
    fingerprint: str
    name: str
    people: list[str]
    addresses: list[str]
    last_heard: datetime | None
    untold: int
    lacking: int
    next_try: datetime | None
    open: bool
    overdue: bool
    known: bool
    rewritten: datetime | None
    why: str
    kind: Kind
    chart: SafeString = field(default=SafeString(""))


def urgent_first(now: datetime) -> list[Any]:
    """Give an order of peers: overdue ones, then those that fail, then those heard last."""
    late = When(overdue_query(now), then=Value(0))
    first = Case(late, default=Value(1), output_field=IntegerField())
    return [first.asc(), "-failures", "-last_contact", "pk"]


def strangers(now: datetime) -> list[str]:
    """List the peers with whom no trust joins us: neither called nor let in."""
    facts, here = current_facts(), keystore.node_fingerprint()
    wanted = nodes_to_dial(facts, here, now)
    rows = Peer.objects.values_list("fingerprint", flat=True)
    return [node for node in rows if node not in wanted and not facts.may_talk(here, node, now)]


def peer_views(rows: Sequence[Peer], now: datetime, names: Names | None = None) -> list[PeerView]:
    """Describe peers, in the order given, with a handful of queries however many there are."""
    local = LocalNode.objects.first()
    if local is None or not rows:
        return []
    names = names or Names()
    facts, here = current_facts(), keystore.node_fingerprint()
    nodes = [row.fingerprint for row in rows]
    wanted = nodes_to_dial(facts, here, now)
    users = {node: facts.users_of(node, now) for node in nodes}
    names.load(users=set().union(*users.values()), nodes=nodes)
    addresses = addresses_of_all(nodes)
    counted = Wanted.objects.filter(peer__in=nodes, passed_over=False).values("peer")
    lacking = {row["peer"]: row["n"] for row in counted.annotate(n=Count("pk"))}
    days = last_day(nodes, now)
    late = set(Peer.objects.filter(overdue_query(now)).values_list("pk", flat=True))
    found = []
    for row in rows:
        node = row.fingerprint
        known = node in wanted or facts.may_talk(here, node, now)
        leased = row.lease_until is not None and row.lease_until >= now
        is_open = leased and row.last_contact is not None and row.last_contact >= now - 2 * LEASE
        untold = max(0, local.head_position - row.sent_position) if known else 0
        why, kind = _why(
            row,
            is_open=is_open,
            dialling=leased and not is_open,
            known=known,
            reachable=bool(addresses[node]),
            behind=bool(untold or lacking.get(node)),
            now=now,
        )
        calls = node in wanted and addresses[node] and not leased
        found.append(
            PeerView(
                key=row.pk,
                fingerprint=node,
                name=names.node(node),
                people=sorted(names.user(user) for user in users[node]),
                addresses=addresses[node],
                last_heard=row.last_contact,
                untold=untold,
                lacking=lacking.get(node, 0),
                next_try=row.next_attempt if calls else None,
                open=is_open,
                overdue=row.pk in late and known,
                known=known,
                rewritten=row.rewritten,
                why=why,
                kind=kind,
                chart=_day_chart(names.node(node), days[node]),
            )
        )
    return found


def _why(
    row: Peer,
    *,
    is_open: bool,
    dialling: bool,
    known: bool,
    reachable: bool,
    behind: bool,
    now: datetime,
) -> tuple[str, Kind]:
    zone = timezone.get_current_timezone()
    if not known:
        return gettext("No trust joins us: it is neither called nor let in"), ""
    if row.rewritten is not None and row.rewritten >= now - 30 * _DAY:
        when = {"when": when_words(row.rewritten, now, zone)}
        words = gettext("It rewrote its journal %(when)s, and was read again from line 1") % when
        return words, "warn"
    if is_open:
        return gettext("Session open"), "good"
    if dialling:
        return gettext("Is being called now"), ""
    if not reachable:
        return gettext("It has published no address: only it can call"), "warn"
    if row.failures:
        words = row.last_error.rstrip(". ") or gettext("it does not answer")
        tries = ngettext("%(n)d try", "%(n)d tries", row.failures) % {"n": row.failures}
        return f"{words[:1].upper()}{words[1:]}, {tries}", "warn"
    if row.last_error and row.next_attempt > now:  # left alone for a while: it reached a limit
        return row.last_error.rstrip(". "), "warn"
    if row.last_contact is None:
        return gettext("Has not been called yet"), ""
    if behind:
        return gettext("Is called again soon"), ""
    return gettext("Closed the session, nothing to send"), ""


# --- What went to and fro ----------------------------------------------------------------


@dataclass(slots=True)
class Traffic:
    """What went to and fro with a peer from a moment on."""

    begin: datetime
    sessions: int = 0
    failures: int = 0
    frames_in: int = 0
    frames_out: int = 0
    bytes_in: int = 0
    bytes_out: int = 0

    def add(self, row: Exchange) -> None:
        """Add the numbers of an hour."""
        self.sessions += row.sessions
        self.failures += row.failures
        self.frames_in += row.frames_in
        self.frames_out += row.frames_out
        self.bytes_in += row.bytes_in
        self.bytes_out += row.bytes_out

    @property
    def frames(self) -> int:
        """How many went either way."""
        return self.frames_in + self.frames_out


def last_day(nodes: Sequence[str], now: datetime) -> dict[str, list[Traffic]]:
    """Give the last 24 hours of several peers, hour by hour, the present one last."""
    this = now.replace(minute=0, second=0, microsecond=0)
    first = this - 23 * _HOUR
    found = {node: [Traffic(first + n * _HOUR) for n in range(24)] for node in nodes}
    for row in Exchange.objects.filter(peer__in=nodes, hour__gte=first, hour__lte=this):
        found[row.peer][int((row.hour - first) / _HOUR)].add(row)
    return found


def last_week(node: str, now: datetime) -> list[Traffic]:
    """Give the last seven days of a peer, in the zone of who looks, today last."""
    zone = timezone.get_current_timezone()
    today = in_zone(now, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    days: dict[object, Traffic] = {}
    for back in range(6, -1, -1):
        begin = today - back * _DAY
        days[begin.date()] = Traffic(begin)
    for row in Exchange.objects.filter(peer=node, hour__gte=today - 6 * _DAY):
        day = days.get(in_zone(row.hour, zone).date())
        if day is not None:
            day.add(row)
    return list(days.values())


def traffic_words(name: str, parts: Sequence[Traffic]) -> str:
    """Say what a chart of these parts shows."""
    frames, failures = sum(p.frames for p in parts), sum(p.failures for p in parts)
    if not frames and not failures:
        return gettext("%(node)s: nothing went to and fro") % {"node": name}
    words = ngettext("%(node)s: %(n)d frame", "%(node)s: %(n)d frames", frames)
    words %= {"node": name, "n": frames}
    if failures:
        failed = ngettext("%(n)d call failed", "%(n)d calls failed", failures) % {"n": failures}
        words = f"{words}, {failed}"
    return words


def traffic_chart(name: str, parts: Sequence[Traffic], css: str = "") -> SafeString:
    """Draw the frames of each part; parts in which a call failed are marked."""
    bars = [Bar(part.frames, wrong=bool(part.failures)) for part in parts]
    return bar_chart(bars, traffic_words(name, parts), css)


def _day_chart(name: str, hours: Sequence[Traffic]) -> SafeString:
    return traffic_chart(name, hours)


def lacking_reasons(node: str) -> dict[str, int]:
    """Count what we want of a peer's journal and did not get, by the reason; "" is not asked."""
    rows = Wanted.objects.filter(peer=node, passed_over=False).values("reason")
    counted: defaultdict[str, int] = defaultdict(int)
    for row in rows.annotate(n=Count("pk")):
        counted[row["reason"]] += row["n"]
    return dict(counted)


# --- Sync now ----------------------------------------------------------------------------


def sync_now(peer: Peer, *, by: Account, now: datetime) -> str:
    """Have a peer called at once, or asked if a session is open; written down in the audit list.

    Returns:
        A sentence that says what happens.
    """
    name = Names().node(peer.fingerprint)
    with transaction.atomic():
        outcome = nudge(peer, now)
        audit.note("peer.sync", name, by=by, outcome=outcome.name.lower(), node=peer.fingerprint)
    words = {
        Nudge.WOKEN: gettext("%(node)s is connected, and is asked and told what there is."),
        Nudge.CALLED: gettext("%(node)s is being called; this page says in a moment how it went."),
        Nudge.NO_REASON: gettext("No trust of anybody here leads to %(node)s: it is not called."),
        Nudge.NO_ADDRESS: gettext("%(node)s has published no address: only it can call."),
    }
    if outcome is Nudge.CALLED and (said := _wait(peer.pk, name, now)):
        return said
    return words[outcome] % {"node": name}


def _wait(key: int, name: str, since: datetime) -> str:
    """Wait a moment for what comes of a call; nothing when it takes longer."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        row = Peer.objects.get(pk=key)
        if row.last_contact is not None and row.last_contact >= since:
            return gettext("%(node)s has answered.") % {"node": name}
        if row.failures or (row.last_error and row.next_attempt > since + _MINUTE):
            values = {"node": name, "why": row.last_error.rstrip(". ")}
            return gettext("%(node)s was called and not reached: %(why)s.") % values
        time.sleep(0.1)
    return ""
