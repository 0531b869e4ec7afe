"""`sdmpweb add_contact`: read a card and make the trust."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from mail.contacts import add_contact
from mail.management import helpers
from sdmp.card import CARD_BYTES


class Command(BaseCommand):
    """Adds a contact to an account."""

    help = "read a card and make the trust; prints the user and their nodes"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the arguments."""
        parser.add_argument("username")
        parser.add_argument("file", help="the card; - for standard input")
        parser.add_argument("--name", help="what the account calls the contact")

    def handle(self, *_: Any, username: str, file: str, name: str | None, **__: Any) -> None:
        """Add the contact and print it."""
        account = helpers.account_named(username)
        view = add_contact(account, helpers.read_bytes(file, CARD_BYTES), name)
        nodes = [node.fingerprint for node in view.nodes]
        self.stdout.write(helpers.to_json({"user": view.fingerprint, "nodes": nodes}))
