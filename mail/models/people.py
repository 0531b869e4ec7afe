"""Whom an account knows, and whom it invites."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from nodes.models import fingerprint_field


class Contact(models.Model):
    """What an account calls another user, and how it knows that user."""

    account = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    user = fingerprint_field()
    name = models.CharField(max_length=200)
    checked = models.DateTimeField(null=True)
    how_checked = models.CharField(max_length=200, blank=True)
    blocked = models.DateTimeField(null=True)
    # Whoever is neither checked nor let in is read in Waiting first.
    let_in = models.DateTimeField(null=True)
    introduced_by = fingerprint_field(blank=True)
    introduced = models.DateTimeField(null=True)
    replaces = fingerprint_field(blank=True)  # the earlier identity of the same person
    added = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "user"], name="one_contact_each")]

    def __str__(self) -> str:
        return self.name


class Invitation(models.Model):
    """A link by which someone becomes a contact or gets an account; only its hash is kept."""

    class Kind(models.TextChoices):
        """What the guest becomes."""

        ACCOUNT = "account", _("account on this node")
        CONTACT = "contact", _("contact from elsewhere")

    account = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    kind = models.CharField(max_length=7, choices=Kind.choices)
    token_hash = models.CharField(max_length=128, unique=True)
    note = models.CharField(max_length=500, blank=True)
    name = models.CharField(max_length=200, blank=True)  # what the guest is called, as a proposal
    single_use = models.BooleanField(default=True)
    expires = models.DateTimeField()
    created = models.DateTimeField(default=timezone.now)
    used = models.PositiveIntegerField(default=0)
    withdrawn = models.DateTimeField(null=True)
    accept_at_once = models.BooleanField(default=False)  # without asking the account once more

    def __str__(self) -> str:
        return f"invitation {self.pk}"


class InvitationUse(models.Model):
    """That somebody came by an invitation."""

    invitation = models.ForeignKey(Invitation, on_delete=models.CASCADE, related_name="uses")
    user = fingerprint_field()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["invitation", "user"], name="one_use_each")]

    def __str__(self) -> str:
        return f"{self.user[:12]} came by invitation {self.invitation_id}"
