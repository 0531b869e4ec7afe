"""What an account is writing, kept while it is typed.

A draft is saved by whole texts. Each save names the revision from which it began; where another
device has saved since, the later text is kept as a draft of its own, so that neither is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import orjson
from django.db import transaction
from django.db.models import Sum
from django.db.models.functions import Length
from django.utils import timezone
from django.utils.translation import gettext

from mail import draft_files, held
from mail.disk import check_disk
from mail.draft_files import FileView
from mail.live import tell
from mail.models import Draft, DraftFile, Held
from mail.people import People, Person
from mail.presentation import clean_name, snippet
from mail.space import check_room
from nodes import keystore
from nodes.errors import UserError
from nodes.models import Account
from sdmp import limits
from sdmp.letter import Attachment

DRAFTS_PER_ACCOUNT: Final = 100
BYTES_PER_ACCOUNT: Final = 100 * limits.MIB
"""Of all drafts of an account together, files included."""
KEPT_AFTER_DELETION: Final = timedelta(hours=1)
_DRAFT: Final = "draft"

Copied = Literal["", "changed", "going", "gone"]
"""Why a save became a draft of its own: the other was changed elsewhere, is being sent, is gone."""


@dataclass(frozen=True, slots=True)
class Content:
    """What is written. `to` holds fingerprints, `names` what is typed and no chip yet."""

    to: tuple[str, ...] = ()
    names: str = ""
    title: str = ""
    body: str = ""
    reply: str = ""  # URI of the message that is answered
    notice: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a save comes from: the draft and revision it began from, and the page that was open.

    `page` is a word that an open page makes up for itself, `turn` counts its saves; both tell a
    save that was repeated, or overtaken by a later one, from a save of another device.
    """

    key: int | None = None
    revision: int = 0
    page: str = ""
    turn: int = 0


@dataclass(frozen=True, slots=True)
class Saved:
    """Where a text is kept now."""

    key: int
    revision: int
    copied: Copied = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """A draft, to be written on. `due` is when it goes, if it waits to be sent."""

    key: int
    revision: int
    changed: datetime
    content: Content
    problem: str
    files: tuple[FileView, ...]
    due: datetime | None


@dataclass(frozen=True, slots=True)
class Row:
    """A draft in the list; `problem` says why it could not be sent."""

    key: int
    people: tuple[Person, ...]
    names: str
    title: str
    text: str
    changed: datetime
    notice: bool
    files: bool
    problem: str


def save(
    account: Account,
    content: Content,
    mark: Mark,
    *,
    files: Sequence[Attachment] = (),
) -> Saved:
    """Keep a text, as the draft it was begun from or, so that nothing is lost, as a new one.

    Args:
        account: who writes.
        content: the whole of it.
        mark: where it comes from.
        files: what a new draft gets along from the start, as of a letter that is passed on.

    Raises:
        UserError: the account has no room for it.
    """
    with transaction.atomic():
        # The saves of an account take turns, so that two of one page never make two drafts.
        Account.objects.select_for_update().only("pk").get(pk=account.pk)
        row = _saved_before(account, mark)
        if row is None or row.deleted is not None:
            return _begin(account, content, mark, files, row, "gone" if mark.key else "")
        own = bool(mark.page) and row.page == mark.page
        if (own and mark.turn <= row.turn) or open_content(row) == content:
            return Saved(row.pk, row.revision)
        if held.is_held(account, Held.Kind.SEND, str(row.pk)):
            return _begin(account, content, mark, (), row, "going")
        if not own and row.revision != mark.revision:
            return _begin(account, content, mark, (), row, "changed")
        sealed = seal_content(content)
        _check_room(account, len(sealed) - len(bytes(row.sealed)))
        row.sealed, row.reply_to = sealed, content.reply
        row.revision, row.page, row.turn = row.revision + 1, mark.page, mark.turn
        row.failed = None
        row.save()
        tell_of(row)
    return Saved(row.pk, row.revision)


