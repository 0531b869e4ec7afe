"""What the owner says to everybody with an account here: a strip over their pages, for a while.

It stays on this node and is no message: nothing of it is published, signed or sent to a peer.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from mail.models import Announcement
from mail.presentation import clean_name
from nodes.models import Account

LONGEST: Final = 500
PUT_ASIDE: Final = "announcement"  # in the session: the key of the one that is not shown any more
DURATIONS: Final[Mapping[str, timedelta]] = {
    "day": timedelta(days=1),
    "week": timedelta(days=7),
    "month": timedelta(days=30),
}


def announce(text: str, *, by: Account, duration: str, now: datetime) -> Announcement:
    """Say something to everybody here, in the place of what was said before.

    Args:
        text: one line of at most `LONGEST` characters.
        by: the owner who says it, and is named.
        duration: one of `DURATIONS`.
        now: the present moment.
    """
    with transaction.atomic():
        Announcement.objects.all().delete()
        return Announcement.objects.create(
            text=clean_name(text)[:LONGEST], author=by, said=now, until=now + DURATIONS[duration]
        )


def announced(now: datetime) -> Announcement | None:
    """Give what is said to everybody now."""
    rows = Announcement.objects.filter(until__gt=now).select_related("author")
    return rows.order_by("-pk").first()


def end() -> bool:
    """Say it no more; false when nothing was said."""
    deleted, _ = Announcement.objects.all().delete()
    return bool(deleted)
