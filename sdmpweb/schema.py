"""Brings the database's tables up to date before they are used."""

import contextlib
from collections.abc import Iterator

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import OperationalError

from nodes.errors import UserError
from sdmpweb import lock

_ADVISORY_LOCK = 0x5D4D_5057


def bring_up_to_date() -> None:
    """Apply the migrations that are missing; several processes may call this at once.

    Raises UserError when the database cannot be reached.
    """
    try:
        if _is_behind():
            with _alone():
                if _is_behind():
                    call_command("migrate", interactive=False, verbosity=0)
    except OperationalError as error:
        reason = str(error).strip().splitlines() or ["no reason given"]
        raise UserError(f"The database cannot be used: {reason[0]}") from None


def _is_behind() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


@contextlib.contextmanager
def _alone() -> Iterator[None]:
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
