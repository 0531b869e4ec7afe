"""What an answer or a letter passed on begins with."""

import re
from typing import Protocol

from django.utils.translation import gettext

from mail.presentation import clean_name


class Quoted(Protocol):
    """A letter that is passed on."""

    @property
    def title(self) -> str:
        """Its title."""

    @property
    def body(self) -> str:
        """Its Markdown."""


def answer_title(title: str) -> str:
    """Return "Re: …", once."""
    bare = re.sub(r"^(?:re:\s*)+", "", clean_name(title), flags=re.IGNORECASE)
    return f"Re: {bare}" if bare else ""


def forward_title(title: str) -> str:
    """Return "Fwd: …", once."""
    bare = re.sub(r"^(?:fwd:\s*)+", "", clean_name(title), flags=re.IGNORECASE)
    return f"Fwd: {bare}" if bare else ""


def forward_body(letter: Quoted) -> str:
    """Return the letter's text as a quotation, with room above."""
    quoted = "\n".join(f"> {line}".rstrip() for line in letter.body.split("\n"))
    return f"\n\n{gettext('Passed on:')}\n\n{quoted}\n"
