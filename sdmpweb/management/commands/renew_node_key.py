"""`sdmpweb renew_node_key`: a new key for this node."""

from __future__ import annotations

import contextlib
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from hosting import left_behind
from journal import takeover
from nodes import keystore
from nodes.errors import UserError
from nodes.models import Account
from nodes.peers import clear_leases
from sdmpweb import lock


class Command(BaseCommand):
    """Makes a new key, which takes over; the node must not run meanwhile."""

    help = "make a new key for this node, which takes over from the old one; stop the node first"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options."""
        parser.add_argument(
            "--now",
            action="store_true",
            help="even when accounts stand still until they confirm with their recovery phrase",
        )

    def handle(self, *_: Any, now: bool, **__: Any) -> None:
        """Renew it and print the new fingerprint."""
        keystore.node_fingerprint()
        alone = contextlib.nullcontext() if settings.GROWN else lock.only_node(settings.DATA)
        with alone:
            if not settings.GROWN:
                clear_leases()
            moment = timezone.now()
            users = takeover.users_who_must_sign(moment)
            accounts = Account.objects.filter(fingerprint__in=users).order_by("username")
            names = ", ".join(accounts.values_list("username", flat=True))
            listed = names or f"{len(users)} without an account here"
            if users and not now:
                raise UserError(
                    f"These have not let this node make trusts and stand still until they confirm "
                    f"the new key with their recovery phrase: {listed}. With --now it is done."
                )
            renewal = takeover.renew_node_key(moment)
        self.stdout.write(f"node {renewal.fingerprint}")
        left = left_behind.left_behind(moment)
        if left:
            self.stdout.write(f"{left_behind.words(len(left))} {left_behind.todo()}")
        if names:
            self.stdout.write(f"waiting for the recovery phrase: {names}")
