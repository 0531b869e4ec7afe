"""How an account is told of something while no page of its is open."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone


class PushKey(models.Model):
    """The VAPID key of this node, by which push services know it; one row, sealed."""

    public = models.CharField(max_length=120)
    sealed = models.BinaryField()
    created = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.public[:12]


class PushSubscription(models.Model):
    """A browser that is to be woken when something comes; its address is sealed."""

    account = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    endpoint_hash = models.CharField(max_length=128, unique=True)
    sealed = models.BinaryField()
    agent = models.CharField(max_length=200, blank=True)
    created = models.DateTimeField(default=timezone.now)
    failures = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"subscription {self.pk}"


class Reminder(models.Model):
    """That an account has been told of an end that comes near."""

    account = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    about = models.CharField(max_length=200)
    days = models.PositiveIntegerField()
    told = models.DateTimeField(default=timezone.now)
    hidden = models.DateTimeField(null=True)  # put aside until fewer days are left

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "about", "days"], name="told_once")
        ]

    def __str__(self) -> str:
        return f"{self.days} days before the end of {self.about}"


class Announcement(models.Model):
    """What the owner has to say to everybody with an account here; at most one row counts."""

    text = models.CharField(max_length=500)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    said = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"announcement {self.pk}"
