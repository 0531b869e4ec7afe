"""What other journals have that we lack: noting lines, and choosing what to ask for (§8, §10)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final

from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Coalesce

from journal import held_by
from journal.models import Resource, Wanted
from nodes.models import Peer
from sdmp import limits
from sdmp.lines import Line, check_chain, read_line

CLAIM: Final = timedelta(seconds=10)
_LONGEST: Final = timedelta(hours=6)
_COUNT_EVERY: Final = 64
_CHUNK: Final = 500  # identifiers in one query


class Noted(Enum):
    """What became of journal lines that a peer sent."""

    RECORDED = auto()
    GAP = auto()  # they do not begin where our knowledge of that journal ends
    FULL = auto()  # so much of it is wanted already that we read on later


def note_lines(
    fingerprint: str,
    since: str,
    entries: Sequence[str],
    *,
    wanted_users: Collection[str],
    now: datetime,
    own: bool = False,
) -> Noted:
    """Record lines of a peer's journal, and which of their resources we want.

    Lines of users who are not wanted are passed over: kept, up to a limit, in case they come to
    be wanted. Nothing is recorded unless the lines follow what we know. When the peer is `own`,
    another node of a user served here, it is also noted which mail it has that we have.

    Raises:
        BadLine: the first line is where we stand, and the chain breaks.
    """
    with transaction.atomic():
        peer = Peer.objects.select_for_update().get(fingerprint=fingerprint)
        held_by.follow(peer, own=own)
        if since != peer.known_line.partition("@")[0]:
            return Noted.GAP
        check_chain(entries, previous=peer.known_line)
        if not entries:
            return Noted.RECORDED
        lines = [read_line(entry) for entry in entries]
        held = _held([line.resource for line in lines])
        lacking = [
            (number, line) for number, line in enumerate(lines, 1) if line.resource not in held
        ]
        if lacking and _is_time_to_count(peer.known_position, len(entries)):
            waiting = Wanted.objects.filter(peer=fingerprint, passed_over=False).count()
            if waiting + len(lacking) > limits.WANTED_LINES:
                return Noted.FULL
        if lacking:
            _keep(peer, lacking, wanted_users, now)
        if own:
            held_by.note_lines_of(peer, sorted(held))
        Peer.objects.filter(pk=peer.pk).update(
            known_line=entries[-1],
            known_position=peer.known_position + len(entries),
            read_again=peer.read_again,
        )
    return Noted.RECORDED


def _is_time_to_count(position: int, more: int) -> bool:
    """Tell whether to look at the limit: whenever lines pass a multiple of 64, for speed."""
    return position // _COUNT_EVERY != (position + more) // _COUNT_EVERY


def start_over(fingerprint: str, now: datetime) -> None:
    """Forget a peer's journal, which it has rewritten, so that it is read from line 1 (§8)."""
    with transaction.atomic():
        held_by.forget_all_of(fingerprint)
        Wanted.objects.filter(peer=fingerprint).delete()
        Peer.objects.filter(fingerprint=fingerprint).update(
            known_line=F("fingerprint"), known_position=1, read_again=False, rewritten=now
        )


def next_to_ask(fingerprint: str, now: datetime) -> list[tuple[str, str]]:
    """Choose at most 256 resources to ask a peer for, in the order of its journal, and claim them.

    What is claimed is not asked of another peer for ten seconds, so one that does not answer
    holds nothing up.
    """
    chosen = [(author, identifier) for _, author, identifier in _first_due(fingerprint, now)]
    if chosen:
        identifiers = [identifier for _, identifier in chosen]
        # One that waits longer for another peer, which did not have it, goes on waiting.
        Wanted.objects.filter(identifier__in=identifiers, not_before__lt=now + CLAIM).update(
            not_before=now + CLAIM
        )
    return chosen


def _first_due(fingerprint: str, now: datetime) -> list[tuple[int, str, str]]:
    """Give position, author and identifier of the first that are due, in the order of the journal.

    There may be a hundred thousand. Where few are due an index finds them by when; where many are,
    another one by their order, since they need not be looked for.
    """
    wanted = Wanted.objects.filter(peer=fingerprint, passed_over=False)
    few = wanted.filter(not_before__lte=now).order_by()
    columns = ("position", "author", "identifier")
    found = list(few.values_list(*columns)[: limits.BATCH_RESOURCES + 1])
    if len(found) <= limits.BATCH_RESOURCES:
        return sorted(found)
    # As an expression the time leads no database to the index by time, and to sorting them all.
    many = wanted.alias(when=Coalesce("not_before", Value(now))).filter(when__lte=now)
    return list(many.order_by("position").values_list(*columns)[: limits.BATCH_RESOURCES])


