"""What search reads of a letter: its text, without the files that may stand in it."""

from __future__ import annotations

import re
from typing import Final

from mail.sealing import seal_text
from sdmp.letter import Letter

# A picture stays in the body where it is shown, as a link that holds all of it (protocol §9).
_DATA: Final = re.compile(r"data:[\w.+-]+/[\w.+;=%-]+,[!-'*-;=?-~]*", re.IGNORECASE)


def without_data(body: str) -> str:
    """Return a body without the contents of its pictures."""
    return _DATA.sub("", body)


def seal_search_text(content: Letter) -> bytes | None:
    """Seal the text of a letter that has files; None for one that has none.

    The body of such a letter is opened itself.
    """
    text = without_data(content.body)
    return seal_text(text) if content.attachments or text != content.body else None
