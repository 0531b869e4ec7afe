"""What: resources, the journal's lines, and what other nodes have that we lack."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from nodes.models import Peer, fingerprint_field
from sdmp.encoding import b64
from sdmp.resource import uri
from sdmp.signature import Envelope


class Resource(models.Model):
    """An accepted resource (§5). When it was revoked its content is gone, its row stays."""

    identifier = fingerprint_field(unique=True)
    author = fingerprint_field(db_index=True)
    signer = fingerprint_field()
    kind = models.CharField(max_length=16, db_index=True)
    # Whom a trust trusts, what a revocation revokes, whose key an identity holds.
    subject = fingerprint_field(blank=True, db_index=True)
    payload = models.BinaryField(null=True)
    protected = models.CharField(max_length=512)
    alg = models.CharField(max_length=5)
    signature = models.CharField(max_length=700)
    size = models.PositiveIntegerField()
    received = models.DateTimeField(default=timezone.now)
    revoked_by = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="revokes"
    )

    class Meta:
        indexes = [
            models.Index(fields=["author", "kind"], name="resource_author_kind"),
            # What is held is added up without reading any content.
            models.Index(
                fields=["author", "kind", "size"],
                condition=models.Q(payload__isnull=False),
                name="resource_held_sizes",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.identifier[:12]}"

    @property
    def uri(self) -> str:
        """The resource's URI (§5)."""
        return uri(self.author, self.identifier)

    @property
    def is_held(self) -> bool:
        """Whether the content is still here."""
        return self.payload is not None

    def envelope(self) -> Envelope:
        """Give the signature container back as it was received."""
        if self.payload is None:
            raise ValueError("a revoked resource has no content")
        content = bytes(self.payload)
        return Envelope(
            identifier=self.identifier,
            payload=b64(content),
            protected=self.protected,
            signature=self.signature,
            alg=self.alg,
            signer=self.signer,
            content=content,
        )


class Line(models.Model):
    """A line of this node's journal (§8). Line 1, the node's fingerprint, has no resource."""

    position = models.PositiveBigIntegerField(primary_key=True)
    identifier = fingerprint_field(unique=True)
    resource = models.OneToOneField(
        Resource, null=True, on_delete=models.PROTECT, related_name="line"
    )

    def __str__(self) -> str:
        return str(self.position)

    @property
    def text(self) -> str:
        """The line as it stands in the journal."""
        if self.resource is None:
            return self.identifier
        return f"{self.identifier}@{self.resource.author}/{self.resource.identifier}"


class Wanted(models.Model):
    """A resource that a peer's journal has and we lack, or that we pass over (§10)."""

    peer = fingerprint_field()
    position = models.PositiveBigIntegerField()
    author = fingerprint_field(db_index=True)
    identifier = fingerprint_field(db_index=True)
    passed_over = models.BooleanField(default=False)
    attempts = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField(default=timezone.now)
    reason = models.CharField(max_length=16, blank=True)

    class Meta:
        verbose_name_plural = _("wanted")
        constraints = [
            models.UniqueConstraint(fields=["peer", "identifier"], name="wanted_once_of_a_peer")
        ]
        indexes = [
            # One for each kind of line: SQLite looks up no yes or no in an index of both.
            models.Index(
                fields=["peer", "position"],
                condition=models.Q(passed_over=False),
                name="wanted_of_a_peer",
            ),
            models.Index(
                fields=["peer", "position"],
                condition=models.Q(passed_over=True),
                name="wanted_passed_over",
            ),
            models.Index(
                fields=["peer", "not_before"],
                condition=models.Q(passed_over=False),
                name="wanted_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.identifier[:12]} of {self.peer[:12]}"


class HeldBy(models.Model):
    """That another node of a user served here has accepted a resource, too (`journal.held_by`)."""

    peer = models.ForeignKey(Peer, on_delete=models.CASCADE, related_name="+")
    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="held_by")

    class Meta:
        verbose_name_plural = _("held by")
        constraints = [
            models.UniqueConstraint(fields=["resource", "peer"], name="held_once_by_a_peer")
        ]

    def __str__(self) -> str:
        return f"{self.resource_id} by {self.peer_id}"


class DropCount(models.Model):
    """How many resources were dropped, by the first check that failed."""

    reason = models.CharField(max_length=32, unique=True)
    count = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.reason}: {self.count}"


class CatchUp(models.Model):
    """That a user's account came back with a backup, and waits for what came since.

    Until it is done nothing new is published for the user (`journal.restored`).
    """

    user = fingerprint_field(unique=True)
    backup = models.DateTimeField()  # the moment that came back
    # Since when peers are asked; empty while the user has not let the node's new key act.
    since = models.DateTimeField(null=True)
    done = models.DateTimeField(null=True)
    # Revocations that the user's own key has signed already, to be published when it is done:
    # what the earlier key had signed is not accepted any more after them.
    partings = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"{self.user[:12]} since {self.backup}"
