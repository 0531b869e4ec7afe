"""What happened, in a few words at the edge of the page, and how to undo it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import orjson
from django.contrib import messages
from django.contrib.messages.storage.base import Message
from django.http import HttpRequest


@dataclass(frozen=True, slots=True)
class Toast:
    """Words, and the form whose sending undoes what they say; none when `action` is empty."""

    words: str
    action: str = ""
    fields: Sequence[tuple[str, str]] = field(default=())


def toast(
    request: HttpRequest,
    words: str,
    *,
    undo: str = "",
    fields: Mapping[str, str | Sequence[str]] | None = None,
) -> None:
    """Say what happened, on this page or the next one.

    Args:
        request: of the page.
        words: one sentence.
        undo: the address to which a form is sent (POST) that undoes it; none when empty.
        fields: what the form holds, beside the token against forgery; a list for several values.
    """
    pairs = [
        (name, value)
        for name, values in (fields or {}).items()
        for value in ([values] if isinstance(values, str) else values)
    ]
    tags = orjson.dumps([undo, pairs]).decode() if undo else ""
    messages.add_message(request, messages.SUCCESS, words, extra_tags=tags)


def read_toast(message: Message) -> Toast:
    """Read back what `toast` said; any other message is one without a way back."""
    tags = message.extra_tags or ""
    if not tags.startswith("["):
        return Toast(str(message))
    action, pairs = orjson.loads(tags)
    return Toast(str(message), action, [(name, value) for name, value in pairs])
