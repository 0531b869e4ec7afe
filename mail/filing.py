"""Putting letters into an account's conversations, and keeping the conversations' sums right."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import F

from journal.models import Resource
from mail.models import Conversation, Delivery, Letter, StrayReceipt
from mail.sealing import head_of, seal_head, seal_text
from nodes.models import Account
from sdmp.letter import Letter as Content
from sdmp.resource import parse_uri, uri


@dataclass(frozen=True, slots=True)
class Filing:
    """A letter to be filed for one account; sealed before the database is locked."""

    account: Account
    content: Content
    notice: bool
    sealed_head: bytes
    sealed_body: bytes


def prepare(account: Account, text: str, content: Content, *, notice: bool) -> Filing:
    """Seal a letter for an account.

    Args:
        account: whose copy it is.
        text: the message as it was written.
        content: the same, read.
        notice: whether it is public.
    """
    return Filing(
        account=account,
        content=content,
        notice=notice,
        sealed_head=seal_head(head_of(content)),
        sealed_body=seal_text(text),
    )


def file_letter(filing: Filing, resource: Resource, now: datetime) -> Letter | None:
    """File a letter once; `None` when the account has it already. Call it in a transaction."""
    account, content = filing.account, filing.content
    if Letter.objects.filter(account=account, resource=resource).exists():
        return None
    outgoing = resource.author == account.fingerprint
    thread = _thread(account, content, resource)
    conversation, _ = Conversation.objects.get_or_create(
        account=account, thread=thread, defaults={"latest": now}
    )
    letter = Letter.objects.create(
        account=account,
        conversation=conversation,
        resource=resource,
        author=resource.author,
        outgoing=outgoing,
        notice=filing.notice,
        date=content.date or now,
        filed=now,
        read=outgoing,
        has_attachments=bool(content.attachments),
        sealed_head=filing.sealed_head,
        sealed_body=filing.sealed_body,
    )
    changes: dict[str, object] = {
        "latest": now,
        "letters": F("letters") + 1,
        "is_notice": filing.notice,
        "archived": False,
        "binned": False,
    }
    if outgoing:
        changes["has_sent"] = True
    else:
        changes["has_received"] = True
        changes["unread"] = F("unread") + 1
    Conversation.objects.filter(pk=conversation.pk).update(**changes)
    if outgoing and not filing.notice:
        _expect_deliveries(letter, content)
    return letter


def count_receipt(
    reader: str, message: str, author: str, receipt: Resource, now: datetime
) -> Letter | None:
    """Count a receipt, if its author is in `To` of a message that its reader wrote (§9).

    Args:
        reader: the user for whom the receipt was opened.
        message: identifier of the resource received.
        author: who says to have received it.
        receipt: the resource of the receipt.
        now: when it came.

    Returns:
        The letter whose delivery changed.
    """
    letter = Letter.objects.filter(
        resource__identifier=message, author=reader, account__fingerprint=reader, outgoing=True
    ).first()
    if letter is None:
        if not Resource.objects.filter(identifier=message).exists():
            # It was written on another node of the reader, and is still on its way here.
            StrayReceipt.objects.get_or_create(
                receipt=receipt.identifier, defaults={"message": message, "author": author}
            )
        return None
    changed = (
        Delivery.objects.filter(letter=letter, recipient=author)
        .exclude(state=Delivery.State.RECEIVED)
        .update(state=Delivery.State.RECEIVED, at=now, receipt=receipt.identifier)
    )
    return letter if changed else None


def _thread(account: Account, content: Content, resource: Resource) -> str:
    """Say to which conversation a letter belongs: as it says, or as what it answers does."""
    for reference in (content.in_reply_to, content.thread):
        if reference is None:
            continue
        _, identifier = parse_uri(reference)
        answered = Letter.objects.filter(account=account, resource__identifier=identifier)
        known = answered.select_related("conversation").first()
        if known is not None:
            return known.conversation.thread
    return content.thread or content.in_reply_to or uri(resource.author, resource.identifier)


def _expect_deliveries(letter: Letter, content: Content) -> None:
    recipients = [user for user in content.to if user != letter.author]
    Delivery.objects.bulk_create(
        [Delivery(letter=letter, recipient=recipient) for recipient in recipients]
    )
    strays = StrayReceipt.objects.filter(message=letter.resource.identifier, author__in=recipients)
    for stray in strays:
        Delivery.objects.filter(letter=letter, recipient=stray.author).update(
            state=Delivery.State.RECEIVED, at=stray.received, receipt=stray.receipt
        )
    strays.delete()
