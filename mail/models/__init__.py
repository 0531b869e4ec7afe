"""For whom: letters and their delivery, contacts, what is being written, who is told."""

from mail.models.letters import (
    Conversation,
    Deleted,
    Delivery,
    Letter,
    OwedReceipt,
    Removal,
    RemovalConfirmed,
    SearchText,
    StrayReceipt,
    Unopened,
    Unreadable,
)
from mail.models.people import Contact, Invitation, InvitationUse
from mail.models.telling import Announcement, PushKey, PushSubscription, Reminder
from mail.models.writing import Draft, DraftFile, Held

__all__ = [
    "Announcement",
    "Contact",
    "Conversation",
    "Deleted",
    "Delivery",
    "Draft",
    "DraftFile",
    "Held",
    "Invitation",
    "InvitationUse",
    "Letter",
    "OwedReceipt",
    "PushKey",
    "PushSubscription",
    "Reminder",
    "Removal",
    "RemovalConfirmed",
    "SearchText",
    "StrayReceipt",
    "Unopened",
    "Unreadable",
]
