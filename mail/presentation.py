"""The words in which pages speak of people, moments, sizes and deliveries.

Pure functions: what they need, the present moment and the reader's zone included, comes as
arguments, and the language is the active one. Nothing here returns HTML.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Protocol

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext, ngettext, npgettext, pgettext

SNIPPET_LENGTH = 160
_WEEK_DAYS = 6


class Named(Protocol):
    """Somebody with a name, perhaps the reader."""

    @property
    def name(self) -> str:
        """The name under which the reader knows the person."""

    @property
    def own(self) -> bool:
        """Whether it is the reader."""


class Sent(Protocol):
    """What is known about the way of a letter to one recipient."""

    @property
    def to(self) -> Named:
        """The recipient."""

    @property
    def state(self) -> str:
        """`waiting`, `handed` or `received`."""


# --- Names ------------------------------------------------------------------------------


def clean_name(text: str) -> str:
    """Return `text` on one line, without control and direction characters.

    A name or file name that turns its own direction round, or breaks the line, could show as
    something else than it is.
    """
    kept = (" " if ch.isspace() else ch for ch in text)
    return " ".join("".join(ch for ch in kept if unicodedata.category(ch)[0] != "C").split())


def initials(name: str) -> str:
    """Return at most two letters for a face: first of the first and of the last word."""
    words = [word for word in re.split(r"[\s-]+", clean_name(name)) if word[:1].isalnum()]
    if not words:
        return "?"
    letters = words[0][0] + (words[-1][0] if len(words) > 1 else "")
    return letters.upper()


def short_name(name: str) -> str:
    """Return the first word of a name, the whole name when it has only one."""
    return clean_name(name).partition(" ")[0]


def node_words(name: str) -> str:
    """Return the name of a node, or words for one that has published none."""
    return clean_name(name) or gettext("a node without a name")


def join_words(words: Sequence[str]) -> str:
    """Return "a", "a and b" or "a, b and c"."""
    if len(words) < 2:
        return "".join(words)
    return gettext("%(some)s and %(last)s") % {"some": ", ".join(words[:-1]), "last": words[-1]}


def people_words(people: Sequence[Named]) -> str:
    """Return to or for whom something is: by first names, the reader as "you" and first."""
    you = pgettext("to or for whom", "you")
    return join_words(_names(sorted(people, key=lambda person: not person.own), you))


def _names(people: Sequence[Named], you: str = "") -> list[str]:
    """Return first names, the reader's as `you`; whole ones of those who share their first."""
    whole = {clean_name(person.name) for person in people if not person.own}
    shared = Counter(short_name(name) for name in whole)
    return [
        (you or gettext("you"))
        if person.own
        else clean_name(person.name)
        if shared[short_name(person.name)] > 1
        else short_name(person.name)
        for person in people
    ]


def row_people(people: Sequence[Named], to: Sequence[Named]) -> str:
    """Return who a row of a list is about: "Ana, Chidi, you", or "You, Ben" for what one sent.

    `people` are the authors in order of writing, `to` the recipients of the last letter.
    """
    others = [person for person in people if not person.own]
    if not others:
        names = _names([person for person in to if not person.own])
        if not names:
            return gettext("You")
        return ", ".join([gettext("You"), *names])
    if len(people) == 1:
        return clean_name(others[0].name)
    names = _names(people)
    if people[0].own:
        names[0] = gettext("You")
    return ", ".join(names)


# --- Moments ----------------------------------------------------------------------------


def in_zone(moment: datetime, zone: tzinfo) -> datetime:
    """Return an aware moment in the reader's zone; as it is where no calendar reaches so far.

    The date of a letter is what its author says, and may be the last day of the year 9999.
    """
    try:
        return moment.astimezone(zone)
    except OverflowError:
        return moment


def when_short(moment: datetime, now: datetime, zone: tzinfo) -> str:
    """Return "12:20" today, "Sat" within a week, else "17 Nov", with the year when it is another.

    All moments are aware; `zone` is the reader's.
    """
    local, today = in_zone(moment, zone), in_zone(now, zone)
    days = (today.date() - local.date()).days
    if days == 0:
        return date_format(local, "H:i")
    if 0 < days <= _WEEK_DAYS:
        return date_format(local, "D")
    if local.year == today.year:
        return date_format(local, pgettext("day and short month", "j M"))
    return date_format(local, pgettext("day, short month and year", "j M Y"))


def day_words(moment: datetime, zone: tzinfo) -> str:
    """Return "1 May 2027"."""
    return date_format(in_zone(moment, zone), pgettext("day, month and year", "j F Y"))


