"""`sdmpweb withdraw_trust`: take the trust for a contact or a node back."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from journal.trusts import withdraw
from mail.management import helpers


class Command(BaseCommand):
    """Revokes every current trust for a fingerprint."""

    help = "revoke the trust for a contact or a node"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the arguments."""
        parser.add_argument("username")
        parser.add_argument("fingerprint")

    def handle(self, *_: Any, username: str, fingerprint: str, **__: Any) -> None:
        """Withdraw it and print the revocations."""
        account = helpers.account_named(username)
        for row in withdraw(str(account.fingerprint), fingerprint, now=timezone.now()):
            self.stdout.write(row.uri)
