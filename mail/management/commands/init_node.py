"""`sdmpweb init_node`: the node and the owner's account, without a browser."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from journal.enrol import enrol, make_node
from mail.management import helpers
from nodes import keystore
from nodes.addresses import check_address
from nodes.errors import UserError
from nodes.models import Account


class Command(BaseCommand):
    """Makes what the owner's first visit makes."""

    help = "make the node and the owner's account without a browser"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options."""
        parser.add_argument("--name", required=True, help="name of the node, seen by peers")
        parser.add_argument("--owner", required=True, help="name to sign in with")
        parser.add_argument("--address", default="", help="host:port at which peers reach it")
        parser.add_argument("--password-file", help="file whose first line is the password")
        parser.add_argument("--recovery-file", help="where to write the recovery file")

    def handle(self, *_: Any, **options: Any) -> None:
        """Make both, or neither."""
        if Account.objects.exists():
            raise UserError("This node has an owner already; `create_account` makes more accounts.")
        helpers.check_writable(options["recovery_file"])
        if options["address"]:
            check_address(options["address"])
        password = helpers.read_password(options["password_file"])
        with transaction.atomic():
            make_node(options["name"], options["address"])
            made = enrol(options["owner"], password=password, owner=True)
            if options["recovery_file"]:
                helpers.write_private(options["recovery_file"], made.kit)
        self.stdout.write(f"node {keystore.node_fingerprint()}")
        self.stdout.write(f"user {made.account.fingerprint}")
        self.stdout.write(f"recovery phrase, shown only once: {made.phrase}")
