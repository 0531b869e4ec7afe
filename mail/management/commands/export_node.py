"""`sdmpweb export_node`: this node's offer."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from nodes import keystore
from nodes.enrolment import node_section
from sdmp.card import Offer, write_offer


class Command(BaseCommand):
    """Prints what a user needs who wants to authorise this node."""

    help = "print this node's offer, JSON, for a user who wants to authorise it"

    def handle(self, *_: Any, **__: Any) -> None:
        """Print it."""
        section = node_section("")
        ips, urls = section["ips"], section.get("urls", [])
        assert isinstance(ips, list)
        assert isinstance(urls, list)
        offer = Offer(
            keystore.node_key().public,
            tuple(str(entry) for entry in ips),
            tuple(str(entry) for entry in urls),
        )
        self.stdout.write(write_offer(offer).decode())
