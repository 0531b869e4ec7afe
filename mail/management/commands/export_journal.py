"""`sdmpweb export_journal`: the lines of this node's journal."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from journal.verification import journal_lines
from nodes import keystore


class Command(BaseCommand):
    """Prints the journal."""

    help = "print the lines of this node's journal"

    def handle(self, *_: Any, **__: Any) -> None:
        """Print them; the last has no line end (protocol §8)."""
        keystore.node_fingerprint()
        for number, line in enumerate(journal_lines()):
            self.stdout.write(("\n" if number else "") + line, ending="")
