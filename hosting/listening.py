"""Writing down what pages change, as rooms below and django-allauth tell of it."""

from __future__ import annotations

from typing import Any

from allauth.account.signals import password_changed
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from django.dispatch import receiver

from hosting.audit import note
from hosting.models import AuditEntry
from nodes.changes import changed
from nodes.models import Account


@receiver(changed)
def _changed(
    action: str, account: Account, by: Account | None, details: dict[str, Any], **_: Any
) -> None:
    where = AuditEntry.Where.PAGE if by is None else AuditEntry.Where.PANEL
    note(action, account.username, by=by or account, where=where, **details)


@receiver(password_changed)
def _password_changed(user: Account, **_: Any) -> None:
    _note_own("account.password", user)


@receiver(authenticator_added)
def _factor_added(user: Account, authenticator: Any, **_: Any) -> None:
    _note_own("account.factor.add", user, kind=str(authenticator.type))


@receiver(authenticator_removed)
def _factor_removed(user: Account, authenticator: Any, **_: Any) -> None:
    _note_own("account.factor.remove", user, kind=str(authenticator.type))


@receiver(authenticator_reset)
def _factor_renewed(user: Account, authenticator: Any, **_: Any) -> None:
    _note_own("account.factor.renew", user, kind=str(authenticator.type))


def _note_own(action: str, user: Account, **details: str) -> None:
    note(action, user.username, by=user, where=AuditEntry.Where.PAGE, **details)
