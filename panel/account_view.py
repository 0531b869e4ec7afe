"""What the panel says of accounts: never whom they know, or what they write.

Numbers of letters and of bytes are as much as is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db.models import Count, Max, QuerySet

from hosting.storage import used_by_accounts
from mail.models import Letter
from mail.space import used
from nodes.models import Account

_FACTORS = ("totp", "webauthn")


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account, as its node's owner sees it. `used` is in bytes."""

    key: int
    name: str
    username: str
    fingerprint: str
    owner: bool
    suspended: bool
    host_only: bool
    made: datetime
    last_seen: datetime | None
    factors: tuple[str, ...]
    backup_checked: datetime | None
    letters: int
    used: int
    quota: int | None

    @property
    def full(self) -> bool:
        """Whether it may add nothing more."""
        return self.quota is not None and self.used >= self.quota

    @property
    def share(self) -> int:
        """How much of its space it has taken, in percent."""
        return min(100, self.used * 100 // self.quota) if self.quota else 0


def account_views(rows: Sequence[Account], *, exact: bool = False) -> list[AccountView]:
    """Describe accounts, with few queries for all of them.

    Args:
        rows: which.
        exact: whether space is added up now, and not taken as it was last counted.
    """
    keys = [row.pk for row in rows]
    sessions = UserSession.objects.filter(user__in=keys).order_by().values_list("user")
    seen: dict[int, datetime] = dict(sessions.annotate(at=Max("last_seen_at")))
    letters: dict[int, int] = dict(
        Letter.objects.filter(account__in=keys)
        .order_by()
        .values_list("account")
        .annotate(Count("pk"))
    )
    factors: dict[int, set[str]] = {}
    found = Authenticator.objects.filter(user__in=keys, type__in=_FACTORS)
    for key, kind in found.values_list("user", "type"):
        factors.setdefault(key, set()).add(kind)
    counted = {} if exact else used_by_accounts()
    return [
        AccountView(
            key=row.pk,
            name=row.get_full_name(),
            username=row.username,
            fingerprint=row.fingerprint or "",
            owner=row.is_superuser,
            suspended=not row.is_active,
            host_only=row.mode == Account.Mode.HOST,
            made=row.date_joined,
            last_seen=_latest(seen.get(row.pk), row.last_login),
            factors=tuple(sorted(factors.get(row.pk, ()))),
            backup_checked=row.backup_checked,
            letters=letters.get(row.pk, 0),
            used=counted[row.pk] if row.pk in counted else used(row),
            quota=row.quota,
        )
        for row in rows
    ]


def not_seen_since(rows: QuerySet[Account], moment: datetime) -> QuerySet[Account]:
    """Keep accounts that are older than that, and in which nobody was signed in since."""
    seen = UserSession.objects.filter(last_seen_at__gte=moment)
    there = rows.filter(date_joined__lt=moment).exclude(last_login__gte=moment)
    return there.exclude(pk__in=seen.values("user"))


def _latest(*moments: datetime | None) -> datetime | None:
    return max((moment for moment in moments if moment is not None), default=None)
