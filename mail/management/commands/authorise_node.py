"""`sdmpweb authorise_node`: trust another node for an account, from its offer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from journal.trusts import trust_node
from mail.management import helpers
from nodes.errors import UserError
from nodes.peers import remember_offer
from sdmp.card import OFFER_BYTES, read_offer
from sdmp.encoding import parse_time
from sdmp.errors import SdmpError
from sdmp.trust import PUBLISH_RESOURCE, READ_ENCRYPTED, READ_RESOURCE, REVOKE


class Command(BaseCommand):
    """Gives a node power for an account; it acts once it has agreed (`serve_user`)."""

    help = "trust another node for an account, from its offer; then export_card holds it"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the arguments."""
        parser.add_argument("username")
        parser.add_argument("file", help="the offer; - for standard input")
        parser.add_argument(
            "--host-only", action="store_true", help="let it keep and pass on, and nothing else"
        )
        parser.add_argument("--until", metavar="TIMESTAMP", help="2027-05-01T00:00:00.000Z")

    def handle(self, *_: Any, **options: Any) -> None:
        """Make the trust and print its URI."""
        account = helpers.account_named(options["username"])
        try:
            offer = read_offer(helpers.read_bytes(options["file"], OFFER_BYTES))
        except SdmpError as error:
            raise UserError(f"This is not a node's offer: {error}") from None
        powers = [READ_RESOURCE]
        if not options["host_only"]:
            # What a node may pass on to another: never the power to make trusts (protocol §6).
            powers += [PUBLISH_RESOURCE, READ_ENCRYPTED, REVOKE]
        row = trust_node(
            str(account.fingerprint),
            offer.key.fingerprint,
            powers,
            until=_moment(options["until"]),
            now=timezone.now(),
        )
        remember_offer(offer.key.fingerprint, offer.ips, offer.urls)
        self.stdout.write(row.uri)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return parse_time(text)
    except SdmpError:
        raise UserError(f"{text} is not a timestamp such as 2027-05-01T00:00:00.000Z.") from None
