"""Journal lines and the chain they make (protocol §8)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sdmp.encoding import hash_b64, is_fingerprint
from sdmp.errors import BadLine

_HASH: Final = "([A-Za-z0-9_-]{85}[AQgw])"
_LINE: Final = re.compile(f"{_HASH}@{_HASH}/{_HASH}")


@dataclass(frozen=True, slots=True)
class Line:
    """A line after the first: its identifier, and author and identifier of a resource."""

    identifier: str
    user: str
    resource: str


def first_line(fingerprint: str) -> str:
    """Return the first line of a node's journal: the node's fingerprint."""
    return fingerprint


def next_identifier(previous: str) -> str:
    """Return the identifier of the line after this whole line."""
    return hash_b64(previous.encode())


def make_line(previous: str, user: str, resource: str) -> str:
    """Return the line, after the whole line `previous`, for a resource of a user."""
    return f"{next_identifier(previous)}@{user}/{resource}"


def read_line(text: str) -> Line:
    """Read a line after the first. Raises BadLine."""
    match = _LINE.fullmatch(text)
    if match is None:
        raise BadLine("A line of a journal is identifier@author/resource.")
    return Line(match[1], match[2], match[3])


def check_chain(lines: Iterable[str], previous: str | None = None) -> None:
    """Check that lines follow each other, and the first of them the whole line `previous`.

    Without `previous` the first is the first of a journal, a fingerprint. Raises BadLine, whose
    `index` is the place of the first line that does not (protocol §8).
    """
    for index, text in enumerate(lines):
        if previous is None:
            if not is_fingerprint(text):
                raise BadLine("The first line of a journal is a fingerprint.", index)
        else:
            match = _LINE.fullmatch(text)
            if match is None:
                raise BadLine("A line of a journal is identifier@author/resource.", index)
            if match[1] != next_identifier(previous):
                raise BadLine("A line of a journal is not the hash of the one before.", index)
        previous = text
