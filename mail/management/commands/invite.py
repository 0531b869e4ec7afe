"""`sdmpweb invite`: a link by which somebody gets an account on this node."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from mail.invitations import LIFETIMES, invite, link_of, may_invite
from mail.management import helpers
from mail.models import Invitation
from nodes import keystore
from nodes.errors import UserError
from nodes.models import Account


class Command(BaseCommand):
    """Makes an invitation to an account and prints its link, this once."""

    help = "make a link to an account on this node"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options."""
        parser.add_argument("--name", default="", help="who is to get it, as others see the name")
        parser.add_argument("--owner", default="", help="the owner of the node who invites")
        parser.add_argument(
            "--lifetime", choices=list(LIFETIMES), default="week", help="how long the link works"
        )

    def handle(self, *_: Any, name: str, owner: str, lifetime: str, **__: Any) -> None:
        """Make it."""
        keystore.node_fingerprint()
        row, token = invite(
            helpers.person_named(owner) if owner else _an_owner(),
            kind=Invitation.Kind.ACCOUNT,
            lifetime=lifetime,
            name=name,
            now=timezone.now(),
        )
        self.stdout.write(link_of(token))
        self.stdout.write(f"It works once, until {helpers.time_or_none(row.expires)}.")
        helpers.warn_of_links(self.stderr)


def _an_owner() -> Account:
    """Find the first owner who can invite."""
    owners = Account.objects.filter(is_superuser=True, is_active=True, may_invite=True)
    for account in owners.order_by("pk"):
        if may_invite(account):
            return account
    raise UserError("No owner of this node can invite; see what theirs may do in the panel.")
