"""Letters of the accounts here, their conversations and their delivery."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from journal.models import Resource
from nodes.models import fingerprint_field

URI_LENGTH = 200

# What stands in each folder. Each has an index of its own, so that a folder with few conversations
# among many is as quick as a full one.
IN_FOLDER: dict[str, models.Q] = {
    "inbox": models.Q(
        has_received=True, is_notice=False, archived=False, binned=False, waiting=False
    ),
    "waiting": models.Q(waiting=True, archived=False, binned=False),
    "starred": models.Q(starred=True, binned=False),
    "sent": models.Q(has_sent=True, is_notice=False, binned=False),
    "archive": models.Q(archived=True, binned=False),
    "bin": models.Q(binned=True),
    "notices": models.Q(is_notice=True, archived=False, binned=False),
}
COUNTED = ("inbox", "waiting", "notices")
"""Folders of which the unread conversations are counted."""


class Unopened(models.Model):
    """An accepted resource that is still to be read for the accounts of this node.

    Written in the transaction that accepts the resource, deleted in the one that files it: so a
    killed process never forgets a letter.
    """

    resource = models.OneToOneField(Resource, on_delete=models.CASCADE)

    def __str__(self) -> str:
        return str(self.resource_id)


class Unreadable(models.Model):
    """What came back to a recovered account and this node's key does not open.

    Older mail is encrypted for the user's key and for nodes that are gone. With the recovery
    phrase it is tried once more; what does not open then either was for somebody else.
    """

    account = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="+")
    tried = models.BooleanField(default=False)

    class Meta:
        verbose_name_plural = _("unreadable")
        constraints = [
            models.UniqueConstraint(fields=["account", "resource"], name="unreadable_once")
        ]

    def __str__(self) -> str:
        return str(self.resource_id)


class OwedReceipt(models.Model):
    """A receipt that waits until the account has caught up after a restore (protocol §9).

    `given` when it turned out that the node had published it already after the backup.
    """

    user = fingerprint_field()
    message = fingerprint_field()
    given = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "message"], name="owed_once")]

    def __str__(self) -> str:
        return f"for {self.message[:12]}"


class Conversation(models.Model):
    """The letters of one account that belong together, kept ready for lists."""

    account = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    thread = models.CharField(max_length=URI_LENGTH)
    latest = models.DateTimeField()
    letters = models.PositiveIntegerField(default=0)
    unread = models.PositiveIntegerField(default=0)
    has_received = models.BooleanField(default=False)
    has_sent = models.BooleanField(default=False)
    is_notice = models.BooleanField(default=False)
    starred = models.BooleanField(default=False)
    archived = models.BooleanField(default=False)
    binned = models.BooleanField(default=False)
    # When the node first saw it in the bin: it counts the days of its owner's rule from then.
    binned_seen = models.DateTimeField(null=True)
    # Begun by somebody whom the account has neither checked nor let in: stands in Waiting.
    waiting = models.BooleanField(default=False)
    # Who has written in it, in that order, and no more than a list shows: so that a line of a
    # list does not read all letters.
    authors = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "thread"], name="one_conversation")
        ]
        indexes = [
            *(
                models.Index(
                    fields=["account", "-latest", "-id"], condition=condition, name=f"in_{folder}"
                )
                for folder, condition in IN_FOLDER.items()
            ),
            *(
                models.Index(
                    fields=["account", "unread"], condition=IN_FOLDER[folder], name=f"new_{folder}"
                )
                for folder in COUNTED
            ),
        ]

    def __str__(self) -> str:
        return f"conversation {self.pk}"


class Letter(models.Model):
    """One account's copy of a message or notice. What people wrote is sealed."""

    account = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="+")
    resource = models.ForeignKey(Resource, on_delete=models.PROTECT, related_name="+")
    author = fingerprint_field()
    outgoing = models.BooleanField(default=False)
    notice = models.BooleanField(default=False)
    date = models.DateTimeField()  # as the author says
    filed = models.DateTimeField(default=timezone.now)  # when it came here
    read = models.BooleanField(default=False)
    removed = models.DateTimeField(null=True)  # the author has revoked it; the text is gone
    has_attachments = models.BooleanField(default=False)
    sealed_head = models.BinaryField()  # title, recipients, first words, attachments' names
    sealed_body = models.BinaryField()  # the message as it was written

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "resource"], name="one_letter_each")
        ]
        indexes = [
            models.Index(fields=["conversation", "filed", "id"], name="letter_in_conversation"),
            models.Index(fields=["account", "filed", "id"], name="letter_in_order"),
        ]

    def __str__(self) -> str:
        return f"letter {self.pk}"


class Deleted(models.Model):
    """That an account has deleted a letter for good: it is not filed when it is read again."""

    account = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="+")

    class Meta:
        verbose_name_plural = _("deleted")
        constraints = [models.UniqueConstraint(fields=["account", "resource"], name="deleted_once")]

    def __str__(self) -> str:
        return f"deleted {self.resource_id}"


class SearchText(models.Model):
    """What search reads of a letter that has files: its text alone, sealed.

    In a table of its own: SQLite reads all of a letter's files to reach what is stored behind.
    """

    letter = models.OneToOneField(
        Letter, on_delete=models.CASCADE, primary_key=True, related_name="search_text"
    )
    sealed = models.BinaryField()

    def __str__(self) -> str:
        return f"text of letter {self.letter_id}"


class Delivery(models.Model):
    """What is known of a sent message's way to one recipient."""

    class State(models.TextChoices):
        """How far the message has come, as far as it can be known here."""

        WAITING = "waiting", _("waiting here")
        HANDED = "handed", _("handed to a node")
        RECEIVED = "received", _("received")

    letter = models.ForeignKey(Letter, on_delete=models.CASCADE, related_name="deliveries")
    recipient = fingerprint_field()
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    at = models.DateTimeField(null=True)
    node = fingerprint_field(blank=True)
    receipt = fingerprint_field(blank=True)

    class Meta:
        verbose_name_plural = _("deliveries")
        constraints = [
            models.UniqueConstraint(fields=["letter", "recipient"], name="one_delivery_each")
        ]

    def __str__(self) -> str:
        return f"{self.state} for {self.recipient[:12]}"


class StrayReceipt(models.Model):
    """A receipt that came before the message, written on another node of its reader."""

    message = fingerprint_field(db_index=True)
    author = fingerprint_field()
    receipt = fingerprint_field(unique=True)
    received = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"receipt for {self.message[:12]}"


class Removal(models.Model):
    """That an account has asked for one of its messages to be removed everywhere (§6)."""

    letter = models.OneToOneField(Letter, on_delete=models.CASCADE, related_name="removal")
    revocation = fingerprint_field(unique=True)
    asked = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"removal of letter {self.letter_id}"


class RemovalConfirmed(models.Model):
    """That a node has taken over the revocation of a message."""

    removal = models.ForeignKey(Removal, on_delete=models.CASCADE, related_name="confirmed")
    node = fingerprint_field()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["removal", "node"], name="one_confirmation_each")
        ]

    def __str__(self) -> str:
        return f"confirmed by {self.node[:12]}"
