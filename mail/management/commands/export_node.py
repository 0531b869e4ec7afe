"""`sdmpweb export_node`: this node's offer."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from mail.own_nodes import own_offer


class Command(BaseCommand):
    """Prints what a user needs who wants to authorise this node."""

    help = "print this node's offer, JSON, for a user who wants to authorise it"

    def handle(self, *_: Any, **__: Any) -> None:
        """Print it."""
        self.stdout.write(own_offer().decode())
