"""Files that go along with a draft: sealed one by one as they come, opened when it is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson
from django.db.models import Sum
from django.utils.translation import gettext

from mail import selectors
from mail.models import Draft, DraftFile
from mail.presentation import clean_name, size_words
from nodes import keystore
from nodes.errors import UserError
from nodes.models import Account
from sdmp import limits
from sdmp.letter import Attachment

FILES_PER_DRAFT: Final = 50
BYTES_PER_DRAFT: Final = limits.MESSAGE_BYTES * 3 // 4 - 64 * limits.KIB
"""Bytes of all files together: base64 makes four of three, and the text wants some room."""
_DRAFT: Final = "draft"
_NAME: Final = 200  # characters


@dataclass(frozen=True, slots=True)
class FileView:
    """A file of a draft, as its page shows it. `size` is in bytes."""

    key: int
    name: str
    type: str
    size: int


def files_of(draft: Draft) -> list[FileView]:
    """List the files of a draft in the order in which they came."""
    rows = draft.files.defer("sealed").order_by("pk")
    return [FileView(row.pk, *_open_head(row), row.size) for row in rows]


def too_large(name: str, size: int) -> str:
    """Say that a file of `size` bytes does not fit into a message any more."""
    return gettext(
        "“%(name)s” has %(size)s and does not fit: "
        "the files of a message can have %(most)s together."
    ) % {
        "name": clean_name(name),
        "size": size_words(size),
        "most": size_words(BYTES_PER_DRAFT),
    }


def add_file(draft: Draft, name: str, media_type: str, data: bytes) -> FileView:
    """Seal a file and put it to a draft.

    Args:
        draft: of the account that adds.
        name: of the file; cleaned, and a word when nothing is left of it.
        media_type: as the browser says.
        data: its content.

    Raises:
        UserError: with it there would be too many files, or too many bytes for one message.
    """
    shown = clean_name(name)[:_NAME] or gettext("file")
    there = draft.files.aggregate(bytes=Sum("size", default=0))["bytes"]
    if draft.files.count() >= FILES_PER_DRAFT:
        raise UserError(
            gettext("“%(name)s” is one too many: a message can have %(most)d files.")
            % {"name": shown, "most": FILES_PER_DRAFT}
        )
    if there + len(data) > BYTES_PER_DRAFT:
        raise UserError(too_large(shown, len(data)))
    kind = media_type.partition(";")[0].strip()[:100] or "application/octet-stream"
    row = DraftFile.objects.create(
        draft=draft,
        sealed_head=keystore.seal(orjson.dumps({"name": shown, "type": kind}), _DRAFT),
        sealed=keystore.seal(data, _DRAFT),
        size=len(data),
    )
    return FileView(row.pk, shown, kind, len(data))


def take_out(draft: Draft, key: int) -> None:
    """Take a file out of a draft; nothing happens when it is not there."""
    draft.files.filter(pk=key).delete()


def copy_files(source: Draft, target: Draft) -> None:
    """Give a copy of a draft the same files."""
    for row in source.files.order_by("pk"):
        DraftFile.objects.create(
            draft=target, sealed_head=row.sealed_head, sealed=row.sealed, size=row.size
        )


def forwarded_files(account: Account, key: str) -> list[Attachment]:
    """Return the files of a letter that is passed on; none when there is no such letter.

    A picture of its text goes along as a file too: the text that is quoted only names it.
    """
    letter = selectors.letter(account, key) if key else None
    if letter is None:
        return []
    found = (selectors.attachment(account, key, file.index) for file in letter.attachments)
    return [replace(file, image=False) for file in found if file is not None]


def open_file(draft: Draft, key: int) -> Attachment | None:
    """Open one file of a draft."""
    row = draft.files.filter(pk=key).first()
    return _attachment(row) if row else None


def open_files(draft: Draft) -> list[Attachment]:
    """Open all files of a draft, as attachments of a letter."""
    return [_attachment(row) for row in draft.files.order_by("pk")]


def total(files: Sequence[FileView]) -> int:
    """Count the bytes of several files."""
    return sum(file.size for file in files)


def _attachment(row: DraftFile) -> Attachment:
    name, media_type = _open_head(row)
    return Attachment(name, media_type, keystore.unseal(bytes(row.sealed), _DRAFT))


def _open_head(row: DraftFile) -> tuple[str, str]:
    values: dict[str, Any] = orjson.loads(keystore.unseal(bytes(row.sealed_head), _DRAFT))
    return values["name"], values["type"]
