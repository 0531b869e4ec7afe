"""Telling owners what has gone wrong with the node, so that they need not look for it.

What is bad (`hosting.needs`) is told by a notification, which says that the node needs somebody
and no more, and by a line over an owner's pages until the panel was looked at. Each thing is told
once, after it has stood for a while, and again after a week if it stands; what comes and goes at
most once a day; nobody is woken at night. What was told stands in rows of `Trouble`, not before
it was: what a process that is killed was telling is told by another.

Workers look by the clock. A process that answers pages looks in their place while there is none.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog
from django.core.cache import cache
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from hosting import beats, needs
from hosting.models import Trouble
from mail import notices
from nodes.models import Account

_log = structlog.get_logger(__name__)

SETTLED: Final = timedelta(minutes=10)
"""What stands for less may be a restart, and is told to nobody."""
AGAIN: Final = timedelta(days=7)
APART: Final = timedelta(days=1)
"""Between two notifications of a thing that was over meanwhile."""
SECONDS: Final = 300.0
"""Between two looks."""
_LEASE: Final = 120
"""Seconds after which another process tells what one has begun to tell."""
_UNHEARD: Final = 3600
"""Seconds after which it is tried again, where no browser of an owner could be woken."""
_MORNING: Final = 7
_EVENING: Final = 22


def look(now: datetime) -> int:
    """See what is bad, and tell each owner what is new, or old and still there.

    May run any number of times, in several processes, and be killed at any moment.

    Args:
        now: the present moment.

    Returns:
        How many owners were told.
    """
    bad = {need.slug for need in needs.of_the_node(now) if need.state == "bad"}
    if not bad and not Trouble.objects.exists():
        return 0
    owners = Account.objects.filter(is_superuser=True, is_active=True, is_echo=False)
    Trouble.objects.exclude(account__in=owners).delete()
    return sum(_tell(owner, bad, now) for owner in owners)


def look_for_workers(now: datetime) -> int:
    """Look in the place of workers and schedule, when they are not alive; never raises."""
    try:
        alive = beats.alive(now)
        if alive[beats.WORKER] and alive[beats.SCHEDULE]:
            return 0
        return look(now)
    except Exception as error:  # it looks again in some minutes, whatever that was
        _log.warning("owners are not told", error=type(error).__name__)
        return 0


def stands(account: Account, now: datetime) -> bool:
    """Tell whether an owner has something to look at that was not looked at yet."""
    if not account.notify_node:
        return False
    rows = Trouble.objects.filter(account=account, over=None, seen=None)
    return rows.filter(since__lte=now - SETTLED).exists()


def seen(account: Account, now: datetime) -> None:
    """Note that an owner has looked at what the node needs: that counts as told."""
    Trouble.objects.filter(account=account, over=None, seen=None).update(seen=now, told=now)


def _tell(owner: Account, bad: Collection[str], now: datetime) -> bool:
    _note(owner, bad, now)
    if not owner.notify_node or _is_night(owner, now):
        return False
    telling = f"telling-{owner.pk}"
    if not cache.add(telling, True, _LEASE):
        return False  # another process does, or nobody was reached a while ago
    lease = 0
    try:
        untold = list(_untold(owner, now).values_list("pk", flat=True))
        heard = bool(untold) and notices.notify_now(owner, "node")
        if heard:
            # What the owner has looked at meanwhile is told already.
            _untold(owner, now).filter(pk__in=untold).update(told=now, seen=None)
        elif untold:
            lease = _UNHEARD
        return heard
    finally:
        cache.touch(telling, lease)


def _note(owner: Account, bad: Collection[str], now: datetime) -> None:
    """Note what stands for an owner, and what is over."""
    rows = Trouble.objects.filter(account=owner)
    for slug in bad:
        Trouble.objects.get_or_create(account=owner, slug=slug, defaults={"since": now})
    rows.filter(slug__in=bad).exclude(over=None).update(since=now, over=None, seen=None)
    rows.filter(over=None).exclude(slug__in=bad).update(over=now)
    rows.filter(over__lt=now - APART).delete()


def _untold(owner: Account, now: datetime) -> QuerySet[Trouble]:
    again = Q(told__lte=now - AGAIN)
    came_back = Q(told__lt=F("since"), told__lte=now - APART)
    rows = Trouble.objects.filter(account=owner, over=None, since__lte=now - SETTLED)
    return rows.filter(Q(told=None) | again | came_back)


def _is_night(owner: Account, now: datetime) -> bool:
    """Tell whether it is night where an owner is, as far as the node knows that."""
    try:
        zone = ZoneInfo(owner.timezone) if owner.timezone else timezone.get_default_timezone()
    except (ZoneInfoNotFoundError, ValueError, OSError):
        zone = timezone.get_default_timezone()
    return not _MORNING <= now.astimezone(zone).hour < _EVENING
