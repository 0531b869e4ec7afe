"""Letters: the MultiMarkdown of a message, its header and its attachments (protocol §9)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sdmp.attachments import Attachment, image_markdown, put_attachments, take_attachments
from sdmp.encoding import format_time, parse_time
from sdmp.errors import BadSchema
from sdmp.resource import parse_uri, uri

__all__ = ["Attachment", "Letter", "image_markdown", "read_letter", "write_letter"]

_FIELD: Final = re.compile(r"([A-Za-z][A-Za-z0-9-]*):(?:[ \t]([^\r\n]*))?")
_KEY: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_KNOWN: Final = frozenset({"Title", "Date", "To", "In-Reply-To", "Thread"})

# Not in the protocol: a longer header is not worth reading.
_HEADER_CHARS: Final = 128 * 1024


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as people see it.

    `date` is when it was written (None without a header), `to` the fingerprints of the users
    addressed, empty for a public notice, `title` one line, `in_reply_to` and `thread` resource
    URIs, `body` the Markdown without attachment definitions, `extra` the unknown keys of the
    header with their values. Without a valid header `has_header` is false and all of the message
    is in `body`.
    """

    date: datetime | None
    to: tuple[str, ...] = ()
    title: str = ""
    in_reply_to: str | None = None
    thread: str | None = None
    body: str = ""
    attachments: tuple[Attachment, ...] = ()
    extra: tuple[tuple[str, str], ...] = ()
    has_header: bool = True


def write_letter(letter: Letter) -> str:
    """Return the text of a message (protocol §9).

    Line ends in a title or another value become spaces. Raises ValueError for a header without
    date and for keys in `extra` that are none or are known ones: bugs of ours.
    """
    if not letter.has_header:
        return letter.body
    if letter.date is None:
        raise ValueError("a letter has a date")
    fields: list[tuple[str, str]] = []
    title = _one_line(letter.title)
    if title:
        fields.append(("Title", title))
    fields.append(("Date", format_time(letter.date)))
    fields.append(("To", ", ".join(uri(user) for user in letter.to)))
    if letter.in_reply_to is not None:
        fields.append(("In-Reply-To", letter.in_reply_to))
    if letter.thread is not None:
        fields.append(("Thread", letter.thread))
    for key, value in letter.extra:
        if key in _KNOWN or _KEY.fullmatch(key) is None:
            raise ValueError(f"{key!r} is not the name of an extra header")
        fields.append((key, _one_line(value)))
    header = "".join(f"{key}: {value}\n" for key, value in fields)
    return f"{header}\n{put_attachments(letter.body, letter.attachments)}"


def read_letter(text: str) -> Letter:
    """Read the text of a message. Never fails: what has no valid header is shown whole (§9)."""
    # Looked for without copying megabytes. Without an empty line all of it may be header.
    end = text.find("\n\n", 0, _HEADER_CHARS)
    if end < 0:
        end = len(text.removesuffix("\n"))
    if end > _HEADER_CHARS:
        return _whole(text)
    known: dict[str, str] = {}
    extra: list[tuple[str, str]] = []
    for line in text[:end].split("\n"):
        match = _FIELD.fullmatch(line)
        if match is None or match[1] in known:
            return _whole(text)
        key, value = match[1], (match[2] or "").strip(" \t")
        if key in _KNOWN:
            known[key] = value
        else:
            extra.append((key, value))
    try:
        date = parse_time(known.get("Date", ""))
    except BadSchema:
        return _whole(text)
    body, attachments = take_attachments(text[end + 2 :])
    return Letter(
        date=date,
        to=_read_users(known.get("To", "")),
        title=known.get("Title", ""),
        in_reply_to=_read_reference(known.get("In-Reply-To")),
        thread=_read_reference(known.get("Thread")),
        body=body,
        attachments=attachments,
        extra=tuple(extra),
    )


def _whole(text: str) -> Letter:
    return Letter(date=None, body=text, has_header=False)


def _read_users(value: str) -> tuple[str, ...]:
    """Return the users in a list of URIs, each once; what is no user is passed over."""
    users: dict[str, None] = {}
    for part in value.split(","):
        try:
            user, identifier = parse_uri(part.strip(" \t"))
        except BadSchema:
            continue
        if not identifier:
            users[user] = None
    return tuple(users)


def _read_reference(value: str | None) -> str | None:
    """Return the URI of a resource, or None for anything else."""
    try:
        return value if value is not None and parse_uri(value)[1] else None
    except BadSchema:
        return None


def _one_line(value: str) -> str:
    return " ".join(value.splitlines()).strip()
