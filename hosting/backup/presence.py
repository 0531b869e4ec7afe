"""Whether there is a node here at all; asking makes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from hosting.backup import facts
from hosting.backup.errors import BackupError


def is_here() -> bool:
    """Tell whether the database of this process holds a node, or accounts."""
    if connection.vendor == "sqlite" and not _file_is_there():
        return False
    found = facts.tables(connection.vendor, _ask)
    return any(
        table in found and _ask(f'SELECT 1 FROM "{table}" LIMIT 1')  # noqa: S608
        for table in ("nodes_account", "nodes_localnode")
    )


def refuse_nothing() -> None:
    """Make sure that there is something to back up.

    Raises:
        BackupError: there is no node.
    """
    if not is_here():
        raise BackupError(
            f"There is no node in {settings.DATA} to back up; name its data directory with "
            "SDMPWEB_DATA."
        )


def _file_is_there() -> bool:
    if connection.is_in_memory_db():  # type: ignore[attr-defined]
        return True
    return Path(connection.settings_dict["NAME"]).exists()


def _ask(query: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())
