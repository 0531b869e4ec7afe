"""`sdmpweb list_letters`: what an account has received and sent."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from mail.management import helpers
from mail.selectors import LetterView, all_letters
from sdmp.encoding import format_time


class Command(BaseCommand):
    """Lists letters, oldest first."""

    help = "list the letters of an account, oldest first"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the arguments."""
        parser.add_argument("username")
        parser.add_argument("--json", action="store_true", help="everything, as JSON")

    def handle(self, *_: Any, username: str, json: bool, **__: Any) -> None:
        """Print them."""
        letters = list(all_letters(helpers.account_named(username)))
        if json:
            self.stdout.write(helpers.to_json([_entry(letter) for letter in letters]))
            return
        for letter in letters:
            self.stdout.write(f"{format_time(letter.date)}  {letter.author.name}  {letter.title}")


def _entry(letter: LetterView) -> dict[str, Any]:
    return {
        "resource": letter.uri,
        "from": letter.author.fingerprint,
        "to": [person.fingerprint for person in letter.to],
        "title": letter.title,
        "date": format_time(letter.date),
        "body": letter.body,
        "notice": letter.notice,
        "attachments": [
            {"name": file.name, "type": file.type, "size": file.size} for file in letter.attachments
        ],
        "deliveries": [
            {
                "to": delivery.to.fingerprint,
                "state": delivery.state,
                "at": helpers.time_or_none(delivery.at),
            }
            for delivery in letter.deliveries
        ],
    }
