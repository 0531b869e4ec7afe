"""Checking this node's journal: the chain, and every signature (protocol §4, §8)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from journal.models import Line, Resource
from nodes.facts import current_facts
from nodes.models import LocalNode
from sdmp import limits
from sdmp.errors import SdmpError
from sdmp.keys import PublicKey
from sdmp.lines import next_identifier
from sdmp.signature import read_envelope, verify

_AT_ONCE: Final = 500
_BYTES_AT_ONCE: Final = 8 * limits.MIB
_MOST_PROBLEMS: Final = 1000


@dataclass(slots=True)
class Findings:
    """What a check found; `problems` are sentences, the first ones, empty when all is well."""

    lines: int = 0
    signatures: int = 0
    removed: int = 0
    faults: int = 0
    problems: list[str] = field(default_factory=list)

    def note(self, problem: str) -> None:
        """Note a fault."""
        self.faults += 1
        if self.faults <= _MOST_PROBLEMS:
            self.problems.append(problem)


def journal_lines() -> Iterator[str]:
    """Give the lines of this node's journal as they stand, the first one first."""
    rows = Line.objects.order_by("position").values_list(
        "identifier", "resource__author", "resource__identifier"
    )
    for identifier, author, resource in rows.iterator(chunk_size=2000):
        yield identifier if resource is None else f"{identifier}@{author}/{resource}"


def verify_journal(progress: Callable[[int], None] = lambda _: None) -> Findings:
    """Check positions, the chain of lines, and the signature of every resource that is held.

    What is added meanwhile is left for the next check. Nothing is locked, and no more is in memory
    than a few contents.

    Args:
        progress: called with the number of lines checked so far.
    """
    findings = Findings()
    node = LocalNode.objects.first()
    facts = current_facts()
    previous = ""
    for row in _rows(node.head_position if node else 0):
        findings.lines += 1
        if row.position != findings.lines:
            findings.note(f"Line {findings.lines} is missing.")
            break
        expected = next_identifier(previous) if previous else row.identifier
        if row.identifier != expected:
            findings.note(f"Line {row.position} does not follow the one before.")
        previous = row.text
        if row.resource is not None:
            _check(row.resource, findings, facts.key(row.resource.signer))
        progress(findings.lines)
    if node is not None and (node.head_position, node.head_line) != (findings.lines, previous):
        findings.note("The last line is not the one that the node goes on from.")
    return findings


def _rows(last: int) -> Iterator[Line]:
    """Give the lines up to a position with their resources, some at a time."""
    position = 0
    while rows := list(
        Line.objects.filter(position__gt=position, position__lte=last)
        .order_by("position")
        .select_related("resource")
        .defer("resource__payload")[:_AT_ONCE]
    ):
        position = rows[-1].position
        while rows:
            some = _that_fit(rows)
            held = Resource.objects.filter(line__in=[row.position for row in some])
            contents = dict(held.values_list("pk", "payload"))
            for row in some:
                if row.resource is not None:
                    row.resource.payload = contents[row.resource.pk]
                yield row
            del rows[: len(some)]


def _that_fit(rows: list[Line]) -> list[Line]:
    """Choose how many lines from the first may have their contents in memory, one at least."""
    room = _BYTES_AT_ONCE
    for number, row in enumerate(rows):
        room -= row.resource.size if row.resource is not None else 0
        if number and room < 0:
            return rows[:number]
    return rows[:]


def _check(resource: Resource, findings: Findings, key: PublicKey | None) -> None:
    if not resource.is_held:
        findings.removed += 1
        return
    try:
        envelope = read_envelope(resource.envelope().to_bytes())
        if key is None:
            findings.note(f"The key that signed {resource.uri} is not known.")
            return
        verify(envelope, key)
        findings.signatures += 1
    except SdmpError as error:
        findings.note(f"{resource.uri}: {error}")
