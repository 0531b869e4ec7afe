"""What an account marks on its conversations. Other open pages of the account are told."""

from __future__ import annotations

from typing import Literal

from django.db import transaction

from mail.live import tell
from mail.models import Conversation, Letter
from nodes.models import Account


def mark_read(account: Account, thread: str) -> None:
    """Mark all letters of a conversation as read."""
    with transaction.atomic():
        rows = Conversation.objects.select_for_update().filter(account=account, pk=int(thread))
        if rows.filter(unread__gt=0).update(unread=0):
            Letter.objects.filter(conversation=int(thread), read=False).update(read=True)
            tell(account.pk, "counts", thread=thread)


def set_starred(account: Account, thread: str, starred: bool) -> None:
    """Star a conversation, or take the star away."""
    with transaction.atomic():
        if Conversation.objects.filter(account=account, pk=int(thread)).update(starred=starred):
            tell(account.pk, "counts", thread=thread)


def move(account: Account, thread: str, to: Literal["inbox", "archive"]) -> None:
    """Archive a conversation, or bring it back."""
    with transaction.atomic():
        rows = Conversation.objects.filter(account=account, pk=int(thread))
        if rows.update(archived=to == "archive", binned=False):
            tell(account.pk, "counts", thread=thread)
