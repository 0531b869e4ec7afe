"""Brings the database's tables up to date before they are used."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import OperationalError
from django.utils import timezone

from hosting import moved
from hosting.backup import snapshots
from hosting.backup.errors import BackupError
from hosting.backup.newer import refuse_newer
from hosting.restoring import refuse_broken_off
from nodes.errors import UserError
from sdmpweb import lock

_ADVISORY_LOCK = 0x5D4D_5057


def bring_up_to_date() -> None:
    """Apply the migrations that are missing; several processes may call this at once.

    A database that holds a node is copied first (`hosting.backup.snapshots`).

    Raises UserError when the database cannot be reached, is of a later version, a restore was
    broken off in it, its node was moved to another one, or there is no room for the copy.
    """
    try:
        refuse_broken_off()
        if _is_behind():
            with alone():
                if _is_behind():
                    _migrate(_keep_a_copy())
    except OperationalError as error:
        raise UserError(f"The database cannot be used: {_first_line(error)}.") from None


def _is_behind() -> bool:
    executor = MigrationExecutor(connection)
    moved.refuse()  # after what was read, which waits for a move that is under way
    refuse_newer(executor.loader)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _migrate(copy: Path | None) -> None:
    try:
        call_command("migrate", interactive=False, verbosity=0)
    except Exception as error:
        if copy is None:
            raise
        raise UserError(
            f"The database could not be brought up to date: {_first_line(error)}. To go back, run "
            f"`sdmpweb restore --snapshot {copy.name}` and install the version from before."
        ) from None


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or ["no reason given"]
    return lines[0].rstrip(".")


def _keep_a_copy() -> Path | None:
    try:
        return snapshots.take(timezone.now())
    except BackupError as error:
        raise UserError(
            f"The database is copied before it is brought up to date, and that failed. {error}"
        ) from None


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Be the only process that changes the tables, once others that do so have ended."""
    if connection.vendor != "postgresql":
        with lock.waiting(settings.DATA / "migrate.lock"):
            yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_ADVISORY_LOCK])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_ADVISORY_LOCK])
