"""What the pages and commands show of letters and conversations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import OuterRef, QuerySet, Subquery

from mail import requests
from mail.keys import is_key
from mail.models import Conversation, Delivery, Draft, Letter
from mail.models.letters import COUNTED, IN_FOLDER
from mail.people import People
from mail.people import Person as Person
from mail.pictures import FileView, view_files
from mail.sealing import Head, open_head, open_text
from mail.waiting import Reason, reasons_for
from nodes.addresses import node_name as published_name
from nodes.models import Account, LocalNode
from sdmp.letter import Attachment, read_letter
from sdmp.resource import parse_uri


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """How far a letter has come on its way to one person."""

    to: Person
    state: str
    at: datetime | None
    node: str
    reason: str
    next_try: datetime | None


@dataclass(frozen=True, slots=True)
class ConversationRow:
    """A line of a list."""

    thread: str
    people: list[Person]
    to: list[Person]
    count: int
    unread: bool
    date: datetime
    title: str
    text: str
    attachments: bool
    starred: bool
    notice: bool
    last_own: bool
    removed: bool
    deliveries: list[DeliveryView]


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of a list, and the cursor after which the next page begins."""

    rows: list[ConversationRow]
    next: str | None


@dataclass(frozen=True, slots=True)
class Marks:
    """How a conversation is marked, and where it stands."""

    thread: str
    starred: bool
    archived: bool
    binned: bool
    waiting: bool
    notice: bool


@dataclass(frozen=True, slots=True)
class LetterAbout:
    """A letter as it was written, and what is known of where it comes from."""

    key: str
    thread: str
    uri: str
    title: str
    author: Person
    node: str
    date: datetime
    filed: datetime
    size: int
    notice: bool
    removed: datetime | None
    source: str


@dataclass(frozen=True, slots=True)
class LetterView:
    """A letter, opened."""

    key: str
    uri: str
    thread: str
    author: Person
    to: list[Person]
    title: str
    date: datetime
    filed: datetime
    body: str
    extra: list[tuple[str, str]]
    attachments: list[FileView]
    deliveries: list[DeliveryView]
    notice: bool
    unread: bool
    starred: bool
    removed: datetime | None


def node_name() -> str:
    """Give the name of this node, or nothing before it is made."""
    node = LocalNode.objects.first()
    return node.name if node else ""


def list_conversations(account: Account, folder: str, before: str | None, limit: int) -> Page:
    """List conversations of a folder, the newest first, by cursor.

    Args:
        account: whose they are.
        folder: inbox, waiting, starred, sent, archive, bin or notices.
        before: the cursor of the page before; the newest when `None` or unreadable.
        limit: how many rows at most.
    """
    found = Conversation.objects.filter(IN_FOLDER[folder], account=account)
    cursor = _read_cursor(before)
    if cursor is not None:
        moment, key = cursor
        # The first condition is the one by which the index is entered.
        found = found.filter(latest__lte=moment).exclude(latest=moment, pk__gte=key)
    rows = list(found.order_by("-latest", "-pk")[: limit + 1])
    more = len(rows) > limit
    return Page(
        rows=_rows(account, rows[:limit]),
        next=_write_cursor(rows[limit - 1]) if more else None,
    )


def conversation_row(account: Account, thread: str) -> ConversationRow | None:
    """Give one conversation as a line of a list."""
    found = _conversation(account, thread)
    return _rows(account, [found])[0] if found else None


def marks(account: Account, thread: str) -> Marks | None:
    """Say how a conversation is marked; `None` when the account has no such."""
    row = _conversation(account, thread)
    if row is None:
        return None
    return Marks(
        thread=str(row.pk),
        starred=row.starred,
        archived=row.archived,
        binned=row.binned,
        waiting=row.waiting,
        notice=row.is_notice,
    )


def count_binned(account: Account) -> int:
    """Count the conversations in the bin."""
    return Conversation.objects.filter(IN_FOLDER["bin"], account=account).count()


def conversation(account: Account, thread: str) -> list[LetterView]:
    """Open the letters of a conversation, oldest first; none when there is no such."""
    found = _conversation(account, thread)
    if found is None:
        return []
    letters = Letter.objects.filter(conversation=found).order_by("filed", "id")
    return _views(account, list(_whole(letters)), People(account))


def open_letters(account: Account, keys: Iterable[int], people: People) -> list[LetterView]:
    """Open several letters of an account, oldest first."""
    letters = Letter.objects.filter(account=account, pk__in=list(keys))
    return _views(account, list(_whole(letters.order_by("filed", "id"))), people)


def letter(account: Account, key: str) -> LetterView | None:
    """Open one letter by its key."""
    if not is_key(key):
        return None
    return _one(account, Letter.objects.filter(pk=int(key)))


def about_letter(account: Account, key: str) -> LetterAbout | None:
    """Tell all that is known of one letter by its key."""
    if not is_key(key):
        return None
    found = Letter.objects.filter(account=account, pk=int(key)).select_related("resource")
    row = found.defer("resource__payload").first()
    if row is None:
        return None
    return LetterAbout(
        key=str(row.pk),
        thread=str(row.conversation_id),
        uri=row.resource.uri,
        title=open_head(row.sealed_head).title,
        author=People(account)(row.author),
        node=_node_name(row.resource.signer),
        date=row.date,
        filed=row.filed,
        size=row.resource.size,
        notice=row.notice,
        removed=row.removed,
        source=open_text(row.sealed_body),
    )


