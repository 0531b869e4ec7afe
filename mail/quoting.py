"""What an answer or a letter passed on begins with."""

import re
from datetime import datetime, tzinfo
from typing import Final, Protocol

from django.utils.formats import date_format
from django.utils.translation import gettext

from mail.presentation import Named, clean_name, day_words, in_zone

_MOST: Final = 20_000  # characters that an answer quotes; the whole stands above it anyway
# A picture in the text; what it matches is bounded, so that no letter makes it slow.
_PICTURE: Final = re.compile(r"!\[([^\]\n]{0,300})\]\([ \t]{0,9}<?data:[^()\s>]*>?[^()\n]{0,400}\)")


class Quoted(Protocol):
    """A letter that is answered or passed on."""

    @property
    def title(self) -> str:
        """Its title."""

    @property
    def body(self) -> str:
        """Its Markdown."""


class Answered(Quoted, Protocol):
    """A letter that is answered."""

    @property
    def author(self) -> Named:
        """Who wrote it."""

    @property
    def date(self) -> datetime:
        """When, as the author says."""


def answer_title(title: str) -> str:
    """Return "Re: …", once."""
    bare = re.sub(r"^(?:re:\s*)+", "", clean_name(title), flags=re.IGNORECASE)
    return f"Re: {bare}" if bare else ""


def forward_title(title: str) -> str:
    """Return "Fwd: …", once."""
    bare = re.sub(r"^(?:fwd:\s*)+", "", clean_name(title), flags=re.IGNORECASE)
    return f"Fwd: {bare}" if bare else ""


def answer_body(letter: Answered, zone: tzinfo) -> str:
    """Return the letter's text as a quotation with its author, with room for the answer above."""
    text = letter.body.strip()
    if not text:
        return ""
    if len(text) > _MOST:
        text = text[:_MOST].rstrip() + " …"
    said = gettext("On %(day)s at %(time)s %(name)s wrote:") % {
        "day": day_words(letter.date, zone),
        "time": date_format(in_zone(letter.date, zone), "H:i"),
        "name": clean_name(letter.author.name),
    }
    return f"\n\n{said}\n\n{_quotation(text)}\n"


def forward_body(letter: Quoted) -> str:
    """Return the letter's text as a quotation, with room above."""
    return f"\n\n{gettext('Passed on:')}\n\n{_quotation(letter.body)}\n"


def _quotation(text: str) -> str:
    """Return each line behind a `>`; of a picture its name, since it is no text to write in."""
    named = _PICTURE.sub(lambda found: f"[{found[1]}]" if found[1] else "", text)
    return "\n".join(f"> {line}".rstrip() for line in named.split("\n"))
