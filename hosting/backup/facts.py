"""What a manifest tells of a database, asked in the transaction that copies it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from django.apps import apps
from django.conf import settings

from hosting.backup.manifest import Manifest

Ask = Callable[[str], Sequence[Sequence[Any]]]

_TABLES: Final = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name",
    "postgresql": "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1",
}
_MIGRATIONS: Final = "SELECT app, name FROM django_migrations ORDER BY id"
_NODE: Final = "SELECT fingerprint, name, head_position, head_line FROM nodes_localnode"


def gather(vendor: str, ask: Ask) -> Manifest:
    """Describe a database.

    Args:
        vendor: sqlite or postgresql.
        ask: runs a query in the transaction of the copy, and gives its rows.
    """
    found = tables(vendor, ask)
    manifest = Manifest(
        version=settings.VERSION,
        vendor=vendor,
        made=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        migrations=[[str(app), str(name)] for app, name in ask(_MIGRATIONS)],
        rows={table: int(ask(f'SELECT count(*) FROM "{table}"')[0][0]) for table in found},  # noqa: S608
    )
    nodes = ask(_NODE) if "nodes_localnode" in found else []
    for fingerprint, name, position, line in nodes:
        manifest = replace(
            manifest, node=fingerprint, node_name=name, head_position=position, head_line=line
        )
    return manifest


def tables(vendor: str, ask: Ask) -> list[str]:
    """List the tables that belong to our applications; others may share a database with them."""
    ours = tuple(f"{app.label}_" for app in apps.get_app_configs())
    names = (str(row[0]) for row in ask(_TABLES[vendor]))
    return [name for name in names if name.startswith((*ours, "django_"))]
