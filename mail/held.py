"""What waits a moment so that it can be undone.

It is a row in the database and done by the node when it is due, whether or not a page is open.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.module_loading import import_string

from journal import restored, taken_over
from mail.live import tell
from mail.models import Held
from nodes import loop
from nodes.errors import UserError
from nodes.models import Account
from nodes.wake import start_task

_log = structlog.get_logger(__name__)
_AT_ONCE: Final = 50


@dataclass(frozen=True, slots=True)
class Doing:
    """What one kind of held thing means.

    `do` does it, inside the transaction that ends the holding; a UserError from it undoes all it
    wrote, and its sentence is handed to `failed`. `words` says what will happen, for a toast:
    "The message to Ben is sent", and in a second line what else. `undone` takes back what was done
    at once, if anything. Each takes the account and what the row is about.
    """

    do: Callable[[Account, str], None]
    failed: Callable[[Account, str, str], None]
    words: Callable[[Account, str], str]
    undone: Callable[[Account, str], None] | None = None


_DOINGS: Final = {
    Held.Kind.SEND: "mail.sending.SENDING",
    Held.Kind.WITHDRAW: "mail.ending.WITHDRAWING",
    Held.Kind.BLOCK: "mail.ending.BLOCKING",
    Held.Kind.REMOVE: "mail.removal.REMOVING",
    Held.Kind.NODE: "mail.own_nodes.WITHDRAWING",
}


@dataclass(frozen=True, slots=True)
class Pending:
    """A held thing, as a page shows it."""

    key: int
    kind: str
    about: str
    words: str
    more: str  # what there is to say after the seconds left
    due: datetime
    seconds: int  # left, at least 0
    of: int  # seconds in all


def waits(account: Account) -> bool:
    """Tell whether what an account does is held: to be undone, or until it has caught up."""
    return bool(account.undo_seconds) or restored.is_waiting(account.fingerprint)


def hold(account: Account, kind: Held.Kind, about: str, *, now: datetime) -> Held | None:
    """Hold something back for as long as the account wants, or do it at once.

    Args:
        account: who asked for it.
        kind: what it is.
        about: the key of the draft or letter, or the fingerprint, that it is about.
        now: the present moment.

    Returns:
        What is held, which it also is while the account catches up after a restore; `None` when
        the account wants no time to undo and it has been done.

    Raises:
        UserError: it was to be done at once and cannot be, or never will be by this machine.
    """
    taken_over.refuse()
    if not waits(account):
        with transaction.atomic():
            _doing(kind).do(account, about)
        return None
    due = now + timedelta(seconds=account.undo_seconds)
    with transaction.atomic():
        row, _ = Held.objects.update_or_create(
            account=account, kind=kind, about=about, defaults={"due": due, "created": now}
        )
        tell(account.pk, "held")
        transaction.on_commit(lambda: _look_later(account.undo_seconds))
    return row


def undo(account: Account, key: int) -> Held | None:
    """Take back what is held; `None` when it is too late."""
    with transaction.atomic():
        row = Held.objects.select_for_update().filter(account=account, pk=key).first()
        if row is None:
            return None
        kept = Held(kind=row.kind, about=row.about, due=row.due)
        row.delete()
        undone = _doing(kept.kind).undone
        if undone is not None:
            undone(account, kept.about)
        tell(account.pk, "held")
    return kept


def is_held(account: Account, kind: Held.Kind, about: str) -> bool:
    """Tell whether something waits to be done."""
    return Held.objects.filter(account=account, kind=kind, about=about).exists()


def pending(account: Account, now: datetime) -> list[Pending]:
    """List what the account can still undo, the latest first."""
    found = []
    for row in Held.objects.filter(account=account, due__gt=now).order_by("-due", "-pk"):
        left = (row.due - now).total_seconds()
        words, _, more = _doing(row.kind).words(account, row.about).partition("\n")
        found.append(
            Pending(
                key=row.pk,
                kind=row.kind,
                about=row.about,
                words=words,
                more=more,
                due=row.due,
                seconds=max(0, round(left)),
                of=max(1, round((row.due - row.created).total_seconds())),
            )
        )
    return found


def do_due(now: datetime | None = None) -> int:
    """Do what is due, oldest first; return how many things were done or failed."""
    moment = now or timezone.now()
    # What a suspended account has written rests; what it takes back is taken back.
    resting = Q(kind=Held.Kind.SEND, account__is_active=False)
    due = Held.objects.filter(due__lte=moment).exclude(resting).order_by("due", "pk")
    if waiting := restored.waiting_users():  # until they have caught up after a restore
        due = due.exclude(account__fingerprint__in=waiting)
    keys = list(due.values_list("pk", flat=True)[:_AT_ONCE])
    return sum(_do(key) for key in keys)


def _do(key: int) -> bool:
    """Do one thing, once, whoever else is at it; what fails is told and not tried again."""
    try:
        with transaction.atomic():
            row = _take(key)
            if row is None:
                return False
            _doing(row.kind).do(row.account, row.about)
    except UserError as refusal:
        with transaction.atomic():
            row = _take(key)
            if row is not None:
                _doing(row.kind).failed(row.account, row.about, str(refusal))
    except Exception:
        # It stays, and is tried at the next look: nothing that was asked for is forgotten.
        _log.exception("what was held could not be done", key=key)
        return False
    return True


def _take(key: int) -> Held | None:
    """Lock a row and delete it with the transaction; `None` when somebody was faster."""
    row = Held.objects.select_for_update().filter(pk=key).select_related("account").first()
    if row is None:
        return None
    kept = Held(account=row.account, kind=row.kind, about=row.about)
    row.delete()
    tell(kept.account_id, "held")
    return kept


def _doing(kind: str) -> Doing:
    doing = import_string(_DOINGS[Held.Kind(kind)])
    assert isinstance(doing, Doing)
    return doing


def _look_later(seconds: int) -> None:
    loop.run(_wait(seconds))


async def _wait(seconds: int) -> None:
    await asyncio.sleep(seconds + 0.05)
    start_task("mail.tasks.do_held")
