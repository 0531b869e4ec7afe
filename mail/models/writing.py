"""What an account is writing, and what is held back for a moment so that it can be undone."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from mail.models.letters import URI_LENGTH


class Draft(models.Model):
    """A letter being written, sealed like a letter."""

    account = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    reply_to = models.CharField(max_length=URI_LENGTH, blank=True)
    sealed = models.BinaryField()  # recipients, title, text
    revision = models.PositiveIntegerField(default=1)  # grows with every save, so none is lost
    changed = models.DateTimeField(auto_now=True)
    # Which open page saved it last, and its how-many-th time: a save that comes late, or twice,
    # is told apart from one of another device.
    page = models.CharField(max_length=32, blank=True)
    turn = models.PositiveIntegerField(default=0)
    failed = models.DateTimeField(null=True)  # it could not be sent, and nobody has seen that yet
    deleted = models.DateTimeField(null=True)  # kept for a while, so that it can be undone

    def __str__(self) -> str:
        return f"draft {self.pk}"


class DraftFile(models.Model):
    """A file that goes along with a draft, sealed like it."""

    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, related_name="files")
    sealed_head = models.BinaryField()  # name, type, size, whether it is a picture
    sealed = models.BinaryField()
    size = models.PositiveIntegerField()
    added = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"file of draft {self.draft_id}"


class Held(models.Model):
    """Something that an account has asked for and may still undo; done when it is due."""

    class Kind(models.TextChoices):
        """What will be done."""

        SEND = "send"
        WITHDRAW = "withdraw"
        BLOCK = "block"
        REMOVE = "remove"
        NODE = "node"

    account = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    # What it is about: the key of a draft or a letter, the fingerprint of a person or a node.
    about = models.CharField(max_length=URI_LENGTH)
    due = models.DateTimeField(db_index=True)
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "held"
        constraints = [
            models.UniqueConstraint(fields=["account", "kind", "about"], name="held_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.about[:12]}"
