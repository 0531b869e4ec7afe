"""Where an account is signed in, and ending that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db import transaction

from mail.browsers import browser_words
from mail.live import hang_up
from nodes.models import Account


@dataclass(frozen=True, slots=True)
class SignIn:
    """A browser in which an account is signed in."""

    words: str
    address: str
    since: datetime
    last_seen: datetime


def sign_ins(account: Account) -> list[SignIn]:
    """List where an account is signed in, the latest first."""
    rows = UserSession.objects.filter(user=account).order_by("-last_seen_at", "-pk")
    return [
        SignIn(browser_words(row.user_agent), row.ip, row.created_at, row.last_seen_at)
        for row in rows
        if row.exists()
    ]


def end_sign_ins(account: Account) -> int:
    """End every sign-in of an account and close its open pages; return how many there were."""
    with transaction.atomic():
        found = list(UserSession.objects.filter(user=account))
        for session in found:
            session.end()
        hang_up(account.pk)
    return len(found)


def second_factors(account: Account) -> list[str]:
    """Name what an account shows beside its password: `totp`, `webauthn`."""
    rows = Authenticator.objects.filter(user=account)
    return sorted(set(rows.exclude(type="recovery_codes").values_list("type", flat=True)))


def clear_second_factors(account: Account) -> None:
    """Let the password alone be enough again: no app, no spare codes, no passkeys."""
    Authenticator.objects.filter(user=account).delete()
