"""Reading accepted resources for the accounts of this node (protocol §7, §9).

What is to be read stands in `Unopened`, written with the resource. Decrypting and signing happen
before the database is locked; then letters, receipts and the end of waiting are one transaction.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db import transaction
from django.utils import timezone

from journal.ledger import find_schema
from journal.models import Resource
from journal.publish import ToPublish, sign_for, write_own
from journal.restored import waiting_users
from mail.filing import Filing, file_letters, prepare
from mail.live import tell
from mail.models import Contact, Letter, Unopened, Unreadable
from mail.notices import letters_came
from mail.owed import note_given, owe
from mail.readers import keys_for
from mail.receipts import count_receipts
from mail.receivers import wait_to_be_opened
from nodes import keystore
from nodes.counts import count
from nodes.errors import UserError
from nodes.facts import current_facts
from nodes.models import Account, LocalNode
from sdmp import limits
from sdmp.container import build_from
from sdmp.encrypted import open_sealed, read_inner, seal
from sdmp.errors import CannotOpen, SdmpError
from sdmp.keys import PrivateKey
from sdmp.letter import read_letter
from sdmp.resource import Resource as Made
from sdmp.resource import read_resource
from sdmp.trust import PUBLISH_RESOURCE, READ_ENCRYPTED, Facts

_log = structlog.get_logger(__name__)
COMES_BACK: Final = timedelta(days=60)
"""For how long after a recovery mail that does not open is kept in mind for the user's key."""

_AT_ONCE: Final = 64
_BYTES_AT_ONCE: Final = 16 * limits.MIB
one_at_a_time = threading.Lock()


@dataclass(slots=True)
class Opened:
    """What one resource turned out to be."""

    waiting: int
    resource: Resource
    filings: list[Filing] = field(default_factory=list)
    receipt_for: list[str] = field(default_factory=list)
    received: str = ""
    receipts: list[Made] = field(default_factory=list)
    owed: list[str] = field(default_factory=list)  # users whose receipts have to wait
    closed_to: list[int] = field(default_factory=list)  # accounts whose own key might open it


@dataclass(frozen=True, slots=True)
class Written:
    """The letters that were filed, and those of which a delivery changed."""

    filed: list[Letter]
    counted: list[Letter]


def open_waiting() -> int:
    """Open all that waits, oldest first; return how many resources were opened."""
    opened, more = 0, True
    with one_at_a_time:
        while more:
            rows, more = _next()
            if rows:
                _open(rows)
            opened += len(rows)
    return opened


def _open(rows: Sequence[Unopened]) -> None:
    reader = Reader(timezone.now())
    found = [reader.open(row) for row in rows]
    reader.sign_receipts(found)
    with transaction.atomic():
        write_opened(found, reader.now)


def _next() -> tuple[list[Unopened], bool]:
    """Take what has waited longest: as much as may be in memory at once, one at least.

    Returns:
        The rows, and whether there may be more behind them.
    """
    waiting = list(Unopened.objects.order_by("id").values_list("pk", "resource__size")[:_AT_ONCE])
    if not waiting:
        return [], False
    chosen: list[int] = []
    room = _BYTES_AT_ONCE
    for pk, size in waiting:
        room -= size
        if chosen and room < 0:
            break
        chosen.append(pk)
    rows = Unopened.objects.filter(pk__in=chosen).select_related("resource").order_by("id")
    return list(rows), len(waiting) == _AT_ONCE or len(chosen) < len(waiting)


