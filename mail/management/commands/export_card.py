"""`sdmpweb export_card`: the card that a person hands to another."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from mail.cards import export_card
from mail.management import helpers


class Command(BaseCommand):
    """Prints an account's card."""

    help = "print the card of an account, JSON"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the arguments."""
        parser.add_argument("username")

    def handle(self, *_: Any, username: str, **__: Any) -> None:
        """Print it."""
        self.stdout.write(export_card(helpers.account_named(username)).decode())
