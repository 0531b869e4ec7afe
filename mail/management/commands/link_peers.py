"""`sdmpweb link_peers`: dial now."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from journal.links import link
from journal.threads import in_thread
from mail.opening import open_waiting
from nodes import keystore
from nodes.errors import UserError
from nodes.facts import current_facts
from nodes.peers import get_peer, nodes_to_dial

_LINGER_SECONDS: Final = 1.0


class Command(BaseCommand):
    """Calls peers from this process and says what came of it."""

    help = "dial now, print what happened for each peer"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options."""
        parser.add_argument("--peer", metavar="FINGERPRINT", help="this one only")

    def handle(self, *_: Any, peer: str | None, **__: Any) -> None:
        """Dial and print."""
        nodes = nodes_to_dial(current_facts(), keystore.node_fingerprint(), timezone.now())
        if peer is not None and peer not in nodes:
            raise UserError("No account here has a reason to call that node.")
        chosen = sorted(nodes) if peer is None else [peer]
        for node in chosen:
            get_peer(node)
        for node, words in zip(chosen, asyncio.run(_link_all(chosen)), strict=True):
            self.stdout.write(f"{node} {words}")


async def _link_all(nodes: list[str]) -> list[str]:
    opening = asyncio.create_task(_keep_opening())
    try:
        return await asyncio.gather(*(link(node, linger=_LINGER_SECONDS) for node in nodes))
    finally:
        opening.cancel()
        await in_thread(open_waiting)


async def _keep_opening() -> None:
    """Open letters as they come, so that their receipts go back over the same session."""
    while True:
        await in_thread(open_waiting)
        await asyncio.sleep(0.2)
