"""`sdmpweb revoke`: take back a resource."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from journal.revoke import revoke


class Command(BaseCommand):
    """Revokes a resource that this node may revoke."""

    help = "revoke a resource that this node may revoke"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the arguments."""
        parser.add_argument("uri")

    def handle(self, *_: Any, uri: str, **__: Any) -> None:
        """Revoke it and print the revocation's URI."""
        self.stdout.write(revoke(uri, now=timezone.now()).uri)
