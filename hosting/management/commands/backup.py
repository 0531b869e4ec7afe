"""`sdmpweb backup FILE`: one encrypted file with everything, while the node runs or not."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from rich.console import Console
from rich.progress import Progress

from hosting.backup.deeds import back_up
from hosting.management.asking import ask_passphrase
from hosting.models import AuditEntry


class Command(BaseCommand):
    """Writes a backup."""

    help = "write one encrypted file with everything, while the node runs or not"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options."""
        parser.add_argument("file", help="the new file, or a URL that fsspec knows")

    def handle(self, *_: Any, **options: Any) -> None:
        """Write it, or nothing."""
        passphrase = ask_passphrase(twice=True)
        with Progress(console=Console(file=sys.stderr), transient=True) as bar:
            task = bar.add_task("Writing", total=None)
            result = back_up(
                options["file"],
                passphrase,
                lambda done, total: bar.update(task, completed=done, total=total),
                where=AuditEntry.Where.COMMAND,
            )
        self.stdout.write(result.words)
