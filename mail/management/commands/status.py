"""`sdmpweb status`: how this node is."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from journal import catching_up, taken_over
from journal.models import Line, Resource
from mail.management import helpers
from nodes import keystore
from nodes.addresses import addresses_of
from nodes.models import Account, LocalNode, Peer


class Command(BaseCommand):
    """Prints numbers about the journal and the peers."""

    help = "say how this node and its peers are"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options."""
        parser.add_argument("--json", action="store_true", help="everything, as JSON")

    def handle(self, *_: Any, json: bool, **__: Any) -> None:
        """Print it."""
        keystore.node_fingerprint()
        status = _status()
        if json:
            self.stdout.write(helpers.to_json(status))
            return
        self.stdout.write(f"node {status['node']}")
        for word in ("line", "account", "resource"):
            self.stdout.write(helpers.counted(status[f"{word}s"], word))
        for words in ("restored", "taken_over"):
            if words in status:
                self.stdout.write(status[words])
        for peer in status["peers"]:
            heard = peer["last_contact"] or "never"
            self.stdout.write(
                f"peer {peer['node']} last heard {heard}, "
                f"behind by {helpers.counted(peer['behind'], 'line')}"
                + (f", {peer['last_error']}" if peer["last_error"] else "")
            )


def _status() -> dict[str, Any]:
    node = LocalNode.objects.get()
    last = Line.objects.order_by("-position").first()
    restored = catching_up.words(timezone.now())
    return {
        "node": node.fingerprint,
        "lines": node.head_position,
        "last_line": last.identifier if last else node.fingerprint,
        **({"restored": restored} if restored else {}),
        **({"taken_over": taken_over.words()} if taken_over.is_taken_over() else {}),
        "accounts": Account.objects.filter(is_echo=False).count(),
        "resources": Resource.objects.count(),
        "peers": [
            {
                "node": peer.fingerprint,
                "addresses": addresses_of(peer.fingerprint),
                "last_contact": helpers.time_or_none(peer.last_contact),
                "behind": node.head_position - peer.sent_position,
                "next_attempt": helpers.time_or_none(peer.next_attempt),
                "last_error": peer.last_error,
            }
            for peer in Peer.objects.order_by("fingerprint")
        ],
    }
