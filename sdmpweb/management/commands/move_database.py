"""`sdmpweb move_database URL`: the node from SQLite to PostgreSQL, and back."""

from __future__ import annotations

import getpass
import sys
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import connection
from django.db.utils import OperationalError
from django.utils import timezone
from rich.console import Console
from rich.progress import Progress

from hosting import moved, moving
from mail.management.helpers import counted
from nodes.errors import UserError
from sdmpweb import elsewhere, lock, schema


class Command(BaseCommand):
    """Moves the node into another database, all of it or nothing."""

    help = "move the node into an empty database: from SQLite to PostgreSQL, or back"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the argument."""
        parser.add_argument(
            "url", help="the other database, as DATABASE_URL names it; - reads it from stdin"
        )

    def handle(self, *_: Any, url: str, **__: Any) -> None:
        """Move it and say what is to be done now."""
        target = elsewhere.connect(_asked() if url == "-" else _without_password(url))
        there, here = elsewhere.in_words(target), elsewhere.in_words(connection)
        console = Console(file=sys.stderr)
        with (
            lock.only_node(settings.DATA),
            Progress(console=console, transient=True, disable=not console.is_terminal) as bar,
        ):
            task = bar.add_task("Moving", total=None)
            try:
                if moved.find(connection) is None:
                    schema.bring_up_to_date()
            except OperationalError as error:
                lines = str(error).strip().splitlines() or ["no reason given"]
                raise UserError(f"The database cannot be used: {lines[0]}") from None
            done = moving.move(
                target,
                here,
                there,
                timezone.now(),
                lambda done, total: bar.update(task, completed=done, total=total),
            )
        self._tell(done, here, there)

    def _tell(self, done: moving.Moved, here: str, there: str) -> None:
        redis = ", leave REDIS_URL out" if there.startswith("sqlite") else ""
        if not (settings.GROWN or redis):
            redis = ", and REDIS_URL for more than one process"
        self.stdout.write(
            f"The node is in {there} now, with {counted(done.people, 'account')}, "
            f"{counted(done.letters, 'message')} and {counted(done.lines, 'line')} of its journal: "
            f"set DATABASE_URL to that database{redis}, and start it. Nothing starts with {here} "
            "any more."
        )


def _asked() -> str:
    """Read the URL from standard input, where nobody else sees its password."""
    if sys.stdin.isatty():
        return getpass.getpass("URL of the other database: ").strip()
    return sys.stdin.readline().strip()


def _without_password(url: str) -> str:
    try:
        parts = urlsplit(url)
        is_secret = parts.password is not None or "password" in parse_qs(parts.query)
    except ValueError:
        return url  # it is none, which is said elsewhere
    if is_secret:
        raise UserError(
            "Others on this machine can see what a command is called with; put the URL with its "
            "password into a file, and run `sdmpweb move_database - < FILE`."
        )
    return url
