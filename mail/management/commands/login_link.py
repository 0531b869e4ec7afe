"""`sdmpweb login_link`: a link by which a person sets a new password. The key stays as it is."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from mail.login_links import LIFETIME, address_of, make_link
from mail.management import helpers
from sdmp.encoding import format_time


class Command(BaseCommand):
    """Makes a link for a new password and prints it, this once."""

    help = "make a link by which a person sets a new password"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the arguments."""
        parser.add_argument("username")
        parser.add_argument(
            "--clear-factors",
            action="store_true",
            help="remove passkeys and the authenticator app when the link is used",
        )

    def handle(self, *_: Any, username: str, clear_factors: bool, **__: Any) -> None:
        """Make it."""
        now = timezone.now()
        token = make_link(helpers.person_named(username), clears_factors=clear_factors, now=now)
        self.stdout.write(address_of(token))
        self.stdout.write(f"It works once, until {format_time(now + LIFETIME)}.")
        helpers.warn_of_links(self.stderr)