class Reader:
    """Opens resources with what is known at one time.

    `key` is a user's own key, tried beside the node's; whose receipts for the messages named by
    `receipted` there are already, gives none again.
    """

    def __init__(
        self, now: datetime, key: PrivateKey | None = None, receipted: Collection[str] = ()
    ) -> None:
        self.now = now
        self.receipted = receipted
        self._keys = [*keystore.own_keys(), *([key] if key else [])]
        self.here = keystore.node_fingerprint()
        self.facts: Facts = current_facts()
        self.catching_up = waiting_users()
        # Suspended ones too: what comes for them is kept until they are let in again.
        accounts = Account.objects.filter(mode=Account.Mode.FULL)
        self.accounts = {a.fingerprint: a for a in accounts if a.fingerprint}
        self.blocked = set(Contact.objects.exclude(blocked=None).values_list("account_id", "user"))
        since = now - COMES_BACK
        self._recovered = [
            a for a in self.accounts.values() if key is None and a.recovered and a.recovered > since
        ]

    def open(self, row: Unopened) -> Opened:
        """Find out what a resource is and for whom."""
        opened = Opened(row.pk, row.resource)
        try:
            content = read_resource(row.resource.envelope(), resolve=lambda _: {})
            if content.kind == "message":
                self._notice(opened, str(content.sections["message"]))
            elif content.kind == "encrypted":
                self._sealed(opened, content)
        except CannotOpen:
            opened.closed_to = self._whose_key_might(row.resource.author)
        except (SdmpError, ValueError) as error:
            why = error.why if isinstance(error, SdmpError) else "revoked"
            _log.debug("not for an account here", resource=row.resource.identifier[:12], why=why)
        except Exception:
            # What a stranger wrote must not keep everything behind it from being read.
            opened.filings.clear()
            opened.receipt_for.clear()
            _log.exception("cannot be read", resource=row.resource.identifier[:12])
        return opened

    def _notice(self, opened: Opened, text: str) -> None:
        author = opened.resource.author
        content = read_letter(text)
        for user, account in self.accounts.items():
            # This node may have it for another one here, whom alone its author lets read.
            may_read = self.facts.gives(author, user, self.now)
            if user == author or (may_read and self._lets_in(account, user, author)):
                opened.filings.append(prepare(account, text, content, notice=True))

    def _sealed(self, opened: Opened, content: Made) -> None:
        author = opened.resource.author
        plaintext = open_sealed(content.sections["encrypted"], self._keys)
        inner = read_inner(plaintext, author, find_schema)
        if "receipt" in inner.schemas:
            opened.received = str(inner.section("receipt"))
            return
        if "message" not in inner.schemas:
            return
        text = str(inner.section("message"))
        letter = read_letter(text)
        for user in dict.fromkeys([*letter.to, author]):
            account = self.accounts.get(user)
            if account is None or not self._may(user, READ_ENCRYPTED):
                continue
            if user == author:
                opened.filings.append(prepare(account, text, letter, notice=False))
            elif self._lets_in(account, user, author):
                opened.filings.append(prepare(account, text, letter, notice=False))
                new = opened.resource.identifier not in self.receipted
                if new and self._may(user, PUBLISH_RESOURCE):
                    opened.receipt_for.append(user)

    def sign_receipts(self, found: Sequence[Opened]) -> None:
        """Make the receipts that are due, encrypted to the senders (§9)."""
        for opened in found:
            for user in opened.receipt_for:
                if user in self.catching_up:
                    opened.owed.append(user)
                    continue
                try:
                    opened.receipts.append(
                        make_receipt(user, opened.resource, self.facts, self.now)
                    )
                except UserError as error:
                    _log.info("no receipt", reason=str(error))

    def _whose_key_might(self, author: str) -> list[int]:
        """List the accounts to which older mail comes back, and who know the author."""
        return [
            account.pk
            for account in self._recovered
            if author == account.fingerprint
            or self.facts.gives(str(account.fingerprint), author, self.now)
        ]

    def _may(self, user: str, power: str) -> bool:
        return power in (self.facts.authorised(user, self.here, self.now) or ())

    def _lets_in(self, account: Account, user: str, author: str) -> bool:
        if (account.pk, author) in self.blocked:
            return False
        return self.facts.gives(user, author, self.now)


def make_receipt(user: str, message: Resource, facts: Facts, now: datetime) -> Made:
    """Make the receipt of a user for a message, signed by this node.

    Raises:
        UserError: the sender's key is not known, or this node may not publish for the user.
    """
    inner = build_from({"resource": {"user": user}, "receipt": message.identifier})
    section = seal(inner, keys_for([message.author, user], facts, now))
    return sign_for(ToPublish(user, {"encrypted": section}), facts, now)


def write_opened(found: Sequence[Opened], now: datetime) -> Written:
    """File what was found, publish the receipts, and end the waiting; in a transaction."""
    # The head's lock, which publishing takes anyway, keeps other processes from filing meanwhile.
    LocalNode.objects.select_for_update().first()
    waiting = [opened.waiting for opened in found]
    still = set(
        Unopened.objects.select_for_update().filter(pk__in=waiting).values_list("pk", flat=True)
    )
    mine = [opened for opened in found if opened.waiting in still]  # nobody was faster
    filings = [(filing, opened.resource) for opened in mine for filing in opened.filings]
    filed = file_letters(filings, now)
    for letter in filed:
        tell(letter.account_id, "letter", thread=str(letter.conversation_id))
    letters_came(filed)
    filed_for = {(letter.resource_id, letter.account.fingerprint) for letter in filed}
    here = set(Account.objects.exclude(fingerprint=None).values_list("fingerprint", flat=True))
    receipts: list[Made] = []
    readers_here: set[str] = set()
    for opened in mine:
        for made in opened.receipts:
            if (opened.resource.pk, made.user) in filed_for:
                receipts.append(made)
                if opened.resource.author in here:
                    readers_here.add(made.identifier)
    for opened in mine:
        owed = [user for user in opened.owed if (opened.resource.pk, user) in filed_for]
        owe(owed, opened.resource.identifier)
    note_given([(o.resource.author, o.received) for o in mine if o.received])
    counted = count_receipts([(o.received, o.resource) for o in mine if o.received], now)
    for letter in counted:
        tell(letter.account_id, "delivery", thread=str(letter.conversation_id))
    Unreadable.objects.bulk_create(
        [Unreadable(account_id=pk, resource=o.resource) for o in mine for pk in o.closed_to],
        ignore_conflicts=True,
    )
    Unopened.objects.filter(pk__in=still).delete()
    if receipts:
        written = write_own(receipts, now=now)
        count("receipts", "sent", len(written))
        wait_to_be_opened([row for row, _ in written if row.identifier in readers_here])
    return Written(filed, counted)
