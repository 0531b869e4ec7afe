"""`sdmpweb create_account`: another account on this node."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from journal.enrol import enrol
from mail.management import helpers
from nodes import keystore
from nodes.models import Account


class Command(BaseCommand):
    """Makes an account with its identity."""

    help = "make another account"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options."""
        parser.add_argument("username", help="name to sign in with")
        parser.add_argument("--name", default="", help="name that others see")
        parser.add_argument(
            "--host-only",
            action="store_true",
            help="let this node keep and pass on mail, and neither read nor send",
        )
        parser.add_argument("--password-file", help="file whose first line is the password")
        parser.add_argument("--recovery-file", help="where to write the recovery file")

    def handle(self, *_: Any, **options: Any) -> None:
        """Make the account, or nothing."""
        keystore.node_fingerprint()
        helpers.check_writable(options["recovery_file"])
        password = helpers.read_password(options["password_file"])
        with transaction.atomic():
            made = enrol(
                options["username"],
                name=options["name"],
                password=password,
                mode=Account.Mode.HOST if options["host_only"] else Account.Mode.FULL,
            )
            if options["recovery_file"]:
                helpers.write_private(options["recovery_file"], made.kit)
        self.stdout.write(f"user {made.account.fingerprint}")
        self.stdout.write(f"recovery phrase, shown only once: {made.phrase}")
