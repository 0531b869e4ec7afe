"""The recovery phrase put to the test, and the mail that comes back after a recovery (§7, §12).

Older mail is encrypted for the user's own key and for nodes that are gone. The user's key is kept
nowhere, so what came back waits, still encrypted, until the words open it: once, in memory.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext

from journal.accept import accept
from journal.models import Resource, Wanted
from journal.revoke import revoke_all
from journal.user_key import open_user_key
from mail import adding
from mail.contacts import add_contact
from mail.filing import count_again
from mail.live import tell
from mail.models import Delivery, Letter, Unopened, Unreadable
from mail.opening import Reader, one_at_a_time, write_opened
from mail.presentation import clean_name
from mail.receivers import wait_to_be_opened
from nodes import keystore
from nodes.addresses import node_name
from nodes.errors import UserError
from nodes.facts import current_facts
from nodes.models import Account, Peer
from nodes.peers import clear_back_off
from nodes.wake import start_task
from sdmp import limits
from sdmp.card import read_card
from sdmp.encoding import JSON
from sdmp.keys import PrivateKey
from sdmp.resource import read_resource

SECONDS_AT_ONCE: Final = 30.0
"""So long a page may be waited for; what is left then takes the words once more."""

_AT_ONCE: Final = 64
_BYTES_AT_ONCE: Final = 16 * limits.MIB


def note_checked(account: Account, now: datetime) -> None:
    """Note that the recovery phrase has been shown to be on paper."""
    Account.objects.filter(pk=account.pk).update(backup_checked=now)
    account.backup_checked = now


def check_words(account: Account, kit: bytes | None, phrase: str) -> None:
    """Test that the words open a recovery file, and that it is this account's.

    Args:
        account: whose it should be.
        kit: the file; the copy kept here when `None`.
        phrase: the words as they were typed.

    Raises:
        UserError: one sentence that says what is wrong.
    """
    open_user_key(account, phrase, kit or b"")
    note_checked(account, timezone.now())


def forget_kit(account: Account) -> None:
    """Delete the copy of the recovery file that is kept here.

    Raises:
        UserError: nothing has shown yet that the person could do without it.
    """
    if account.backup_checked is None:
        raise UserError(gettext("Test your own file first; then the copy here can go."))
    Account.objects.filter(pk=account.pk).update(recovery_kit="")
    account.recovery_kit = ""


# After a recovery


@dataclass(frozen=True, slots=True)
class Source:
    """A node that is asked for older mail."""

    name: str
    heard: datetime | None
    error: str


@dataclass(frozen=True, slots=True)
class Returning:
    """How far older mail has come back: counts of letters and of what is still closed."""

    letters: int
    closed: int  # to be tried with the words
    others: int  # tried, and not for this account
    coming: int  # known of and still to be fetched
    sources: list[Source]


def returning(account: Account) -> Returning:
    """Say what has come back, and from where more may come."""
    facts, now, own = current_facts(), timezone.now(), str(account.fingerprint)
    here = keystore.node_fingerprint()
    nodes: dict[str, None] = {}
    for user in [own, *sorted(facts.trustees(own, "user"))]:
        if user == own or facts.gives(own, user, now):
            nodes.update(dict.fromkeys(sorted(facts.nodes_of(user, now))))
    nodes.pop(here, None)
    peers = {peer.fingerprint: peer for peer in Peer.objects.filter(fingerprint__in=nodes)}
    state = Unreadable.objects.filter(account=account).aggregate(
        closed=Count("pk", filter=Q(tried=False)), tried=Count("pk", filter=Q(tried=True))
    )
    opened = Unreadable.objects.filter(
        account=account,
        tried=True,
        resource__in=Letter.objects.filter(account=account).values("resource"),
    )
    return Returning(
        letters=Letter.objects.filter(account=account, filed__lt=_since(account)).count(),
        closed=state["closed"],
        others=state["tried"] - opened.count(),
        coming=Wanted.objects.filter(passed_over=False, attempts=0).count(),
        sources=[_source(node, peers.get(node)) for node in nodes],
    )


def ask_at(account: Account, text: str, file: bytes | None = None) -> str:
    """Ask where older mail may be: at the nodes that a card names.

    Args:
        account: a recovered one.
        text: a link or a card, of a contact or the account's own of before.
        file: the same as a file, or a picture with a QR code; it comes first.

    Returns:
        Whose card it was; nothing when it was the account's own.

    Raises:
        UserError: there is no card, or not one that helps.
    """
    if file is not None:
        found = adding.look_at_file(account, file, own=True)
    else:
        found = adding.look(account, text, own=True)
    now, user, name = timezone.now(), found.summary.fingerprint, ""
    with transaction.atomic():
        if user == account.fingerprint:
            accept(read_card(found.card), now=now)
        else:
            name = add_contact(account, found.card).name
        clear_back_off(set(current_facts().nodes_of(user, now)), now)
        transaction.on_commit(lambda: start_task("journal.tasks.look_for_work"))
    return name


def open_old_mail(account: Account, phrase: str, kit: bytes | None = None) -> int:
    """Open with the user's own key what came back; returns how many messages were filed.

    The key is in memory for as long as that takes, half a minute at most, and kept nowhere. Each
    part is one transaction: a killed process leaves the rest as it was, and so does a long work.

    Args:
        account: a recovered one.
        phrase: the words as they were typed.
        kit: the recovery file, where no copy is kept here.

    Raises:
        UserError: the words are not right.
    """
    key = open_user_key(account, phrase, kit or b"")
    note_checked(account, timezone.now())
    receipted: set[str] = set()
    filed = 0
    with one_at_a_time:
        until = time.monotonic() + SECONDS_AT_ONCE
        # One's own first: then it is known what has been receipted, and receipts find letters.
        for own in (True, False):
            while time.monotonic() < until and (chosen := _next(account, own=own)):
                filed += _open_some(account, chosen, key, receipted)
    _count_receipts_again(account)
    _take_profile_back(account)
    tell(account.pk, "letter")
    tell(account.pk, "counts")
    return filed


def _next(account: Account, *, own: bool) -> list[Unreadable]:
    """Take what came first: as much as may be in memory at once, one at least."""
    rows = Unreadable.objects.filter(account=account, tried=False).order_by("resource_id")
    mine = Q(resource__author=account.fingerprint)
    sizes = rows.filter(mine if own else ~mine).values_list("pk", "resource__size")[:_AT_ONCE]
    chosen: list[int] = []
    room = _BYTES_AT_ONCE
    for pk, size in sizes:
        room -= size
        if chosen and room < 0:
            break
        chosen.append(pk)
    return list(rows.filter(pk__in=chosen))


def _open_some(
    account: Account, chosen: Sequence[Unreadable], key: PrivateKey, receipted: set[str]
) -> int:
    now = timezone.now()
    resources = [row.resource_id for row in chosen]
    with transaction.atomic():
        # Nobody else sees these rows before they are gone again.
        Unopened.objects.bulk_create(
            [Unopened(resource_id=pk) for pk in resources], ignore_conflicts=True
        )
        waiting = Unopened.objects.filter(resource__in=resources).select_related("resource")
        reader = Reader(now, key, receipted)
        found = [
            reader.open(row)
            for row in waiting.order_by("resource_id")
            if row.resource.revoked_by_id is None
        ]
        own = [o.received for o in found if o.resource.author == account.fingerprint]
        receipted.update(message for message in own if message)
        reader.sign_receipts(found)
        written = write_opened(found, now)
        mine = [letter for letter in written.filed if letter.account_id == account.pk]
        _put_in_place(mine, receipted, now)
        # When an old receipt came is not known; that it did, is.
        Delivery.objects.filter(
            letter__in=[letter.pk for letter in written.counted], at__gte=now
        ).update(at=None)
        Unopened.objects.filter(resource__in=resources).delete()
        Unreadable.objects.filter(pk__in=[row.pk for row in chosen]).update(tried=True)
    return len(mine)


def _put_in_place(letters: Sequence[Letter], receipted: set[str], now: datetime) -> None:
    """Give letters their place in time; those that the account had receipted, it had seen."""
    for letter in letters:
        letter.filed = min(letter.date, now)
        letter.read = letter.outgoing or letter.resource.identifier in receipted
    Letter.objects.bulk_update(letters, ["filed", "read"])
    count_again(letters)


def _count_receipts_again(account: Account) -> None:
    """Read again what came open already: a receipt for a letter that was not here yet."""
    waiting = Delivery.objects.filter(letter__account=account, letter__filed__lt=_since(account))
    authors = set(
        waiting.exclude(state=Delivery.State.RECEIVED).values_list("recipient", flat=True)
    )
    if authors:
        with transaction.atomic():
            again = Resource.objects.filter(
                author__in=authors, kind="encrypted", revoked_by=None
            ).exclude(pk__in=Unreadable.objects.filter(account=account).values("resource"))
            wait_to_be_opened(list(again.only("pk").order_by("pk")))


def _take_profile_back(account: Account) -> None:
    """Let the profile of before stand again, in the place of the bare name given meanwhile."""
    held = Resource.objects.filter(author=account.fingerprint, kind="user", revoked_by=None)
    rows = list(held.filter(payload__isnull=False).order_by("pk"))
    here = keystore.node_fingerprint()
    before = [row for row in rows if row.signer != here]
    made = [row for row in rows if row.signer == here]
    if not before or any(_profile(row).keys() != {"name"} for row in made):
        return
    name = clean_name(str(_profile(before[-1])["name"]))[:200] or account.name
    with transaction.atomic():
        revoke_all([row.identifier for row in made], now=timezone.now())
        Account.objects.filter(pk=account.pk).update(name=name)
    account.name = name


def _profile(row: Resource) -> dict[str, JSON]:
    section = read_resource(row.envelope(), resolve=lambda _: {}).sections["user"]
    assert isinstance(section, dict)
    return section


def _since(account: Account) -> datetime:
    return account.recovered or account.date_joined


def _source(node: str, peer: Peer | None) -> Source:
    words = peer.last_error if peer and peer.failures else ""
    return Source(node_name(node), peer.last_contact if peer else None, words)
