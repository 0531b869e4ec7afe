"""What the mail does when an account has caught up after a restore (docs/backups.md).

The receipts that waited are given, what was held back goes out, and what had gone out already
after the backup was made does not go twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import structlog
from django.db import transaction
from django.dispatch import receiver
from django.urls import reverse

from journal import catching_up, restored
from journal.models import CatchUp, Resource
from journal.publish import write_own
from journal.signals import caught_up
from mail import drafts
from mail.filing import count_again
from mail.live import tell
from mail.models import Draft, Held, Letter, OwedReceipt, Unopened
from mail.opening import make_receipt
from mail.people import profile
from mail.presentation import clean_name
from mail.receivers import wait_to_be_opened
from mail.sealing import open_head, open_text
from nodes import keystore
from nodes.errors import UserError
from nodes.facts import current_facts
from nodes.models import Account, LocalNode
from nodes.wake import start_task

_log = structlog.get_logger(__name__)
_AT_ONCE: Final = 64


@dataclass(frozen=True, slots=True)
class Returning:
    """What an account is told while it catches up."""

    backup: datetime
    still: bool  # it stands still until the recovery phrase is given
    confirm: str  # where that is done
    heard: int  # how many of its peers have been read to the end
    peers: int
    held: int  # how many things wait to go out


def returning(account: Account, now: datetime) -> Returning | None:
    """Say how far an account has come after a restore; `None` when it has nothing to wait for."""
    state = catching_up.state(now, account.fingerprint) if account.fingerprint else None
    if state is None:
        return None
    return Returning(
        backup=state.backup,
        still=bool(state.still),
        confirm=confirming() if state.still else "",
        heard=len(state.heard),
        peers=len(state.heard) + len(state.unheard),
        held=Held.objects.filter(account=account).count(),
    )


def confirming() -> str:
    """Give the address of the page on which the node's new key is confirmed."""
    return reverse("mail:renew", args=["key", keystore.node_fingerprint()])


def sign_in_leads_to(account: Account) -> str:
    """Say where signing in leads an account that stands still; nothing for all others."""
    return confirming() if restored.stands_still(account.fingerprint) else ""


def settle(now: datetime) -> None:
    """Let out what waited, of those who have caught up."""
    catching_up.settle(now, lambda: not Unopened.objects.exists())
    give_owed(now)


def give_owed(now: datetime) -> int:
    """Give the receipts that waited, for those who have caught up; return how many were given.

    Those that had been given already are not given again. May be killed at any moment.
    """
    given = 0
    while True:
        rows = OwedReceipt.objects.exclude(user__in=restored.waiting_users()).order_by("pk")
        chosen = list(rows[:_AT_ONCE])
        if not chosen:
            return given
        given += _give(chosen, now)


def _give(chosen: Sequence[OwedReceipt], now: datetime) -> int:
    facts = current_facts()
    messages = [row.message for row in chosen if not row.given]
    found = {
        row.identifier: row
        for row in Resource.objects.filter(identifier__in=messages, revoked_by=None)
    }
    made = []
    for row in chosen:
        message = found.get(row.message)
        if row.given or message is None:
            continue
        try:
            made.append((row.pk, message, make_receipt(row.user, message, facts, now)))
        except UserError as error:
            _log.info("no receipt", reason=str(error))
    with transaction.atomic():
        LocalNode.objects.select_for_update().first()
        still = set(
            OwedReceipt.objects.filter(pk__in=[row.pk for row in chosen]).values_list(
                "pk", flat=True
            )
        )
        mine = [(message, receipt) for pk, message, receipt in made if pk in still]
        OwedReceipt.objects.filter(pk__in=still).delete()
        written = write_own([receipt for _, receipt in mine], now=now)
        here = set(Account.objects.exclude(fingerprint=None).values_list("fingerprint", flat=True))
        readers_here = {r.identifier for message, r in mine if message.author in here}
        wait_to_be_opened([row for row, _ in written if row.identifier in readers_here])
    return len(mine)


@receiver(caught_up)
def on_caught_up(user: str, **_: Any) -> None:
    """Let go out what waited, and take over what the account had become after the backup."""
    account = Account.objects.filter(fingerprint=user).first()
    if account is None:
        return
    _forget_sent(account)
    _put_in_order(account)
    name = clean_name(profile(user).get("name", ""))[:200]
    if name and name != account.name and not account.is_echo:
        Account.objects.filter(pk=account.pk).update(name=name)
    for kind in ("counts", "drafts", "held", "nodes"):
        tell(account.pk, kind)
    transaction.on_commit(_go_on)


def _go_on() -> None:
    start_task("mail.tasks.open_letters")
    start_task("mail.tasks.do_held")


def _came_back(account: Account) -> tuple[CatchUp, Any]:
    """Give the letters of an account that were filed since the restore began."""
    row = CatchUp.objects.get(user=account.fingerprint)
    letters = Letter.objects.filter(account=account, filed__gt=row.since or row.backup)
    return row, letters


def _put_in_order(account: Account) -> None:
    """Give the letters that came back the place in time that they had."""
    row, letters = _came_back(account)
    moved = []
    for letter in letters.only("pk", "filed", "date", "conversation_id"):
        # It came after the backup, whatever its author says.
        moment = max(letter.date, row.backup)
        if moment < letter.filed:
            letter.filed = moment
            moved.append(letter)
    Letter.objects.bulk_update(moved, ["filed"], batch_size=500)
    count_again(moved)


def _forget_sent(account: Account) -> None:
    """Do not send again what was held when the backup was made, and has gone out after it."""
    row, letters = _came_back(account)
    rows = Held.objects.filter(account=account, kind=Held.Kind.SEND)
    held = list(rows.filter(created__lt=row.since or row.backup))
    if not held:
        return
    sent = set()
    for letter in letters.filter(outgoing=True).only("sealed_head", "sealed_body"):
        head = open_head(letter.sealed_head)
        sent.add((head.title, frozenset(head.to), open_text(letter.sealed_body)))
    for waiting in held:
        draft = Draft.objects.filter(pk=int(waiting.about)).first()
        if draft is None:
            continue
        content = drafts.open_content(draft)
        title, to, body = content.title.strip(), frozenset(content.to), content.body.strip()
        if any((title, to) == one[:2] and body in one[2] for one in sent):
            waiting.delete()
            draft.delete()
