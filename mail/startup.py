"""What a node does before it serves."""

from __future__ import annotations

from django.conf import settings
from django.utils import timezone

from journal.addresses import refresh_addresses
from nodes import keystore
from nodes.peers import clear_leases
from nodes.wake import start_task


def prepare_node() -> None:
    """Check the secret, publish a changed address, and forget who talked to whom before.

    Raises:
        UserError: the node secret is missing or wrong; the sentence says what to do.
    """
    keystore.check_secret()
    refresh_addresses(timezone.now())
    if not settings.GROWN:
        clear_leases()


def resume() -> None:
    """Take up what an earlier process left: letters to open, peers to call."""
    start_task("mail.tasks.open_letters")
    start_task("mail.tasks.do_held")
    start_task("mail.tasks.remind")
    start_task("journal.tasks.look_for_work")
