"""Attachments: `data:` links in the Markdown of a letter (protocol §9).

A file is a link definition on a line of its own, `[name]: data:type;base64,… "name"`. A picture
is an image, `![name](data:…)`, and stays where it is shown. Both are read in one pass, in time
that grows with the length of the text alone, and neither is taken out of a fenced code block.
"""

from __future__ import annotations

import binascii
import html
import re
from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote_to_bytes

# Not in the protocol: a text may hold a definition in 14 bytes, so that 10 MiB could make 700,000.
ATTACHMENTS_MAX: Final = 1000

_TYPE: Final = re.compile(r"[\w.+-]+/[\w.+-]+(?:;[\w.+-]+=[\w.+%-]+)*", re.ASCII)
_UNKNOWN_TYPE: Final = "application/octet-stream"

_TITLE: Final = (
    r"""(?:[ \t]++(?:"((?:[^"\\\n]|\\[^\n])*+)"|'((?:[^'\\\n]|\\[^\n])*+)'"""
    r"""|\(((?:[^()\\\n]|\\[^\n])*+)\)))?[ \t]*+"""
)
_DEFINITION: Final = re.compile(
    r"\[((?:[^\[\]\\\n]|\\[^\n]){1,999}+)\]:[ \t]*+<?((?i:data):[!-;=?-~]*+)>?" + _TITLE
)
_IMAGE: Final = re.compile(
    r"!\[((?:[^\[\]\\\n]|\\[^\n]){0,999}+)\]\([ \t]*+<?((?i:data):[!-'*-;=?-~]*+)>?"
    + _TITLE
    + r"\)"
)
_FENCE: Final = re.compile(r"^ {0,3}(`{3,}+|~{3,}+)([^\n]*)$", re.MULTILINE)

