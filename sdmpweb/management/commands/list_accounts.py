"""`sdmpweb list_accounts`: who has an account here."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from mail.management import helpers
from mail.presentation import clean_name, size_words
from nodes import keystore
from nodes.models import Account
from panel.account_view import AccountView, account_views


class Command(BaseCommand):
    """Lists the accounts of this node."""

    help = "list the accounts of this node"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options."""
        parser.add_argument("--json", action="store_true", help="everything, as JSON")

    def handle(self, *_: Any, json: bool, **__: Any) -> None:
        """Print them, owners first."""
        keystore.node_fingerprint()
        rows = Account.objects.filter(is_echo=False).order_by("-is_superuser", "username")
        views = account_views(list(rows))
        if json:
            self.stdout.write(helpers.to_json([_entry(view) for view in views]))
            return
        width = max((len(view.username) for view in views), default=0)
        for view in views:
            self.stdout.write(
                f"{_state(view):9}  {view.username:{width}}  {clean_name(view.name)}, "
                f"{helpers.counted(view.letters, 'message')}, {_space(view)}, "
                f"last seen {helpers.time_or_none(view.last_seen) or 'never'}"
            )


def _state(view: AccountView) -> str:
    if view.suspended:
        return "suspended"
    if view.owner:
        return "owner"
    return "host" if view.host_only else "member"


def _space(view: AccountView) -> str:
    used = size_words(view.used)
    return used if view.quota is None else f"{used} of {size_words(view.quota)}"


def _entry(view: AccountView) -> dict[str, Any]:
    return {
        "username": view.username,
        "name": view.name,
        "user": view.fingerprint,
        "owner": view.owner,
        "suspended": view.suspended,
        "host_only": view.host_only,
        "made": helpers.time_or_none(view.made),
        "last_seen": helpers.time_or_none(view.last_seen),
        "second_factors": list(view.factors),
        "recovery_checked": helpers.time_or_none(view.backup_checked),
        "messages": view.letters,
        "bytes": view.used,
        "quota": view.quota,
    }