def open_draft(account: Account, key: int) -> Opened | None:
    """Open a draft with its files; `None` when the account has no such draft."""
    row = find(account, key)
    if row is None:
        return None
    going = Held.objects.filter(account=account, kind=Held.Kind.SEND, about=str(key)).first()
    return Opened(
        key=row.pk,
        revision=row.revision,
        changed=row.changed,
        content=open_content(row),
        problem=_values(row).get("problem", ""),
        files=tuple(draft_files.files_of(row)),
        due=going.due if going else None,
    )


def note_failure_seen(account: Account, key: int) -> None:
    """Note that the account has seen why a draft could not be sent."""
    with transaction.atomic():
        if Draft.objects.filter(account=account, pk=key).exclude(failed=None).update(failed=None):
            tell(account.pk, "held")


def list_drafts(account: Account, *, failed: bool = False) -> list[Row]:
    """List the drafts that do not wait to be sent, the latest first.

    Args:
        account: whose they are.
        failed: whether only those that could not be sent and that nobody has looked at since.
    """
    rows = Draft.objects.filter(account=account, deleted=None)
    if failed:
        rows = rows.exclude(failed=None)
    if not (some := list(rows.order_by("-changed", "-pk"))):
        return []
    going = Held.objects.filter(account=account, kind=Held.Kind.SEND).values_list("about")
    waiting = {about for (about,) in going}
    found = [row for row in some if str(row.pk) not in waiting]
    with_files = set(
        DraftFile.objects.filter(draft__in=found).values_list("draft_id", flat=True).distinct()
    )
    contents = [open_content(row) for row in found]
    people = People(account)
    people.load(user for content in contents for user in content.to)
    return [
        Row(
            key=row.pk,
            people=tuple(people.all(content.to)),
            names=clean_name(content.names),
            title=content.title,
            text=snippet(content.body),
            changed=row.changed,
            notice=content.notice,
            files=row.pk in with_files,
            problem=_values(row).get("problem", ""),
        )
        for row, content in zip(found, contents, strict=True)
    ]


def count(account: Account) -> int:
    """Count the drafts of an account."""
    return Draft.objects.filter(account=account, deleted=None).count()


def delete(account: Account, key: int) -> bool:
    """Delete a draft, for a while so that it can be restored; tell whether there was one.

    One that waits to be sent is not deleted: that is undone first.
    """
    with transaction.atomic():
        row = find(account, key, lock=True)
        if row is None or held.is_held(account, Held.Kind.SEND, str(key)):
            return False
        row.deleted = timezone.now()
        row.save(update_fields=["deleted"])
        tell(account.pk, "drafts", draft=str(key), gone="1")
        tell(account.pk, "held")
    return True


def restore(account: Account, key: int) -> bool:
    """Bring a deleted draft back; tell whether it was still there."""
    with transaction.atomic():
        rows = Draft.objects.filter(account=account, pk=key).exclude(deleted=None)
        if not rows.update(deleted=None):
            return False
        tell(account.pk, "drafts")
    return True


def forget_deleted(now: datetime) -> None:
    """Delete for good what was deleted long enough ago."""
    Draft.objects.filter(deleted__lt=now - KEPT_AFTER_DELETION).delete()


# --- Files --------------------------------------------------------------------------------


def add_file(account: Account, key: int, file: Attachment) -> FileView | None:
    """Put a file to a draft; `None` when the account has no such draft, or it is being sent.

    Raises:
        UserError: there is no room for it.
    """
    with transaction.atomic():
        row = _editable(account, key)
        if row is None:
            return None
        check_disk()
        _check_room(account, len(file.data))
        view = draft_files.add_file(row, file.name, file.type, file.data)
        tell(account.pk, "drafts")
    return view


def take_out(account: Account, key: int, file: int) -> bool:
    """Take a file out of a draft; tell whether the draft could be changed."""
    with transaction.atomic():
        row = _editable(account, key)
        if row is None:
            return False
        draft_files.take_out(row, file)
        tell(account.pk, "drafts")
    return True


