"""`sdmpweb backup FILE`: one encrypted file with everything, while the node runs or not."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db.utils import OperationalError
from rich.console import Console
from rich.progress import Progress

from hosting.backup import presence
from hosting.backup.deeds import back_up, restore_test
from hosting.management.asking import ask_passphrase
from nodes.errors import UserError


class Command(BaseCommand):
    """Writes a backup."""

    help = "write one encrypted file with everything, while the node runs or not"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options."""
        parser.add_argument("file", help="the file, or a URL that fsspec knows")
        parser.add_argument(
            "--check",
            action="store_true",
            help="restore the file into a scratch directory, and verify journal and resources",
        )

    def needs_database(self, options: Mapping[str, Any]) -> bool:
        """Tell whether there is a database to be brought up to date; none is made.

        Raises:
            BackupError: there is nothing to back up.
        """
        try:
            if not options["check"]:
                presence.refuse_nothing()
            return presence.is_here()
        except OperationalError:
            return True  # who brings it up to date says why it cannot be used

    def handle(self, *_: Any, **options: Any) -> None:
        """Write it, or nothing; or test one that was written."""
        passphrase = ask_passphrase(twice=not options["check"])
        console = Console(file=sys.stderr)
        with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task("Checking" if options["check"] else "Writing", total=None)

            def told(done: int, total: int) -> None:
                bar.update(task, completed=done, total=total)

            if not options["check"]:
                words = back_up(options["file"], passphrase, told)
                problems = list[str]()
            else:
                checked = restore_test(options["file"], passphrase, told)
                words, problems = checked.words, checked.problems
        for problem in problems:
            self.stderr.write(problem)
        if problems:
            raise UserError(words)
        self.stdout.write(words)
