"""Small parts of pages: icons, moments, names and letters as words.

The words themselves come from `mail.presentation`; this only puts them into markup.
"""

import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import segno
from django import template
from django.forms import BoundField
from django.template.defaultfilters import stringfilter
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from mail import markdown, presentation
from mail.contacts import CardSummary
from mail.pictures import picture_type
from mail.selectors import LetterView
from mail.toasts import read_toast
from sdmp.attachments import read_data_link, take_attachments

register = template.Library()

for _words in (
    presentation.clean_name,
    presentation.file_ending,
    presentation.file_stem,
    presentation.initials,
    presentation.kind_words,
    presentation.node_words,
    presentation.short_name,
    presentation.thread_words,
    presentation.title_words,
):
    register.filter(_words.__name__, stringfilter(_words))

register.filter(presentation.delivery_summary)
register.filter(presentation.number_word)
register.filter(presentation.people_words)
register.filter(presentation.row_delivery)
register.filter(presentation.size_words)
register.filter(presentation.still_waiting)
register.filter("toast", read_toast)


@register.simple_tag
def icon(name: str, kind: str = "") -> SafeString:
    """Return the icon `name` of the sprite; `kind` is "", "s" (small) or "on" (filled), or both.

    It is hidden from screen readers: a word beside it must say the same.
    """
    classes = " ".join(["icon", *(f"icon--{word}" for word in kind.split())])
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}#i-{}"/></svg>',
        classes,
        static("icons.svg"),
        name,
    )


def _time(moment: datetime, words: str) -> SafeString:
    return format_html('<time datetime="{}">{}</time>', moment.isoformat(timespec="minutes"), words)


@register.simple_tag
def when_short(moment: datetime, css: str = "") -> SafeString:
    """Return a moment as lists show it, "12:20" or "17 Nov", in an element of class `css`."""
    zone = timezone.get_current_timezone()
    return format_html(
        '<time{} datetime="{}">{}</time>',
        format_html(' class="{}"', css) if css else "",
        presentation.in_zone(moment, zone).isoformat(timespec="minutes"),
        presentation.when_short(moment, timezone.now(), zone),
    )


@register.simple_tag
def when(moment: datetime) -> SafeString:
    """Return a moment for a sentence: "today at 12:20", "on 20 November at 08:02"."""
    zone = timezone.get_current_timezone()
    return _time(
        presentation.in_zone(moment, zone), presentation.when_words(moment, timezone.now(), zone)
    )


@register.simple_tag
def day(moment: datetime) -> SafeString:
    """Return the day of a moment: "1 May 2027"."""
    zone = timezone.get_current_timezone()
    return _time(presentation.in_zone(moment, zone), presentation.day_words(moment, zone))


@register.simple_tag
def row_people(people: Sequence[presentation.Named], to: Sequence[presentation.Named]) -> str:
    """Return who a row is about; see `mail.presentation.row_people`."""
    return presentation.row_people(people, to)


@register.filter
def markdown_html(text: str) -> SafeString:
    """Return the sanitised HTML of Markdown that stands by itself."""
    return markdown.render(text)


@register.simple_tag
def letter_html(letter: LetterView) -> SafeString:
    """Return the sanitised HTML of a letter, its pictures as pages of this node."""
    indexes = [file.index for file in letter.attachments if file.image]
    if not indexes:
        return markdown.render(letter.body)
    pictures = [picture.data for picture in take_attachments(letter.body)[1] if picture.image]

    def address(link: str) -> str | None:
        content = read_data_link(link)
        if content is None or content[1] not in pictures or picture_type(content[1]) is None:
            return None
        place = pictures.index(content[1])
        if place >= len(indexes):
            return None
        return reverse("mail:picture", args=[letter.key, indexes[place]])

    return markdown.render(letter.body, address)


@register.simple_tag
def qr(text: str, label: str, css: str = "") -> SafeString:
    """Return a QR code as an SVG element with a name for screen readers and a further class."""
    code = segno.make(text, error="m", micro=False)
    out = io.BytesIO()
    code.save(
        out,
        kind="svg",
        xmldecl=False,
        svgns=False,
        border=2,
        svgclass=None,
        lineclass=None,
        omitsize=True,
    )
    drawing = out.getvalue().decode()
    box, path = drawing.index("viewBox="), drawing.index("<path")
    return format_html(
        '<svg class="{}" role="img" aria-label="{}" {}>{}</svg>',
        f"qr {css}".strip(),
        label,
        mark_safe(drawing[box : drawing.index(">")]),  # noqa: S308  (segno's numbers)
        mark_safe(drawing[path : drawing.index("</svg>")]),  # noqa: S308  (segno's numbers)
    )


@register.filter
def at(values: Mapping[str, Any], key: str) -> Any:
    """Return `values[key]`, None when there is none."""
    return values.get(key)


@register.filter
def styled(field: BoundField) -> SafeString:
    """Return a form's field with the class of our own inputs; its label is said beside it."""
    field.field.widget.attrs.pop("placeholder", None)
    return field.as_widget(attrs={"class": "input"})


@register.filter
def reading_nodes(card: CardSummary) -> str:
    """Return the names of the nodes that read what is written to a card's owner."""
    names = [presentation.node_words(node.name) for node in card.nodes if node.reads]
    return presentation.join_words(names)
