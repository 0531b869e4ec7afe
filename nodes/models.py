"""Who: accounts, identities, sealed keys, trusts, and the nodes that we talk to."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

FINGERPRINT_LENGTH = 86


def fingerprint_field(**options: object) -> models.CharField[str, str]:
    """Make a column for a fingerprint or an identifier (86 characters, protocol §1)."""
    return models.CharField(max_length=FINGERPRINT_LENGTH, **options)  # type: ignore[arg-type]


class Account(AbstractUser):
    """A login on this node, and the user (protocol §3) whom it speaks for."""

    class Mode(models.TextChoices):
        """What the account lets this node do."""

        FULL = "full", _("this node reads and sends for the account")
        HOST = "host", _("this node keeps and passes on, and can neither read nor send")

    class Theme(models.TextChoices):
        """How the pages look."""

        SYSTEM = "system", _("as the system")
        LIGHT = "light", _("light")
        DARK = "dark", _("dark")

    class Notify(models.TextChoices):
        """What a notification tells."""

        NONE = "none", _("no notifications")
        QUIET = "quiet", _("that something came")
        WHO = "who", _("who wrote")

    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    email = models.EmailField(_("email address"), blank=True, default="")
    name = models.CharField(_("name"), max_length=200, blank=True)
    fingerprint = fingerprint_field(unique=True, null=True, editable=False)
    mode = models.CharField(max_length=4, choices=Mode.choices, default=Mode.FULL)
    recovery_kit = models.TextField(blank=True, editable=False)
    language = models.CharField(max_length=16, blank=True)
    timezone = models.CharField(max_length=64, blank=True)
    theme = models.CharField(max_length=6, choices=Theme.choices, default=Theme.SYSTEM)
    undo_seconds = models.PositiveSmallIntegerField(_("seconds to undo"), default=10)
    notify = models.CharField(max_length=6, choices=Notify.choices, default=Notify.WHO)
    notify_node = models.BooleanField(_("tell what the node needs"), default=True)  # owners alone
    # When the recovery phrase was last shown to be on paper: words asked back, or a test.
    backup_checked = models.DateTimeField(null=True, editable=False)
    checklist_hidden = models.BooleanField(default=False, editable=False)
    is_echo = models.BooleanField(default=False, editable=False)  # answers by itself
    # What the owner of the node lets the account do; suspended is who is not `is_active`.
    quota = models.PositiveBigIntegerField(_("space in bytes"), null=True, blank=True)
    may_invite = models.BooleanField(_("may invite people"), default=True)
    may_write_notices = models.BooleanField(_("may write public notices"), default=True)
    may_let_in_nodes = models.BooleanField(_("may let in other nodes"), default=True)
    # When the account was made here from a recovery file: older mail may come back since.
    recovered = models.DateTimeField(null=True, editable=False)

    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        constraints = [
            models.UniqueConstraint(
                fields=["is_echo"], condition=models.Q(is_echo=True), name="one_echo"
            )
        ]

    def __str__(self) -> str:
        return self.name or self.username

    def get_full_name(self) -> str:
        """Return the name that the person has chosen."""
        return self.name or self.username

    def get_short_name(self) -> str:
        """Return the same: people have one name here."""
        return self.get_full_name()


class LocalNode(models.Model):
    """This node itself: one row. Its journal's head is kept here, and locked while it grows."""

    fingerprint = fingerprint_field(unique=True)
    name = models.CharField(max_length=200)
    address = models.CharField(max_length=270, blank=True)  # SDMPWEB_ADDRESS comes first
    head_position = models.PositiveBigIntegerField(default=1)
    head_line = models.CharField(max_length=3 * FINGERPRINT_LENGTH + 2)
    # Since when it knows that it was restored elsewhere (`journal.taken_over`).
    taken_over = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("this node")

    def __str__(self) -> str:
        return self.name


class SealedKey(models.Model):
    """A private key, sealed with the node secret; only `nodes.keystore` opens it."""

    fingerprint = fingerprint_field(unique=True)
    sealed = models.BinaryField()
    created = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.fingerprint[:12]


class Identity(models.Model):
    """Index of an accepted identity: of a user, or of a node as published for one user (§3)."""

    identifier = fingerprint_field(unique=True)
    user = fingerprint_field(db_index=True)
    fingerprint = fingerprint_field(db_index=True)
    type = models.CharField(max_length=4)
    expires = models.DateTimeField()
    pem = models.TextField()

    class Meta:
        verbose_name_plural = _("identities")

    def __str__(self) -> str:
        return f"{self.type} {self.fingerprint[:12]}"


class Trust(models.Model):
    """Index of an accepted trust (§6); `settled` unless it was accepted as ended."""

    identifier = fingerprint_field(unique=True)
    issuer = fingerprint_field(db_index=True)
    trustee = fingerprint_field(db_index=True)
    type = models.CharField(max_length=4)
    powers = models.JSONField()
    expires = models.DateTimeField(null=True)
    signer = fingerprint_field()
    named = fingerprint_field(blank=True)
    settled = models.BooleanField(default=True)

    def __str__(self) -> str:
        return f"{self.issuer[:12]} trusts {self.type} {self.trustee[:12]}"