def release(fingerprint: str, identifiers: Iterable[str], now: datetime) -> None:
    """Let resources that were claimed, and did not come, be asked for again at once."""
    if listed := list(identifiers):
        claimed = Wanted.objects.filter(not_before__gt=now, not_before__lte=now + CLAIM)
        claimed.filter(identifier__in=listed).update(not_before=now)


def release_all(fingerprint: str, now: datetime) -> None:
    """Let all be asked for that was never answered: for the start of a session."""
    Wanted.objects.filter(peer=fingerprint, attempts=0, not_before__gt=now).update(not_before=now)


def postpone(fingerprint: str, reasons: dict[str, str], now: datetime) -> None:
    """Keep resources wanted that a peer did not have or that were refused, with back-off.

    Args:
        fingerprint: the peer that was asked.
        reasons: identifier → why, one word.
        now: the time from which to wait.
    """
    identifiers = list(reasons)
    if not identifiers:
        return
    # Others may be asked at once, unless they wait for longer than a claim: they had it not either.
    others = Wanted.objects.filter(identifier__in=identifiers).exclude(peer=fingerprint)
    others.filter(not_before__lte=now + CLAIM).update(not_before=now)
    rows = list(Wanted.objects.filter(peer=fingerprint, identifier__in=identifiers))
    for row in rows:
        row.attempts += 1
        row.not_before = now + min(_LONGEST, timedelta(seconds=5 * 2 ** min(row.attempts, 15)))
        row.reason = reasons[row.identifier]
    Wanted.objects.bulk_update(rows, ["attempts", "not_before", "reason"])


def forget(identifiers: Iterable[str]) -> None:
    """Want these no more: they are here, or have been revoked."""
    if listed := list(identifiers):
        held_by.note_arrival(listed)
        Wanted.objects.filter(identifier__in=listed).delete()


def follow_wishes(newly: Collection[str], no_longer: Collection[str], now: datetime) -> None:
    """Ask for the lines of users who have come to be wanted, pass over those of others (§10).

    Where passed-over lines were let go because they were too many, the journal is read again.
    """
    if no_longer:
        Wanted.objects.filter(author__in=no_longer).update(passed_over=True)
    if newly:
        Wanted.objects.filter(author__in=newly, passed_over=True).update(
            passed_over=False, not_before=now
        )
        Peer.objects.filter(read_again=True).update(
            known_line=F("fingerprint"), known_position=1, read_again=False
        )


def _keep(
    peer: Peer, lacking: Sequence[tuple[int, Line]], wanted_users: Collection[str], now: datetime
) -> None:
    """Record lines whose resources we lack, each with its place behind what was known."""
    rows = [
        Wanted(
            peer=peer.fingerprint,
            position=peer.known_position + number,
            author=line.user,
            identifier=line.resource,
            passed_over=line.user not in wanted_users,
            not_before=now,
        )
        for number, line in lacking
    ]
    Wanted.objects.bulk_create(rows, ignore_conflicts=True)
    if any(row.passed_over for row in rows):
        _let_go(peer)


def _let_go(peer: Peer) -> None:
    """Drop the oldest passed-over lines above the limit, and remember that some were dropped."""
    passed = Wanted.objects.filter(peer=peer.fingerprint, passed_over=True)
    excess = passed.count() - limits.PASSED_OVER_LINES
    if excess > 0:
        oldest = passed.order_by("position").values_list("pk", flat=True)[:excess]
        Wanted.objects.filter(pk__in=list(oldest)).delete()
        peer.read_again = True


def _held(identifiers: Sequence[str]) -> set[str]:
    held: set[str] = set()
    for start in range(0, len(identifiers), _CHUNK):
        chunk = identifiers[start : start + _CHUNK]
        held.update(
            Resource.objects.filter(identifier__in=chunk).values_list("identifier", flat=True)
        )
    return held
