"""Room for a restore test: a directory, and for PostgreSQL a schema, that go away afterwards."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

from django.conf import settings
from django.db import DatabaseError, connection
from psycopg import sql

from hosting.backup.errors import BackupError

_DIRECTORY: Final = ".check-"
_SCHEMA: Final = "sdmpweb_check_"
_STALE_SECONDS: Final = 24 * 3600


@contextmanager
def directory() -> Iterator[Path]:
    """Give an empty directory beside the data, of mode 0700; what killed tests left goes first.

    Raises:
        BackupError: it cannot be made.
    """
    for left in settings.DATA.glob(f"{_DIRECTORY}*"):
        _remove_if_left(left)
    try:
        made = Path(tempfile.mkdtemp(prefix=_DIRECTORY, dir=settings.DATA))
    except OSError as error:
        raise BackupError(f"No directory for the test can be made: {error.strerror}.") from None
    opened = os.open(made, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)
        os.close(opened)


@contextmanager
def schema() -> Iterator[str]:
    """Give a `DATABASE_URL` whose tables are in a new, empty schema of this node's database.

    Raises:
        BackupError: this node has no PostgreSQL, or may not make a schema there.
    """
    if connection.vendor != "postgresql":
        raise BackupError(
            "The backup is of a node with PostgreSQL; test it where DATABASE_URL names a server."
        )
    name = f"{_SCHEMA}{int(time.time())}_{os.urandom(4).hex()}"
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT nspname FROM pg_namespace WHERE nspname LIKE %s", [f"{_SCHEMA}%"]
            )
            for (left,) in cursor.fetchall():
                matched = re.fullmatch(rf"{_SCHEMA}([0-9]+)_[0-9a-f]+", left)
                if matched and int(matched[1]) < time.time() - _STALE_SECONDS:
                    _drop(left)
            cursor.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(name)))
    except DatabaseError:
        raise BackupError(
            "The test needs a schema of its own: let the node's database user make one "
            "(GRANT CREATE ON DATABASE … TO …)."
        ) from None
    url = settings.GIVEN["DATABASE_URL"]
    try:
        yield f"{url}{'&' if '?' in url else '?'}options={quote(f'-csearch_path={name}')}"
    finally:
        _drop(name)


def _drop(name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(name)))


def _remove_if_left(left: Path) -> None:
    opened = os.open(left, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(left, ignore_errors=True)
    except OSError:
        pass  # another process is testing there
    finally:
        os.close(opened)
