"""What an account marks on its conversations, and where it puts them.

Other open pages of the account are told. Whatever moves can be put back exactly as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone

from mail.keys import is_key
from mail.live import tell
from mail.models import Contact, Conversation, Letter
from mail.people import profile_name
from mail.presentation import clean_name
from nodes.models import Account

Place = Literal["inbox", "archive", "bin", "restored"]
Threads = str | Iterable[str]

_CHANGES: Final[Mapping[Place, dict[str, bool]]] = {
    "inbox": {"archived": False, "binned": False, "waiting": False},
    "archive": {"archived": True, "binned": False},
    "bin": {"binned": True},
    "restored": {"binned": False},
}
_MOST_MOVED: Final = 5_000
"""At once; a form cannot name more of them than a thousand."""
_MARKS: Final = ("archived", "binned", "waiting")


@dataclass(frozen=True, slots=True)
class Moved:
    """What has moved, and all that is needed to put it back.

    `places` holds for each conversation the first letters of the marks that it had ("ab" when it
    was archived and in the bin), `let_in` whom the account let in by moving.
    """

    places: dict[int, str] = field(default_factory=dict)
    let_in: tuple[str, ...] = ()

    def as_fields(self) -> dict[str, str]:
        """Write it into the fields of a form."""
        places = " ".join(f"{key}.{marks}" for key, marks in self.places.items())
        return {"places": places, "let_in": " ".join(self.let_in)}

    @classmethod
    def from_fields(cls, fields: Mapping[str, str]) -> Moved:
        """Read what `as_fields` wrote; what is no such thing is left out."""
        pairs = (item.partition(".") for item in fields.get("places", "").split())
        places = {int(key): marks for key, _, marks in pairs if is_key(key)}
        if len(places) > _MOST_MOVED:
            places = {}
        return cls(places, tuple(fields.get("let_in", "").split())[:_MOST_MOVED])


def mark_read(account: Account, threads: Threads) -> int:
    """Mark all letters of conversations as read; return how many conversations changed."""
    with transaction.atomic():
        keys = _locked(account, threads, unread__gt=0)
        Letter.objects.filter(conversation__in=keys, read=False).update(read=True)
        return _change(account, keys, unread=0)


def mark_seen(account: Account, thread: str, letters: Iterable[str]) -> int:
    """Mark some letters of a conversation as read, which somebody has seen; return how many."""
    with transaction.atomic():
        keys = _locked(account, thread, unread__gt=0)
        unread = Letter.objects.filter(conversation__in=keys, read=False)
        seen = unread.filter(pk__in=_keys(letters)).update(read=True)
        if seen:
            _change(account, keys, unread=F("unread") - seen)
    return seen


def mark_unread(account: Account, threads: Threads) -> int:
    """Mark the last received letter of conversations as unread; return how many changed."""
    changed = 0
    with transaction.atomic():
        for key in _locked(account, threads, unread=0):
            received = Letter.objects.filter(conversation=key, outgoing=False)
            last = received.order_by("-filed", "-id").values_list("pk", flat=True).first()
            if last is not None:
                Letter.objects.filter(pk=last).update(read=False)
                changed += _change(account, [key], unread=1)
    return changed


def set_starred(account: Account, threads: Threads, starred: bool) -> int:
    """Star conversations, or take the star away; return how many changed."""
    with transaction.atomic():
        return _change(account, _locked(account, threads, starred=not starred), starred=starred)


def move(account: Account, threads: Threads, to: Place) -> Moved:
    """Put conversations somewhere.

    Into the inbox lets in who has written to the account there. Out of the bin, a conversation is
    "restored" to where it was before.

    Returns:
        What has moved, for `put_back`; what was there already is not in it.
    """
    changes = _CHANGES[to]
    with transaction.atomic():
        rows = _mine(account, threads).select_for_update().only(*_MARKS, "authors")
        moving = [row for row in rows if any(getattr(row, m) != v for m, v in changes.items())]
        places = {row.pk: _marks_of(row) for row in moving}
        newly: list[str] = []
        if to == "inbox":
            for user in dict.fromkeys(u for row in moving if row.waiting for u in row.authors):
                beside = _let_in(account, user)
                if beside is not None:
                    newly.append(user)
                    places = {**beside, **places}
        _change(account, [row.pk for row in moving], **changes)
    return Moved(places, tuple(newly))


def put_back(account: Account, moved: Moved) -> int:
    """Undo a `move`: put each conversation where it was; return how many were there to be put."""
    with transaction.atomic():
        Contact.objects.filter(account=account, user__in=moved.let_in, checked=None).update(
            let_in=None
        )
        by_marks: dict[str, list[int]] = {}
        for key, marks in moved.places.items():
            by_marks.setdefault(marks, []).append(key)
        done = 0
        for marks, keys in by_marks.items():
            mine = list(_of(account, keys).values_list("pk", flat=True))
            changes = {mark: mark[0] in marks for mark in _MARKS}
            done += _change(account, mine, **changes)
        if moved.let_in:
            tell(account.pk, "contacts")
    return done


def let_in(account: Account, user: str) -> None:
    """Let somebody in: what they have written moves from Waiting to the inbox, now and later.

    To be called when the account writes to them, checks them, or otherwise says that it knows
    them. Nothing happens when they are let in already.
    """
    with transaction.atomic():
        _let_in(account, user)


def _let_in(account: Account, user: str) -> dict[int, str] | None:
    """Let somebody in; return what left Waiting, with its marks, `None` when they were in."""
    if user == account.fingerprint:
        return None
    now = timezone.now()
    name = clean_name(profile_name(user)) or user[:12]
    contact, made = Contact.objects.get_or_create(
        account=account, user=user, defaults={"name": name[:200], "let_in": now}
    )
    newly = made or contact.let_in is None
    if newly:
        Contact.objects.filter(pk=contact.pk).update(let_in=now)
        tell(account.pk, "contacts")
    theirs = Letter.objects.filter(conversation=OuterRef("pk"), author=user)
    waiting = Conversation.objects.filter(Exists(theirs), account=account, waiting=True)
    places = {row.pk: _marks_of(row) for row in waiting.select_for_update().only(*_MARKS)}
    _change(account, list(places), waiting=False)
    return places if newly else None


def _keys(threads: Threads) -> list[int]:
    listed = [threads] if isinstance(threads, str) else threads
    return [int(thread) for thread in listed if is_key(thread)]


def _of(account: Account, keys: Sequence[int]) -> QuerySet[Conversation]:
    return Conversation.objects.filter(account=account, pk__in=keys)


def _mine(account: Account, threads: Threads) -> QuerySet[Conversation]:
    return _of(account, _keys(threads))


def _locked(account: Account, threads: Threads, **such: object) -> list[int]:
    rows = _mine(account, threads).filter(**such).select_for_update()
    return list(rows.values_list("pk", flat=True))


def _marks_of(row: Conversation) -> str:
    return "".join(mark[0] for mark in _MARKS if getattr(row, mark))


def _change(account: Account, keys: Sequence[int], **changes: object) -> int:
    """Change conversations, and tell the open pages: of one by its key, of many once."""
    if not keys:
        return 0
    changed = _of(account, keys).update(**changes)
    about = {"thread": str(keys[0])} if len(keys) == 1 else {}
    tell(account.pk, "counts", **about)
    return changed
