"""`sdmpweb serve_user`: agree to act for a user who has authorised this node."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from journal.serving import serve_user
from mail.management import helpers
from sdmp.card import CARD_BYTES


class Command(BaseCommand):
    """Makes this node one of a user's nodes."""

    help = "agree to serve the user of a card who has authorised this node"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the arguments."""
        parser.add_argument("file", help="the card; - for standard input")
        parser.add_argument("--account", metavar="USERNAME", help="make an account for the user")
        parser.add_argument("--password-file", help="file whose first line is the password")

    def handle(self, *_: Any, **options: Any) -> None:
        """Agree, and print the user's fingerprint."""
        if options["password_file"] and not options["account"]:
            raise CommandError("--password-file goes with --account.", returncode=2)
        card = helpers.read_bytes(options["file"], CARD_BYTES)
        username = options["account"] or ""
        password = helpers.read_password(options["password_file"]) if username else None
        user = serve_user(card, now=timezone.now(), username=username, password=password)
        self.stdout.write(f"user {user}")
