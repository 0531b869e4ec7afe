"""Why the content of a resource is kept. Nothing that may still be needed goes.

What a resource was for is often not known here: what is sealed names nobody (§7). So each question
is asked the other way round: content goes only when it is known that nobody needs it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from hosting.retention.told import sure_positions
from journal.held_by import holders
from journal.models import Resource
from mail.models import Delivery, Letter, Unopened, Unreadable
from mail.sealing import open_head
from nodes import keystore
from nodes.facts import current_facts
from nodes.models import Account
from sdmp.trust import READ_ENCRYPTED


@dataclass(frozen=True, slots=True)
class Held:
    """A resource whose content might go: all that is asked about it, without the content."""

    pk: int
    identifier: str
    author: str
    kind: str
    size: int
    received: datetime
    position: int


def held(keys: Collection[int]) -> list[Held]:
    """Describe resources of a node's journal, in order; one that has no line is left out."""
    rows = Resource.objects.filter(
        pk__in=keys, payload__isnull=False, revoked_by=None, line__isnull=False
    ).order_by("pk")
    values = rows.values_list(
        "pk", "identifier", "author", "kind", "size", "received", "line__position"
    )
    return [Held(*value) for value in values]


class Keeper:
    """Says why content is kept, by what is known at one moment."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._facts = current_facts()
        self._here = keystore.node_fingerprint()
        self._own = set(keystore.own_fingerprints())
        accounts = Account.objects.exclude(fingerprint=None)
        self.accounts = {account.pk: str(account.fingerprint) for account in accounts}
        self.here = set(self.accounts.values())
        self._closed = self._not_read_for(accounts)
        self._sure = {
            peer: position for peer, position in sure_positions().items() if peer not in self._own
        }
        self._hosted: dict[str, bool] = {}
        self._behind: dict[tuple[str, str], int] = {}
        self._others: dict[str, frozenset[str]] = {}

    def _not_read_for(self, accounts: Iterable[Account]) -> list[str]:
        """List the users for whom this node keeps and cannot read."""
        full = {
            str(account.fingerprint)
            for account in accounts
            if account.mode == Account.Mode.FULL
            and READ_ENCRYPTED
            in (self._facts.authorised(str(account.fingerprint), self._here, self.now) or ())
        }
        served = {user for key in self._own for user in self._facts.users_of(key, self.now)}
        return sorted((served | self.here) - full)

    # Questions about any content

    def hosted(self, author: str) -> bool:
        """Tell whether an author's content may be kept for a user for whom nothing is read here."""
        if author not in self._hosted:
            self._hosted[author] = any(
                author == user or self._facts.gives(author, user, self.now) for user in self._closed
            )
        return self._hosted[author]

    def other_nodes(self, user: str) -> frozenset[str]:
        """Give a user's nodes beside this one, and those that may yet agree to be."""
        if user not in self._others:
            trusted = {
                node
                for node in self._facts.trustees(user, "node")
                for trust in self._facts.trusts_between(user, node)
                if trust.type == "node" and self._facts.is_current(trust, self.now)
            }
            self._others[user] = frozenset(trusted - self._own)
        return self._others[user]

    def told_to_all(self, row: Held) -> bool:
        """Tell whether all peers that may have it have surely had the time to fetch it."""
        question = (row.author, row.kind)
        if question not in self._behind:
            self._behind[question] = min(
                (sure for peer, sure in self._sure.items() if self._may_have(peer, *question)),
                default=2**62,
            )
        return row.position <= self._behind[question]

    def _may_have(self, peer: str, author: str, kind: str) -> bool:
        return self._facts.may_have(
            self._here, peer, author=author, kind=kind, trustee=None, now=self.now
        )

    def for_anybody(self, row: Held, copies: Copies, readers: Iterable[str]) -> str:
        """Say why content is kept whatever it is; `readers` are the accounts that it concerns."""
        if self.hosted(row.author):
            return "hosted"
        there = copies.elsewhere.get(row.pk, set())
        if any(not self.other_nodes(user) <= there for user in readers):
            return "other_node"
        return "" if self.told_to_all(row) else "told"


@dataclass(frozen=True, slots=True)
class Copies:
    """Who has some resources: letters of accounts here, what still waits, and their other nodes."""

    letters: dict[int, list[Letter]]
    deliveries: dict[int, list[Delivery]]
    unopened: set[int]
    unreadable: set[int]
    elsewhere: dict[int, set[str]]

    @classmethod
    def of(cls, rows: Sequence[Held]) -> Copies:
        """Look them up at once."""
        keys = [row.pk for row in rows]
        letters: dict[int, list[Letter]] = {}
        for letter in Letter.objects.filter(resource__in=keys).defer("sealed_body"):
            letters.setdefault(letter.resource_id, []).append(letter)
        deliveries: dict[int, list[Delivery]] = {}
        sent = [letter.pk for each in letters.values() for letter in each if letter.outgoing]
        for delivery in Delivery.objects.filter(letter__in=sent):
            deliveries.setdefault(delivery.letter_id, []).append(delivery)
        unopened = Unopened.objects.filter(resource__in=keys)
        unreadable = Unreadable.objects.filter(resource__in=keys)
        return cls(
            letters,
            deliveries,
            set(unopened.values_list("resource_id", flat=True)),
            set(unreadable.values_list("resource_id", flat=True)),
            holders(keys),
        )

    def waits(self, row: Held) -> str:
        """Say whether something waits to be read, whoever for."""
        if row.pk in self.unopened:
            return "unopened"
        if row.pk in self.unreadable:
            return "unreadable"
        if any(not letter.read and not letter.outgoing for letter in self.letters.get(row.pk, ())):
            return "unread"
        return ""

    def has_arrived(self, letter: Letter) -> bool:
        """Tell whether everybody to whom a letter was sent has said to have it."""
        received = {
            delivery.recipient
            for delivery in self.deliveries.get(letter.pk, ())
            if delivery.state == Delivery.State.RECEIVED
        }
        return set(open_head(letter.sealed_head).to) - {letter.author} <= received


def why_private(row: Held, copies: Copies, keeper: Keeper) -> str:
    """Say why the sealed original of a filed message is kept; nothing when it may go."""
    waits = copies.waits(row)
    if waits:
        return waits
    letters = copies.letters.get(row.pk, [])
    readers = {keeper.accounts[letter.account_id] for letter in letters}
    sent = [letter for letter in letters if letter.outgoing]
    if row.author in keeper.here:
        # Whoever has deleted what he sent has deleted what was known of its way, too.
        if not sent or not all(copies.has_arrived(letter) for letter in sent):
            return "undelivered"
    else:
        named = {user for letter in letters for user in open_head(letter.sealed_head).to}
        if not letters or not named or not named <= keeper.here | {row.author}:
            return "for_others"
        if not named - {row.author} <= readers:
            return "for_others"
    return keeper.for_anybody(row, copies, readers | ({row.author} & keeper.here))


def why_notice(row: Held, copies: Copies, keeper: Keeper) -> str:
    """Say why a public notice of somebody elsewhere is kept; nothing when it may go."""
    letters = copies.letters.get(row.pk, [])
    if waits := copies.waits(row):
        return waits
    if not letters:
        return "not_filed"
    return keeper.for_anybody(
        row, copies, {keeper.accounts[letter.account_id] for letter in letters}
    )


def why_receipt(row: Held, copies: Copies, keeper: Keeper, sender: str) -> str:
    """Say why a counted receipt for a letter of `sender` is kept; nothing when it may go."""
    if waits := copies.waits(row):
        return waits
    return keeper.for_anybody(row, copies, {sender} | ({row.author} & keeper.here))
