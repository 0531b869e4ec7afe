"""`sdmpweb inspect`: decode any container for reading."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from mail.inspection import inspect
from mail.management import helpers
from sdmp import limits


class Command(BaseCommand):
    """Decodes a file: a container, a card, an offer or a journal."""

    help = "decode any container for reading, saying whether it verifies"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the arguments."""
        parser.add_argument("file", help="the file; - for standard input")

    def handle(self, *_: Any, file: str, **__: Any) -> None:
        """Print what it holds."""
        data = helpers.read_bytes(file, limits.RESPONSE_FRAME_BYTES)
        self.stdout.write(helpers.to_json(inspect(data)))
