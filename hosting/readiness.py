"""Whether this process can do its work: what a supervisor or a load balancer asks."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from typing import Final

import structlog
from celery import current_app
from channels.layers import get_channel_layer
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from nodes import disk, loop

_log = structlog.get_logger(__name__)
_SECONDS: Final = 3
_lock = threading.Lock()
_migrated = False


def failing(checks: Mapping[str, Callable[[], bool]] | None = None) -> list[str]:
    """Name the checks that fail now; nothing when the process is ready.

    Args:
        checks: name → what tells whether it is well; all of them when not given.
    """
    found = []
    for name, check in (CHECKS if checks is None else checks).items():
        if name == "migrations" and "database" in found:
            continue  # it would wait for the database once more, and say nothing new
        try:
            well = check()
        except Exception as error:
            # What it says may name hosts, users and passwords.
            _log.warning("a check of readiness failed", check=name, error=type(error).__name__)
            well = False
        if not well:
            found.append(name)
    return found


def _database() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return True


def _migrations() -> bool:
    """Tell whether the database is as this code wants it; once it is, it stays so."""
    global _migrated
    with _lock:
        if not _migrated:
            executor = MigrationExecutor(connection)
            _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
        return _migrated


def _broker() -> bool:
    with current_app.connection_for_write(connect_timeout=_SECONDS) as broker:
        broker.ensure_connection(max_retries=1, interval_start=0, timeout=_SECONDS)
    return True


def _channel_layer() -> bool:
    layer = get_channel_layer()
    assert layer is not None

    async def send() -> None:
        async with asyncio.timeout(_SECONDS):
            await layer.group_send("readiness", {"type": "readiness"})

    loop.run(send()).result(_SECONDS + 1)
    return True


def _disk() -> bool:
    return not disk.is_short()


CHECKS: Final[dict[str, Callable[[], bool]]] = {
    "database": _database,
    "migrations": _migrations,
    "broker": _broker,
    "channel layer": _channel_layer,
    "disk": _disk,
}