def thread_of(account: Account, uri: str) -> str | None:
    """Find the conversation of a letter by the URI of its resource."""
    found = Letter.objects.filter(account=account, resource__identifier=parse_uri(uri)[1])
    key = found.values_list("conversation_id", flat=True).first()
    return None if key is None else str(key)


def all_letters(account: Account) -> Iterable[LetterView]:
    """Open every letter of an account, oldest first."""
    people = People(account)
    letters = _whole(Letter.objects.filter(account=account)).order_by("filed", "id")
    for row in letters.iterator(chunk_size=200):
        yield _view(account, row, people, {})


def attachment(account: Account, key: str, index: int) -> Attachment | None:
    """Open one file of a letter."""
    if not is_key(key):
        return None
    row = Letter.objects.filter(account=account, pk=int(key)).first()
    if row is None:
        return None
    files = read_letter(open_text(row.sealed_body)).attachments
    return files[index] if index < len(files) else None


def counts(account: Account) -> dict[str, int]:
    """Count the unread conversations of the folders that show it, requests, and drafts."""
    found = {
        name: Conversation.objects.filter(IN_FOLDER[name], account=account, unread__gt=0).count()
        for name in COUNTED
    }
    found["drafts"] = Draft.objects.filter(account=account, deleted=None).count()
    found["requests"] = requests.count_requests(account)
    found["waiting"] += found["requests"]
    return found


def _conversation(account: Account, thread: str) -> Conversation | None:
    if not is_key(thread):
        return None
    return Conversation.objects.filter(account=account, pk=int(thread)).first()


def _whole(letters: QuerySet[Letter]) -> QuerySet[Letter]:
    related = letters.select_related("conversation", "resource").defer("resource__payload")
    return related.prefetch_related("deliveries")


def _one(account: Account, letters: QuerySet[Letter]) -> LetterView | None:
    row = _whole(letters.filter(account=account)).first()
    return _views(account, [row], People(account))[0] if row else None


def _rows(account: Account, found: Sequence[Conversation]) -> list[ConversationRow]:
    people = People(account)
    # One step into the index for each conversation, however many letters it has.
    letters = Letter.objects.filter(conversation=OuterRef("pk")).order_by("-filed", "-id")
    newest = Conversation.objects.filter(pk__in=[item.pk for item in found])
    keys = newest.values_list(Subquery(letters.values("pk")[:1]), flat=True)
    last = {
        row.conversation_id: row
        for row in Letter.objects.filter(pk__in=list(keys))
        .defer("sealed_body")
        .prefetch_related("deliveries")
    }
    heads = {key: open_head(row.sealed_head) for key, row in last.items()}
    people.load({author for item in found for author in item.authors})
    people.load({user for head in heads.values() for user in head.to})
    reasons = reasons_for(_waiting(last.values()))
    return [
        _row(item, last[item.pk], heads[item.pk], people, reasons)
        for item in found
        if item.pk in last
    ]


def _row(
    item: Conversation,
    last: Letter,
    head: Head,
    people: People,
    reasons: dict[str, Reason],
) -> ConversationRow:
    return ConversationRow(
        thread=str(item.pk),
        people=people.all(item.authors or [last.author]),
        to=people.all(head.to),
        count=item.letters,
        unread=item.unread > 0,
        date=last.filed,
        title=head.title,
        text=head.text,
        attachments=last.has_attachments,
        starred=item.starred,
        notice=item.is_notice,
        last_own=last.outgoing,
        removed=last.removed is not None,
        deliveries=_deliveries(last, people, reasons),
    )


def _views(account: Account, rows: Sequence[Letter], people: People) -> list[LetterView]:
    reasons = reasons_for(_waiting(rows))
    return [_view(account, row, people, reasons) for row in rows]


def _view(account: Account, row: Letter, people: People, reasons: dict[str, Reason]) -> LetterView:
    content = read_letter(open_text(row.sealed_body))
    return LetterView(
        key=str(row.pk),
        uri=row.resource.uri,
        thread=str(row.conversation_id),
        author=people(row.author),
        to=people.all(open_head(row.sealed_head).to if row.removed else content.to),
        title=content.title,
        date=row.date,
        filed=row.filed,
        body=content.body,
        extra=list(content.extra),
        attachments=view_files(content.attachments),
        deliveries=_deliveries(row, people, reasons),
        notice=row.notice,
        unread=not row.read,
        starred=row.conversation.starred,
        removed=row.removed,
    )


def _waiting(rows: Iterable[Letter]) -> set[str]:
    return {
        delivery.recipient
        for row in rows
        for delivery in row.deliveries.all()
        if delivery.state == Delivery.State.WAITING
    }


def _deliveries(row: Letter, people: People, reasons: dict[str, Reason]) -> list[DeliveryView]:
    views = []
    for delivery in row.deliveries.all():
        waits = delivery.state == Delivery.State.WAITING
        reason = reasons.get(delivery.recipient) if waits else None
        views.append(
            DeliveryView(
                to=people(delivery.recipient),
                state=delivery.state,
                at=delivery.at,
                node=_node_name(delivery.node),
                reason=reason.words if reason else "",
                next_try=reason.next_try if reason else None,
            )
        )
    return views


def _node_name(node: str) -> str:
    return published_name(node) if node else ""


def _write_cursor(row: Conversation) -> str:
    return f"{row.latest.isoformat()}_{row.pk}"


def _read_cursor(text: str | None) -> tuple[datetime, int] | None:
    moment, _, key = (text or "").partition("_")
    try:
        return datetime.fromisoformat(moment).astimezone(UTC), int(key)
    except (ValueError, OverflowError):
        return None
