"""Counting receipts: which recipients have what an account has sent (protocol §9)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.db.models import F

from journal.models import Resource
from mail.models import Delivery, Letter, StrayReceipt, Unopened
from nodes.counts import count
from nodes.models import Account

_MOST_STRAYS: Final = 10_000


def count_receipts(received: Sequence[tuple[str, Resource]], now: datetime) -> list[Letter]:
    """Count those receipts whose author is in `To` of a message that an account here wrote.

    Args:
        received: the identifier of a message, and the resource of the receipt for it; the
            author of that says to have received the message.
        now: when they came.

    Returns:
        The letters of which a delivery changed.
    """
    messages = {message for message, _ in received}
    sent = Letter.objects.filter(
        resource__identifier__in=messages, author=F("account__fingerprint"), outgoing=True
    )
    letters = {
        letter.resource.identifier: letter
        for letter in sent.select_related("resource").only(
            "account_id", "conversation_id", "resource__identifier"
        )
    }
    waiting = {
        (delivery.letter_id, delivery.recipient): delivery
        for delivery in Delivery.objects.filter(
            letter__in=[letter.pk for letter in letters.values()]
        ).exclude(state=Delivery.State.RECEIVED)
    }
    changed: list[Letter] = []
    counted: list[Delivery] = []
    for message, receipt in received:
        letter = letters.get(message)
        if letter is None:
            continue
        delivery = waiting.pop((letter.pk, receipt.author), None)
        if delivery is None:
            continue
        changed.append(letter)
        counted.append(
            Delivery(
                letter=letter,
                recipient=receipt.author,
                state=Delivery.State.RECEIVED,
                at=now,
                node=delivery.node,
                receipt=receipt.identifier,
            )
        )
    # The rows are there: this updates each with its own receipt, all in one statement.
    Delivery.objects.bulk_create(
        counted,
        update_conflicts=True,
        unique_fields=["letter", "recipient"],
        update_fields=["state", "at", "receipt"],
    )
    count("receipts", "counted", len(counted))
    _keep_strays([(m, receipt) for m, receipt in received if m not in letters])
    return changed


def _keep_strays(received: Sequence[tuple[str, Resource]]) -> None:
    """Keep receipts for messages that were written on another node, and are on their way here.

    Anybody may send such, so no more are kept than could ever be meant.
    """
    room = max(0, _MOST_STRAYS - StrayReceipt.objects.count()) if received else 0
    rows = Resource.objects.filter(identifier__in=[message for message, _ in received])
    # What an account here wrote elsewhere may have come, and not have been opened yet.
    ours = Account.objects.exclude(fingerprint=None).values("fingerprint")
    unopened = Unopened.objects.filter(resource__in=rows, resource__author__in=ours)
    held = set(rows.values_list("identifier", flat=True)) - set(
        unopened.values_list("resource__identifier", flat=True)
    )
    StrayReceipt.objects.bulk_create(
        [
            StrayReceipt(message=message, author=receipt.author, receipt=receipt.identifier)
            for message, receipt in received
            if message not in held
        ][:room],
        ignore_conflicts=True,
    )
