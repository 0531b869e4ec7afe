"""Checking this node's journal: the chain, and every signature (protocol §4, §8)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from journal.models import Line, Resource
from nodes.facts import current_facts
from nodes.models import LocalNode
from sdmp.errors import SdmpError
from sdmp.keys import PublicKey
from sdmp.lines import next_identifier
from sdmp.signature import read_envelope, verify


@dataclass(slots=True)
class Findings:
    """What a check found; `problems` are sentences, empty when all is well."""

    lines: int = 0
    signatures: int = 0
    removed: int = 0
    problems: list[str] = field(default_factory=list)


def journal_lines() -> Iterator[str]:
    """Give the lines of this node's journal as they stand, the first one first."""
    rows = Line.objects.order_by("position").values_list(
        "identifier", "resource__author", "resource__identifier"
    )
    for identifier, author, resource in rows.iterator(chunk_size=2000):
        yield identifier if resource is None else f"{identifier}@{author}/{resource}"


def verify_journal(progress: Callable[[int], None] = lambda _: None) -> Findings:
    """Check positions, the chain of lines, and the signature of every resource that is held.

    Args:
        progress: called with the number of lines checked so far.
    """
    findings = Findings()
    facts = current_facts()
    previous = ""
    rows = Line.objects.order_by("position").select_related("resource")
    for row in rows.iterator(chunk_size=500):
        findings.lines += 1
        if row.position != findings.lines:
            findings.problems.append(f"Line {findings.lines} is missing.")
            break
        expected = next_identifier(previous) if previous else row.identifier
        if row.identifier != expected:
            findings.problems.append(f"Line {row.position} does not follow the one before.")
        previous = row.text
        if row.resource is not None:
            _check(row.resource, findings, facts.key(row.resource.signer))
        progress(findings.lines)
    node = LocalNode.objects.first()
    if node is not None and (node.head_position, node.head_line) != (findings.lines, previous):
        findings.problems.append("The last line is not the one that the node goes on from.")
    return findings


def _check(resource: Resource, findings: Findings, key: PublicKey | None) -> None:
    if not resource.is_held:
        findings.removed += 1
        return
    try:
        envelope = read_envelope(resource.envelope().to_bytes())
        if key is None:
            findings.problems.append(f"The key that signed {resource.uri} is not known.")
            return
        verify(envelope, key)
        findings.signatures += 1
    except SdmpError as error:
        findings.problems.append(f"{resource.uri}: {error}")
