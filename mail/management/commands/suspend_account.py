"""`sdmpweb suspend_account`: shut an account out, or let it in again."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from mail.management import helpers
from mail.suspending import let_in_again, suspend
from nodes.errors import UserError


class Command(BaseCommand):
    """Suspends an account; nothing of it is deleted."""

    help = "shut an account out, or let it in again"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the arguments."""
        parser.add_argument("username")
        parser.add_argument("--undo", action="store_true", help="let it in again")

    def handle(self, *_: Any, username: str, undo: bool, **__: Any) -> None:
        """Do it, and say so."""
        account = helpers.person_named(username)
        if undo:
            if not let_in_again(account):
                raise UserError(f"The account {username!r} is not suspended.")
            self.stdout.write(f"The account {username} is let in again.")
            return
        if not suspend(account):
            raise UserError(f"The account {username!r} is suspended already.")
        self.stdout.write(f"The account {username} is suspended, and signed out everywhere.")
