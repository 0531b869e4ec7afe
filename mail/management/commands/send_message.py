"""`sdmpweb send_message`: a private message, or a notice."""

from __future__ import annotations

import mimetypes
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from mail.management import helpers
from mail.send import send
from nodes.errors import UserError
from sdmp import limits
from sdmp.encoding import is_fingerprint
from sdmp.letter import Attachment


class Command(BaseCommand):
    """Sends for an account."""

    help = "send a message or publish a notice; prints the resource's URI"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the arguments."""
        parser.add_argument("username")
        parser.add_argument("--to", nargs="+", default=[], metavar="FINGERPRINT")
        parser.add_argument("--title", default="")
        parser.add_argument("--body-file", help="the text, Markdown; - for standard input")
        parser.add_argument("--attach", nargs="+", default=[], metavar="F")
        parser.add_argument("--reply-to", metavar="URI")
        parser.add_argument("--notice", action="store_true", help="public, to all contacts")

    def handle(self, *_: Any, **options: Any) -> None:
        """Send it and print the URI."""
        account = helpers.account_named(options["username"])
        for recipient in options["to"]:
            if not is_fingerprint(recipient):
                raise UserError(f"{recipient} is not a fingerprint (86 characters).")
        body = helpers.read_text(options["body_file"]) if options["body_file"] else ""
        uri = send(
            account,
            to=options["to"],
            title=options["title"],
            body=body,
            attachments=[_attachment(name) for name in options["attach"]],
            reply_to=options["reply_to"],
            notice=options["notice"],
        )
        self.stdout.write(uri)


def _attachment(name: str) -> Attachment:
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    data = helpers.read_bytes(name, limits.MESSAGE_BYTES)
    return Attachment(name=Path(name).name, type=kind, data=data)
