"""`sdmpweb list_contacts`: whom an account knows, and who asks."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from mail.contacts import list_contacts
from mail.management import helpers


class Command(BaseCommand):
    """Lists contacts and requests."""

    help = "list the contacts of an account, and requests"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the arguments."""
        parser.add_argument("username")
        parser.add_argument("--json", action="store_true", help="everything, as JSON")

    def handle(self, *_: Any, username: str, json: bool, **__: Any) -> None:
        """Print them."""
        contacts = [
            view for view in list_contacts(helpers.account_named(username)) if view.state != "ended"
        ]
        if json:
            entries = [
                {
                    "user": view.fingerprint,
                    "name": view.name,
                    "state": view.state,
                    "nodes": [node.fingerprint for node in view.nodes],
                }
                for view in contacts
            ]
            self.stdout.write(helpers.to_json(entries))
            return
        for view in contacts:
            self.stdout.write(f"{view.state:8}  {view.name}  {view.fingerprint}")