def open_file(account: Account, key: int, file: int) -> Attachment | None:
    """Open one file of a draft."""
    row = find(account, key)
    return draft_files.open_file(row, file) if row else None


# --- Rows ---------------------------------------------------------------------------------


def find(account: Account, key: int, *, lock: bool = False) -> Draft | None:
    """Return a draft of the account that is not deleted, locked when it is to be changed."""
    rows = Draft.objects.filter(account=account, pk=key, deleted=None)
    return (rows.select_for_update() if lock else rows).first()


def _editable(account: Account, key: int) -> Draft | None:
    """Lock a draft that can be changed: not gone, and not waiting to be sent."""
    row = find(account, key, lock=True)
    return None if row and held.is_held(account, Held.Kind.SEND, str(key)) else row


def _saved_before(account: Account, mark: Mark) -> Draft | None:
    """Lock the draft from which a save began, or which an earlier save of its page has made."""
    rows = Draft.objects.select_for_update().filter(account=account)
    if mark.key is not None:
        return rows.filter(pk=mark.key).first()
    return rows.filter(page=mark.page).order_by("-pk").first() if mark.page else None


def _begin(
    account: Account,
    content: Content,
    mark: Mark,
    files: Sequence[Attachment],
    source: Draft | None,
    why: Copied,
) -> Saved:
    """Make a new draft; it gets the files of the one that it is a copy of."""
    if count(account) >= DRAFTS_PER_ACCOUNT:
        raise UserError(
            gettext("You have %(count)d drafts; send or delete one of them first.")
            % {"count": DRAFTS_PER_ACCOUNT}
        )
    sealed, copied = seal_content(content), source if why else None
    there = draft_files.total(draft_files.files_of(copied)) if copied else 0
    _check_room(account, len(sealed) + there + sum(len(file.data) for file in files))
    row = Draft.objects.create(
        account=account,
        reply_to=content.reply,
        sealed=sealed,
        page=mark.page,
        turn=mark.turn,
    )
    for file in files:
        draft_files.add_file(row, file.name, file.type, file.data)
    if copied is not None:
        draft_files.copy_files(copied, row)
    tell_of(row)
    return Saved(row.pk, row.revision, why)


def _check_room(account: Account, more: int) -> None:
    check_room(account, more)
    check_disk(more)
    rows = Draft.objects.filter(account=account)
    texts = rows.aggregate(bytes=Sum(Length("sealed"), default=0))["bytes"]
    files = DraftFile.objects.filter(draft__in=rows).aggregate(bytes=Sum("size", default=0))
    if more > 0 and texts + files["bytes"] + more > BYTES_PER_ACCOUNT:
        raise UserError(
            gettext("Your drafts hold %(most)d MB already; send or delete one of them first.")
            % {"most": BYTES_PER_ACCOUNT // limits.MIB}
        )


def seal_content(content: Content, problem: str = "") -> bytes:
    """Seal what is written, and why it could not be sent.

    Raises:
        UserError: it is longer than any message.
    """
    values = orjson.dumps({**asdict(content), "problem": problem})
    if len(values) > limits.MESSAGE_BYTES:
        raise UserError(gettext("The text is longer than a message can be."))
    return keystore.seal(values, _DRAFT)


def _values(row: Draft) -> dict[str, Any]:
    values: dict[str, Any] = orjson.loads(keystore.unseal(bytes(row.sealed), _DRAFT))
    return values


def open_content(row: Draft) -> Content:
    """Open what is written in a draft."""
    values = _values(row)
    values.pop("problem", "")
    return Content(**{**values, "to": tuple(values["to"])})


def tell_of(row: Draft) -> None:
    """Tell the open pages that a draft was saved."""
    tell(row.account_id, "drafts", draft=str(row.pk), revision=str(row.revision), page=row.page)
