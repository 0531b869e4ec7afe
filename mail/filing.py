"""Putting letters into an account's conversations, and keeping the conversations' sums right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Count, F, Max, Q

from journal.models import Resource
from mail.flags import let_in
from mail.models import (
    Contact,
    Conversation,
    Deleted,
    Delivery,
    Letter,
    SearchText,
    StrayReceipt,
)
from mail.sealing import head_of, seal_head, seal_text
from mail.search_text import seal_search_text
from nodes.counts import count
from nodes.models import Account
from sdmp.letter import Letter as Content
from sdmp.resource import parse_uri, uri

_AUTHORS: Final = 12  # of a conversation, named in a list


@dataclass(frozen=True, slots=True)
class Filing:
    """A letter to be filed for one account; sealed before the database is locked."""

    account: Account
    content: Content
    notice: bool
    sealed_head: bytes
    sealed_body: bytes
    sealed_text: bytes | None  # for search, where there are files that it need not open


@dataclass(frozen=True, slots=True)
class _Placed:
    """A letter, and the thread of the conversation to which it belongs."""

    filing: Filing
    resource: Resource
    thread: str

    @property
    def outgoing(self) -> bool:
        return self.resource.author == self.filing.account.fingerprint

    @property
    def begins(self) -> bool:
        """Whether the conversation is named for this letter."""
        return self.thread == self.resource.uri

    @property
    def where(self) -> tuple[int, str]:
        return self.filing.account.pk, self.thread


def prepare(account: Account, text: str, content: Content, *, notice: bool) -> Filing:
    """Seal a letter for an account.

    Args:
        account: whose copy it is.
        text: the message as it was written.
        content: the same, read.
        notice: whether it is public.
    """
    return Filing(
        account=account,
        content=content,
        notice=notice,
        sealed_head=seal_head(head_of(content)),
        sealed_body=seal_text(text),
        sealed_text=seal_search_text(content),
    )


def file_letters(
    filings: Sequence[tuple[Filing, Resource]], now: datetime, *, new: bool = False
) -> list[Letter]:
    """File letters in the order given, each once; those which an account has are left out.

    Call it in a transaction that has locked the journal's head, so that nobody files meanwhile.

    Args:
        filings: the letters, with the resources that they came in.
        now: when they came.
        new: whether the resources were made in this transaction: then nobody has them yet, and
            no receipt can have come.
    """
    placed = _place(filings, new=new)
    conversations = _conversations(placed, now, new=new)
    letters = Letter.objects.bulk_create(
        [
            Letter(
                account=item.filing.account,
                conversation=conversations[item.where],
                resource=item.resource,
                author=item.resource.author,
                outgoing=item.outgoing,
                notice=item.filing.notice,
                date=item.filing.content.date or now,
                filed=now,
                read=item.outgoing,
                has_attachments=bool(item.filing.content.attachments),
                sealed_head=item.filing.sealed_head,
                sealed_body=item.filing.sealed_body,
            )
            for item in placed
        ]
    )
    SearchText.objects.bulk_create(
        [
            SearchText(letter=letter, sealed=item.filing.sealed_text)
            for letter, item in zip(letters, placed, strict=True)
            if item.filing.sealed_text is not None
        ]
    )
    _expect_deliveries(
        {
            letter: [user for user in item.filing.content.to if user != letter.author]
            for letter, item in zip(letters, placed, strict=True)
            if item.outgoing and not item.filing.notice
        },
        new=new,
    )
    _let_in_recipients(placed)
    sent = sum(letter.outgoing for letter in letters)
    count("letters", "sent", sent)
    count("letters", "filed", len(letters) - sent)
    return letters


def count_again(letters: Iterable[Letter]) -> None:
    """Let the conversations of letters that were moved in time say again when and what is new."""
    conversations = {letter.conversation_id for letter in letters}
    sums = (
        Letter.objects.filter(conversation__in=conversations)
        .values("conversation_id")
        .annotate(latest=Max("filed"), unread=Count("pk", filter=Q(read=False)))
    )
    for one in sums:
        Conversation.objects.filter(pk=one["conversation_id"]).update(
            latest=one["latest"], unread=one["unread"]
        )


def _let_in_recipients(placed: Sequence[_Placed]) -> None:
    """Whoever an account has written to, it knows."""
    for account, items in _by_account(placed).items():
        written_to = dict.fromkeys(
            user
            for item in items
            if item.outgoing and not item.filing.notice
            for user in item.filing.content.to
        )
        for user in _strangers(account, written_to):
            let_in(account, user)


def _by_account(placed: Sequence[_Placed]) -> dict[Account, list[_Placed]]:
    found: dict[Account, list[_Placed]] = {}
    for item in placed:
        found.setdefault(item.filing.account, []).append(item)
    return found


def _strangers(account: Account, users: Iterable[str]) -> list[str]:
    """Say whom of these users an account has neither checked nor let in."""
    asked = [user for user in users if user != account.fingerprint]
    if not asked:
        return []
    contacts = Contact.objects.filter(account=account, user__in=asked)
    known = set(
        contacts.filter(
            Q(let_in__isnull=False) | Q(checked__isnull=False) | ~Q(introduced_by="")
        ).values_list("user", flat=True)
    )
    unknown = [user for user in asked if user not in known]
    if unknown:  # those on this node are in its directory
        here = Account.objects.filter(fingerprint__in=unknown)
        known.update(here.values_list("fingerprint", flat=True))
    return [user for user in unknown if user not in known]


def _place(filings: Sequence[tuple[Filing, Resource]], *, new: bool) -> list[_Placed]:
    """Find the thread of each letter that its account does not have yet."""
    resources = [] if new else [resource.pk for _, resource in filings]
    had = Letter.objects.filter(resource__in=resources).values_list("account_id", "resource_id")
    done = set(had)
    gone = Deleted.objects.filter(resource__in=resources).values_list("account_id", "resource_id")
    done.update(gone)
    placed: list[_Placed] = []
    threads: dict[tuple[int, str], str] = {}
    for filing, resource in filings:
        if (filing.account.pk, resource.pk) in done:
            continue
        done.add((filing.account.pk, resource.pk))
        thread = _thread(filing, resource, threads)
        threads[filing.account.pk, resource.identifier] = thread
        placed.append(_Placed(filing, resource, thread))
    return placed


def _thread(filing: Filing, resource: Resource, others: Mapping[tuple[int, str], str]) -> str:
    """Say to which conversation a letter belongs: as it says, or as what it answers does.

    `others` holds the threads of the letters filed along with it, by account and identifier.
    """
    account, content = filing.account, filing.content
    for reference in (content.in_reply_to, content.thread):
        if reference is None:
            continue
        _, identifier = parse_uri(reference)
        if (account.pk, identifier) in others:
            return others[account.pk, identifier]
        answered = Letter.objects.filter(account=account, resource__identifier=identifier)
        known = answered.values_list("conversation__thread", flat=True).first()
        if known is not None:
            return known
    return content.thread or content.in_reply_to or uri(resource.author, resource.identifier)


def _conversations(
    placed: Sequence[_Placed], now: datetime, *, new: bool
) -> dict[tuple[int, str], Conversation]:
    """Make or change the conversations for letters that come to them."""
    coming: dict[tuple[int, str], list[_Placed]] = {}
    for item in placed:
        coming.setdefault(item.where, []).append(item)
    # Nobody can have answered yet what has just been made.
    older = {item.thread for item in placed if not (new and item.begins)}
    rows = Conversation.objects.filter(
        account__in={account for account, _ in coming}, thread__in=older
    )
    found = {(row.account_id, row.thread): row for row in rows}
    waiting = _waiting(coming, found)
    for where, items in coming.items():
        if where in found:
            _add_to(found[where], items, now, waiting=where in waiting)
    made = [
        _begun_by(items, now, waiting=where in waiting)
        for where, items in coming.items()
        if where not in found
    ]
    for row in Conversation.objects.bulk_create(made):
        found[row.account_id, row.thread] = row
    return found


def _waiting(
    coming: Mapping[tuple[int, str], Sequence[_Placed]],
    found: Mapping[tuple[int, str], Conversation],
) -> set[tuple[int, str]]:
    """Say which conversations are to wait: private, and by strangers alone."""
    asked: dict[tuple[int, str], list[str]] = {}
    accounts: dict[int, Account] = {}
    for where, items in coming.items():
        row = found.get(where)
        private = any(not item.filing.notice for item in items)
        if row is None:
            may_wait = private
        else:
            may_wait = not row.has_sent and (row.waiting or (row.is_notice and private))
        if may_wait and not any(item.outgoing for item in items):
            authors = [*(row.authors if row else ()), *(item.resource.author for item in items)]
            asked[where] = list(dict.fromkeys(authors))
            accounts[where[0]] = items[0].filing.account
    strangers = {
        pk: set(_strangers(account, {u for (a, _), us in asked.items() if a == pk for u in us}))
        for pk, account in accounts.items()
    }
    return {where for where, users in asked.items() if strangers[where[0]].issuperset(users)}


def _begun_by(items: Sequence[_Placed], now: datetime, *, waiting: bool) -> Conversation:
    return Conversation(
        account=items[0].filing.account,
        thread=items[0].thread,
        latest=now,
        letters=len(items),
        unread=sum(not item.outgoing for item in items),
        has_received=any(not item.outgoing for item in items),
        has_sent=any(item.outgoing for item in items),
        is_notice=all(item.filing.notice for item in items),
        waiting=waiting,
        authors=_authors((), items),
    )


def _authors(before: Sequence[str], items: Sequence[_Placed]) -> list[str]:
    return list(dict.fromkeys([*before, *(item.resource.author for item in items)]))[:_AUTHORS]


def _add_to(
    conversation: Conversation, items: Sequence[_Placed], now: datetime, *, waiting: bool
) -> None:
    received = sum(not item.outgoing for item in items)
    changes: dict[str, object] = {
        "latest": now,
        "letters": F("letters") + len(items),
        "archived": False,
        "binned": False,
        "waiting": waiting,
        "authors": _authors(conversation.authors, items),
    }
    if not all(item.filing.notice for item in items):
        # A notice, which names any thread it likes, turns no conversation into a public one.
        changes["is_notice"] = False
    if received < len(items):
        changes["has_sent"] = True
    if received:
        changes["has_received"] = True
        changes["unread"] = F("unread") + received
    Conversation.objects.filter(pk=conversation.pk).update(**changes)


def _expect_deliveries(recipients: Mapping[Letter, Sequence[str]], *, new: bool) -> None:
    """Expect for each sent letter a delivery to each recipient; some receipts may be here."""
    if not recipients:
        return
    strays: dict[tuple[str, str], StrayReceipt] = {}
    messages = [] if new else [letter.resource.identifier for letter in recipients]
    for stray in StrayReceipt.objects.filter(message__in=messages):
        strays[stray.message, stray.author] = stray
    deliveries = []
    for letter, users in recipients.items():
        for user in dict.fromkeys(users):
            delivery = Delivery(letter=letter, recipient=user)
            early = strays.get((letter.resource.identifier, user))
            if early is not None:
                delivery.state = Delivery.State.RECEIVED
                delivery.at, delivery.receipt = early.received, early.receipt
                StrayReceipt.objects.filter(message=early.message, author=user).delete()
            deliveries.append(delivery)
    Delivery.objects.bulk_create(deliveries)
