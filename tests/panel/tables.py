"""Reading the tables of a page, cell by cell, as a person with eyes or a screen reader does."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from datetime import datetime

from django.test import Client

_ROW = re.compile(r'<tr role="row"[^>]*>(.*?)</tr>', re.DOTALL)
_CELL = re.compile(r"<(th|td)\b([^>]*)>(.*?)</\1>", re.DOTALL)
_LABEL = re.compile(r'data-label="([^"]*)"')
_MOMENT = re.compile(r'<time[^>]* datetime="([^"]+)"')


@dataclass(frozen=True)
class Cell:
    """What stands in a cell, with its markup."""

    markup: str

    def __str__(self) -> str:
        return text_of(self.markup)

    @property
    def moment(self) -> datetime:
        """The moment that it shows, to the minute."""
        found = _MOMENT.search(self.markup)
        assert found is not None, self.markup
        return datetime.fromisoformat(found[1])


def get(client: Client, address: str) -> str:
    """Give the markup of a page, which has to be there."""
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return answer.content.decode()


def text_of(markup: str) -> str:
    """Give the words of some markup on one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", markup)).split())


def row(page: str, beginning: str) -> dict[str, Cell]:
    """Give the cells of the row of a table that begins like that, by their columns' names.

    The names are those which cells bear on a phone; they have to be the heads above them too.
    """
    found = []
    for one in _ROW.findall(page):
        cells = [(label, Cell(markup)) for _, label, markup in _CELL.findall(one)]
        if 'role="columnheader"' in one:
            heads = [str(cell) for _, cell in cells]
        elif str(cells[0][1]).startswith(beginning):
            found.append((heads, cells))
    assert len(found) == 1, (beginning, len(found))
    heads, cells = found[0]
    assert len(heads) == len(cells)
    for head, (attributes, _) in zip(heads, cells, strict=True):
        label = _LABEL.search(attributes)
        assert label is None or html.unescape(label[1]) == head
    return dict(zip(heads, [cell for _, cell in cells], strict=True))


def listed(page: str) -> list[str]:
    """Give how each row of the tables of a page begins."""
    rows = [one for one in _ROW.findall(page) if 'role="columnheader"' not in one]
    return [text_of(_CELL.findall(one)[0][2]) for one in rows]
