"""What is sealed of a letter: the head that lists need, and the message as it was written."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

import orjson

from mail.presentation import snippet
from nodes import keystore
from sdmp.letter import Letter

_LETTER: Final = "letter"
_TEXT: Final = 200  # characters of the beginning that a list shows


@dataclass(frozen=True, slots=True)
class File:
    """An attachment, as lists and messages name it. `size` is in bytes."""

    name: str
    type: str
    size: int
    image: bool


@dataclass(frozen=True, slots=True)
class Head:
    """What a list shows of a letter. `to` holds fingerprints."""

    title: str
    text: str
    to: tuple[str, ...]
    files: tuple[File, ...]


def head_of(letter: Letter) -> Head:
    """Take from a letter what lists show."""
    return Head(
        title=letter.title,
        text=snippet(letter.body, _TEXT),
        to=letter.to,
        files=tuple(
            File(attachment.name, attachment.type, len(attachment.data), attachment.image)
            for attachment in letter.attachments
        ),
    )


def seal_head(head: Head) -> bytes:
    """Seal a head with the node secret."""
    return keystore.seal(orjson.dumps(asdict(head)), _LETTER)


def open_head(sealed: bytes | memoryview) -> Head:
    """Open what `seal_head` made."""
    values: dict[str, Any] = orjson.loads(keystore.unseal(bytes(sealed), _LETTER))
    return Head(
        title=values["title"],
        text=values["text"],
        to=tuple(values["to"]),
        files=tuple(File(**file) for file in values["files"]),
    )


def seal_text(text: str) -> bytes:
    """Seal a message with the node secret."""
    return keystore.seal(text.encode(), _LETTER)


def open_text(sealed: bytes | memoryview) -> str:
    """Open what `seal_text` made."""
    return keystore.unseal(bytes(sealed), _LETTER).decode()
