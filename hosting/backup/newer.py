"""Refusing a database that a later version of the program has had."""

from __future__ import annotations

from typing import Final

from django.db import connection
from django.db.migrations.loader import MigrationLoader

from nodes.errors import UserError

OURS: Final = frozenset({"sdmpweb", "panel", "hosting", "mail", "journal", "nodes"})


class NewerDatabase(UserError):
    """The database holds what only a later version of the program understands."""


def refuse_newer(loader: MigrationLoader | None = None) -> None:
    """Make sure that every migration of ours that was applied is known to this program.

    Raises:
        NewerDatabase: one is not.
    """
    if found := unknown(loader or MigrationLoader(connection)):
        raise NewerDatabase(
            f"The database is of a later version of sdmpweb ({', '.join(found)}); install that "
            "version, or go back with `sdmpweb restore --snapshot`, or a backup from before it."
        )


def unknown(loader: MigrationLoader) -> list[str]:
    """List the migrations of ours that were applied and that this program does not know.

    Each as application/name.
    """
    known = set(loader.disk_migrations) | {
        replaced for each in loader.disk_migrations.values() for replaced in each.replaces
    }
    return sorted(
        f"{app}/{name}"
        for app, name in loader.applied_migrations
        if app in OURS and (app, name) not in known
    )