def when_words(moment: datetime, now: datetime, zone: tzinfo) -> str:
    """Return a moment for a sentence: "today at 12:20", "on 20 November at 08:02"."""
    local, today = in_zone(moment, zone), in_zone(now, zone)
    days = (today.date() - local.date()).days
    values = {"time": date_format(local, "H:i")}
    if days == 0:
        return gettext("today at %(time)s") % values
    if days == 1:
        return gettext("yesterday at %(time)s") % values
    if days == -1:
        return gettext("tomorrow at %(time)s") % values
    if local.year == today.year:
        values["day"] = date_format(local, pgettext("day and month", "j F"))
    else:
        values["day"] = day_words(moment, zone)
    return gettext("on %(day)s at %(time)s") % values


# --- Files ------------------------------------------------------------------------------


def size_words(size: int) -> str:
    """Return a number of bytes as "88 KB", "4.2 MB" or "1.5 GB"."""
    if size < 1000:
        return ngettext("%(n)d byte", "%(n)d bytes", size) % {"n": size}
    if size < 999_500:
        return gettext("%(n)d KB") % {"n": round(size / 1000)}
    if size < 999_950_000:
        return gettext("%(n)s MB") % {"n": number_format(round(size / 1_000_000, 1), 1)}
    return gettext("%(n)s GB") % {"n": number_format(round(size / 1_000_000_000, 1), 1)}


def kind_words(media_type: str) -> str:
    """Return what a media type is called: "Image", "PDF", "Text", "File"."""
    names = {
        "image": gettext("Image"),
        "audio": gettext("Sound"),
        "video": gettext("Film"),
        "text": gettext("Text"),
    }
    if media_type == "application/pdf":
        return "PDF"
    return names.get(media_type.partition("/")[0].lower(), gettext("File"))


def file_stem(name: str) -> str:
    """Return a file name without its ending; together with `file_ending` it is the whole."""
    cleaned = clean_name(name)
    return cleaned.removesuffix(file_ending(name))


def file_ending(name: str) -> str:
    """Return the ending of a file name with its dot, "" when there is none."""
    found = re.search(r"(?<=[^.])\.[A-Za-z0-9]{1,8}$", clean_name(name))
    return found[0] if found else ""


# --- Letters ----------------------------------------------------------------------------


def snippet(body: str, limit: int = SNIPPET_LENGTH) -> str:
    """Return the beginning of a Markdown text as one line, without its signs."""
    text = body[: limit * 8]
    text = re.sub(r"^\[[^\]\n]*\]:.*$", "", text, flags=re.MULTILINE)
    text = re.sub(r"^(?:[ \t]*>)+ ?|^ {0,3}(?:#{1,6}|[-*+])[ \t]+", "", text, flags=re.MULTILINE)
    text = re.sub(r"!?\[([^\]\n]*)\]\([^)\n]*\)?", r"\1", text)
    text = re.sub(r"\*\*|__|~~|`+|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w)", "", text)
    text = clean_name(text)
    return text if len(text) <= limit else text[:limit].rstrip() + "…"


def title_words(title: str) -> str:
    """Return a letter's title, or words that say that it has none."""
    return clean_name(title) or gettext("No title")


def thread_words(title: str) -> str:
    """Return the title of a conversation: that of a letter, without what answers put before it."""
    return title_words(re.sub(r"^(?:\s*(?:re|aw|sv|vs)\s*:)+\s*", "", title, flags=re.IGNORECASE))


def number_word(number: int) -> str:
    """Return a small number as a word, "three"; a greater one in digits."""
    words = (
        gettext("none"),
        gettext("one"),
        gettext("two"),
        gettext("three"),
        gettext("four"),
        gettext("five"),
        gettext("six"),
        gettext("seven"),
        gettext("eight"),
        gettext("nine"),
        gettext("ten"),
    )
    return words[number] if number < len(words) else str(number)


def delivery_summary(deliveries: Sequence[Sent]) -> str:
    """Return how far a letter has come, in words: "Received by one of three"."""
    total = len(deliveries)
    if not total:
        return gettext("Kept here")
    received = sum(item.state == "received" for item in deliveries)
    handed = sum(item.state == "handed" for item in deliveries)
    if received == total:
        return gettext("Received") if total == 1 else gettext("Received by all")
    if received:
        return gettext("Received by %(some)s of %(all)s") % {
            "some": number_word(received),
            "all": number_word(total),
        }
    if handed == total:
        return npgettext("of a message", "Handed to their node", "Handed to their nodes", total)
    if handed:
        return gettext("Handed to the nodes of %(some)s of %(all)s") % {
            "some": number_word(handed),
            "all": number_word(total),
        }
    return gettext("Waiting here")


def row_delivery(deliveries: Sequence[Sent]) -> str:
    """Return the delivery state that begins a row: names those for whom a letter still waits."""
    waiting = [item for item in deliveries if item.state == "waiting"]
    if waiting and len(deliveries) > 1 and len(waiting) <= 2:
        names = join_words([short_name(item.to.name) for item in waiting])
        return gettext("Waiting here for %(names)s") % {"names": names}
    return delivery_summary(deliveries)


def still_waiting(deliveries: Sequence[Sent]) -> bool:
    """Tell whether a letter still waits here for somebody."""
    return any(item.state == "waiting" for item in deliveries)