# Markdown's ways to write a character that would mean something else.
_ESCAPED: Final = re.compile(
    r"\\([!-/:-@\[-`{-~])|(&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});)"
)
_IN_TITLE: Final = str.maketrans(
    {"&": "&amp;", '"': "&quot;", "\\": "&#92;", "\n": "&#10;", "\r": "&#13;"}
)
_IN_LABEL: Final = str.maketrans({"\\": r"\\", "[": r"\[", "]": r"\]", "\n": " ", "\r": " "})
_LABEL_CHARS: Final = 100


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that comes with a letter: name, media type and content.

    `image` says that it is shown in the body.
    """

    name: str
    type: str
    data: bytes = field(repr=False)
    image: bool = False


def take_attachments(text: str) -> tuple[str, tuple[Attachment, ...]]:
    """Return the text without its attachment definitions, and the attachments.

    First the pictures, which stay in the text as well, then the files, each in the order of the
    text. What looks like an attachment and cannot be decoded is text like any other (protocol
    §9).
    """
    files: list[Attachment] = []
    kept: list[str] = []
    start = end = 0
    for place, end, attachment in _definitions(text):
        files.append(attachment)
        kept.append(text[start:place])
        # The line goes with its line end.
        start = end + 1
    body = "".join(kept) + text[start:]
    if files and end == len(text):
        # What `put_attachments` wrote to keep the definitions apart from the body.
        body = body[:-2] if body.endswith("\n\n") else body.removesuffix("\n")
    return body, (*_images(body), *files)


def put_attachments(body: str, attachments: Sequence[Attachment]) -> str:
    """Return the body followed by the attachments that are not shown in it.

    `take_attachments` gives back the same body and attachments, unless the body holds definitions
    itself. A picture that the body does not show yet is shown at its end (protocol §9).
    """
    shown = list(_images(body))
    parts = [body] if body else []
    definitions = []
    for attachment in attachments:
        if not attachment.image:
            definitions.append(_definition(attachment))
        elif attachment in shown:
            shown.remove(attachment)
        else:
            parts.append(image_markdown(attachment))
    if definitions:
        parts.append("\n".join(definitions))
    return "\n\n".join(parts)


def image_markdown(attachment: Attachment) -> str:
    """Return the Markdown that shows a picture where it is put into a body (protocol §9)."""
    title = attachment.name.translate(_IN_TITLE)
    return f'![{_label(attachment.name)}]({_link(attachment)} "{title}")'


def _definition(attachment: Attachment) -> str:
    # A label must not be blank.
    label = _label(attachment.name) or "attachment"
    return f'[{label}]: {_link(attachment)} "{attachment.name.translate(_IN_TITLE)}"'


def _label(name: str) -> str:
    return name[:_LABEL_CHARS].translate(_IN_LABEL).strip()


def _link(attachment: Attachment) -> str:
    kind = attachment.type if _TYPE.fullmatch(attachment.type) else _UNKNOWN_TYPE
    data = binascii.b2a_base64(attachment.data, newline=False).decode("ascii")
    return f"data:{kind};base64,{data}"


def _definitions(text: str) -> Iterator[tuple[int, int, Attachment]]:
    """Yield start and end of each line that defines an attachment, and the attachment."""
    fences = _Fences(text)
    count = 0
    for place in _bracket_lines(text):
        end = text.find("\n", place)
        end = len(text) if end < 0 else end
        match = _DEFINITION.fullmatch(text, place, end)
        if match is None or fences.cover(place):
            continue
        attachment = _read(match, image=False)
        if attachment is not None:
            yield place, end, attachment
            count += 1
            if count == ATTACHMENTS_MAX:
                return


def _bracket_lines(text: str) -> Iterator[int]:
    """Yield the start of each line that begins with a bracket."""
    if text.startswith("["):
        yield 0
    line_end = text.find("\n[")
    while line_end >= 0:
        yield line_end + 1
        line_end = text.find("\n[", line_end + 1)


def _images(text: str) -> Iterator[Attachment]:
    """Yield each picture with a `data:` link."""
    fences = _Fences(text)
    count = 0
    place = text.find("![")
    while place >= 0 and count < ATTACHMENTS_MAX:
        match = _IMAGE.match(text, place)
        if match is not None and not fences.cover(place):
            attachment = _read(match, image=True)
            if attachment is not None:
                count += 1
                yield attachment
        place = text.find("![", place + 2 if match is None else match.end())


def _read(match: re.Match[str], *, image: bool) -> Attachment | None:
    label, link, *titles = match.groups()
    content = read_data_link(link)
    if content is None:
        return None
    title = next((title for title in titles if title is not None), label)
    return Attachment(_ESCAPED.sub(_unescape, title), content[0], content[1], image)


def read_data_link(link: str) -> tuple[str, bytes] | None:
    """Return media type and content of a `data:` link (RFC 2397), or None if it is none."""
    head, comma, body = link.partition(",")
    if not comma:
        return None
    kind = head[len("data:") :]
    plain = kind.removesuffix(";base64")
    data = unquote_to_bytes(body) if "%" in body else body.encode()
    if plain != kind:
        # Some leave the padding out.
        data = data.rstrip(b"=")
        try:
            data = binascii.a2b_base64(data + b"=" * (-len(data) % 4), strict_mode=True)
        except ValueError:
            return None
    return (plain if _TYPE.fullmatch(plain) else _default_type(plain)), data


def _default_type(said: str) -> str:
    # RFC 2397: without a type it is text. Anything odd is not worth passing on.
    return "text/plain" if not said or said.startswith(";") else _UNKNOWN_TYPE


def _unescape(match: re.Match[str]) -> str:
    character: str | None = match[1]
    return character if character is not None else html.unescape(match[2])


class _Fences:
    """The fenced code blocks of a text.

    A block that is never closed does not count: it would swallow the definitions at the end.
    """

    def __init__(self, text: str) -> None:
        # Starts and ends by turns.
        self.bounds: list[int] = []
        if "```" not in text and "~~~" not in text:
            return
        opened, fence = 0, ""
        for match in _FENCE.finditer(text):
            marks, info = match[1], match[2]
            if not fence:
                if marks[0] == "~" or "`" not in info:
                    opened, fence = match.start(), marks
            elif marks.startswith(fence) and not info.strip():
                self.bounds += [opened, match.end()]
                fence = ""

    def cover(self, place: int) -> bool:
        """Tell whether this place is inside a fenced code block."""
        return bisect(self.bounds, place) % 2 == 1