class Revocation(models.Model):
    """Index of an accepted revocation (§6), whether or not its target is held."""

    identifier = fingerprint_field(unique=True)
    user = fingerprint_field()
    target = fingerprint_field(db_index=True)
    signer = fingerprint_field()
    authorization = fingerprint_field(blank=True)

    def __str__(self) -> str:
        return f"revocation of {self.target[:12]}"


class Address(models.Model):
    """Where a node is reached, as it published it for one of its users (schema `node`)."""

    identifier = fingerprint_field(unique=True)
    node = fingerprint_field(db_index=True)
    user = fingerprint_field()
    name = models.CharField(max_length=200, blank=True)
    ips = models.JSONField()
    urls = models.JSONField()

    class Meta:
        verbose_name_plural = _("addresses")

    def __str__(self) -> str:
        return self.name or self.node[:12]


class Peer(models.Model):
    """A node that we talk to, or try to."""

    fingerprint = fingerprint_field(unique=True)
    # The journal of the peer as far as we have read it, and ours as far as we have told it (§8).
    known_line = models.CharField(max_length=3 * FINGERPRINT_LENGTH + 2)
    known_position = models.PositiveBigIntegerField(default=1)
    sent_position = models.PositiveBigIntegerField(default=1)
    read_again = models.BooleanField(default=False)
    # It is another node of a user served here: what its journal has is noted (`journal.held_by`).
    noted = models.BooleanField(default=False)
    # Where its owner's offer (§12) says that it is reached, until it has published an address.
    offered = models.JSONField(default=list)
    rewritten = models.DateTimeField(null=True)
    last_contact = models.DateTimeField(null=True)
    # When it last called us and proved itself: then our address is open from outside.
    last_called = models.DateTimeField(null=True)
    # When its journal was first read to the end since this node was restored from a backup.
    heard_out = models.DateTimeField(null=True)
    # From where that call came: `public`, `private`, `loopback`; nobody's address is kept.
    called_from = models.CharField(max_length=8, blank=True)
    failures = models.PositiveIntegerField(default=0)
    next_attempt = models.DateTimeField(default=timezone.now, db_index=True)
    last_error = models.CharField(max_length=300, blank=True)
    # Who holds a session with the peer or is dialling it, until when unless renewed.
    lease_owner = models.CharField(max_length=64, blank=True)
    lease_until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.fingerprint[:12]


class ContactRequest(models.Model):
    """Credentials by which a stranger trusts one of our users, kept for that user (§10)."""

    user = fingerprint_field(db_index=True)
    stranger = fingerprint_field()
    node = fingerprint_field()
    credentials = models.BinaryField()
    received = models.DateTimeField(default=timezone.now)
    ignored = models.DateTimeField(null=True)
    # By an invitation of this number, whose token the stranger showed.
    invitation = models.PositiveBigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "stranger"], name="one_request_of_a_stranger")
        ]

    def __str__(self) -> str:
        return f"{self.stranger[:12]} asks {self.user[:12]}"


class Farewell(models.Model):
    """A revocation still to be handed to a node that it cuts off, tried for 30 days (§6)."""

    peer = fingerprint_field(db_index=True)
    revocation = fingerprint_field()
    until = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["peer", "revocation"], name="one_farewell_each")
        ]

    def __str__(self) -> str:
        return f"{self.revocation[:12]} for {self.peer[:12]}"


class SetupLink(models.Model):
    """A single-use link by which the owner's account is made; only its hash is kept."""

    token_hash = models.CharField(max_length=128, unique=True)
    created = models.DateTimeField(default=timezone.now)
    used = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return "used" if self.used else "open"


class LoginLink(models.Model):
    """A single-use link by which a person sets a new password; only its hash is kept.

    It opens the account's pages and no key.
    """

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    token_hash = models.CharField(max_length=128, unique=True)
    created = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField()
    used = models.DateTimeField(null=True)
    clears_factors = models.BooleanField(default=False)  # second factors and passkeys go too

    def __str__(self) -> str:
        return "used" if self.used else "open"


class Count(models.Model):
    """How often something happened, since the node was made; added to by all its processes."""

    name = models.CharField(max_length=48)
    label = models.CharField(max_length=48, blank=True)
    count = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "label"], name="one_count_each")]

    def __str__(self) -> str:
        return f"{self.name} {self.label}: {self.count}"


class Exchange(models.Model):
    """What went to and fro with a peer within one hour."""

    peer = fingerprint_field()
    hour = models.DateTimeField()  # its beginning
    sessions = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    frames_in = models.PositiveBigIntegerField(default=0)
    frames_out = models.PositiveBigIntegerField(default=0)
    bytes_in = models.PositiveBigIntegerField(default=0)
    bytes_out = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["peer", "hour"], name="one_exchange_an_hour")
        ]
        indexes = [models.Index(fields=["hour"], name="exchange_hour")]

    def __str__(self) -> str:
        return f"{self.peer[:12]} at {self.hour}"
