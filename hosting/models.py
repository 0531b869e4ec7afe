"""What a node remembers of its own running: long work, beats of its processes, the audit."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from nodes.models import fingerprint_field


class Run(models.Model):
    """A piece of long work that somebody asked for, or the schedule: what came of it.

    The row is the truth. A process that works on it renews its lease; when it is killed, the
    lease ends and the work begins anew.
    """

    class Kind(models.TextChoices):
        """What is done; `hosting.work` says by which function."""

        DOCTOR = "doctor", _("check of the node")
        JOURNAL = "journal", _("check of the journal")
        BACKUP = "backup", _("backup")
        CHECK = "check", _("restore test of a backup")
        RETENTION = "retention", _("retention")
        STORAGE = "storage", _("count of storage")

    class Outcome(models.TextChoices):
        """How it ended."""

        GOOD = "good", _("all is well")
        BAD = "bad", _("something is to be done")
        FAILED = "failed", _("it could not be done")

    kind = models.CharField(max_length=16, choices=Kind.choices)
    asked = models.DateTimeField(default=timezone.now)
    asked_by = models.CharField(max_length=150, blank=True)  # empty: the schedule
    started = models.DateTimeField(null=True)
    finished = models.DateTimeField(null=True)
    done = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField(default=0)  # 0: not known
    outcome = models.CharField(max_length=6, choices=Outcome.choices, blank=True)
    words = models.TextField(blank=True)  # one sentence for people
    findings = models.JSONField(default=list)
    lease_owner = models.CharField(max_length=64, blank=True)
    lease_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind"], condition=models.Q(finished=None), name="one_open_run_of_a_kind"
            )
        ]
        indexes = [models.Index(fields=["kind", "-finished"], name="latest_run")]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class Beat(models.Model):
    """That a process of this node was alive, and when that was last seen."""

    name = models.CharField(max_length=16)  # web, worker, schedule
    process = models.CharField(max_length=64)
    seen = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "process"], name="one_beat_each")]

    def __str__(self) -> str:
        return f"{self.name} {self.process}"


class AuditEntry(models.Model):
    """Who changed what and when, in the panel, by a command, or the node by itself."""

    class Where(models.TextChoices):
        """By which door."""

        PANEL = "panel", _("in the panel")
        COMMAND = "command", _("by command")
        PAGE = "page", _("on a page")
        NODE = "node", _("the node by itself")

    at = models.DateTimeField(default=timezone.now, db_index=True)
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    actor = models.CharField(max_length=150)  # the username, or who is signed in to the machine
    where = models.CharField(max_length=8, choices=Where.choices)
    action = models.CharField(max_length=64)  # such as `account.suspend`
    about = models.CharField(max_length=200, blank=True)
    details = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("change")
        verbose_name_plural = _("changes")

    def __str__(self) -> str:
        return f"{self.action} {self.about}"


class RetentionRule(models.Model):
    """For how long content of a kind is kept here; without a row it is kept for good."""

    kind = models.CharField(max_length=16, unique=True)
    days = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.kind}: {self.days}"


class Stored(models.Model):
    """How much is kept here, as last counted: of whom, and of which kind.

    `kind` is that of resources, or one of `hosting.storage.PRIVATE` for what an account has beside
    them; `author` is a user's fingerprint.
    """

    author = fingerprint_field()
    kind = models.CharField(max_length=16)
    count = models.PositiveBigIntegerField(default=0)
    bytes = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name_plural = _("stored")
        constraints = [models.UniqueConstraint(fields=["author", "kind"], name="stored_once")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.author[:12]}: {self.bytes}"


class Told(models.Model):
    """Up to which line a peer has been told our journal, and has surely had time to ask.

    The peer was in contact a day and more after it had been told up to `sure`; `pending` is the
    line that will be taken for sure next.
    """

    peer = fingerprint_field(unique=True)
    sure = models.PositiveBigIntegerField(default=1)
    pending = models.PositiveBigIntegerField(default=1)
    pending_since = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.peer[:12]} up to {self.sure}"


class Trouble(models.Model):
    """Something of the node that an owner is told of (`hosting.telling`), while it stands.

    A row outlives what it is about by a day, so that what comes and goes is told once.
    """

    account = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    slug = models.CharField(max_length=32)  # that of the need
    since = models.DateTimeField(default=timezone.now)
    over = models.DateTimeField(null=True)
    told = models.DateTimeField(null=True)
    seen = models.DateTimeField(null=True)  # in the panel, since it was last told

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "slug"], name="one_trouble_each")]

    def __str__(self) -> str:
        return self.slug
