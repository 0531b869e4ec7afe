"""`sdmpweb verify_journal`: check the chain and every signature."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand
from rich.console import Console
from rich.progress import Progress

from journal.models import Line
from journal.verification import verify_journal
from mail.management.helpers import counted
from nodes import keystore
from nodes.errors import UserError


class Command(BaseCommand):
    """Checks this node's journal."""

    help = "check the chain of the journal and every signature, with progress"

    def handle(self, *_: Any, **__: Any) -> None:
        """Check, print what was found, and fail when something is wrong."""
        keystore.node_fingerprint()
        total = Line.objects.count()
        with Progress(console=Console(file=sys.stderr), transient=True) as bar:
            task = bar.add_task("Checking", total=total)
            findings = verify_journal(lambda done: bar.update(task, completed=done))
        for problem in findings.problems:
            self.stderr.write(problem)
        self.stdout.write(
            f"{counted(findings.lines, 'line')}, {counted(findings.signatures, 'signature')} hold, "
            f"{counted(findings.removed, 'resource')} revoked and removed."
        )
        if findings.problems:
            raise UserError(f"The journal has {counted(findings.faults, 'fault')}.")
