"""Going back to the copy of the database that was made before an upgrade (docs/backups.md).

Such a snapshot is the same node at an earlier moment, with its key and journal. So going back is
for an upgrade that failed, before the node has run again: once it has written to its journal, the
older copy would fork it, and only a backup helps (`hosting.restoring`). All or nothing: the rename
of a file, or the commit of one transaction, makes it count.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from psycopg import sql

from hosting import beats, moved
from hosting.backup import facts, postgresql_dump, snapshots
from hosting.backup.archive import read_tar
from hosting.backup.errors import BackupError, Damaged
from hosting.backup.manifest import Manifest
from hosting.restoring import PART, into_place
from nodes.errors import UserError

_COPY: Final = "snapshot.sqlite3"
_HEAD: Final = "SELECT fingerprint, head_position, head_line FROM nodes_localnode"
_BEATS: Final = "SELECT 1 FROM hosting_beat WHERE seen > now() - %s LIMIT 1"
_APPS: Final = "SELECT DISTINCT app FROM django_migrations"


def go_back(name: str = "") -> Path:
    """Put a snapshot in the place of the database. No process of the node may run.

    Args:
        name: the snapshot's name in the directory of snapshots, or its path; the newest one when
            it is empty.

    Returns:
        The snapshot, which stays.

    Raises:
        UserError: there is no such snapshot, it is damaged, the node runs, it has written to its
            journal since, or it was moved to another database. Nothing is changed then.
    """
    moved.refuse()
    path = _find(name)
    manifest = snapshots.describe(path)
    if (path.suffix == ".tar") != (connection.vendor == "postgresql"):
        raise UserError("The snapshot is of the other kind of database; name another one.")
    with _unpacking() as place:
        if connection.vendor == "postgresql":
            _go_back_in_postgresql(path, place)
        else:
            _go_back_in_sqlite(path, place, manifest)
    return path


def _find(name: str) -> Path:
    if name:
        given = [Path(name), snapshots.directory() / name]
        found = [path for path in given if path.is_file()]
        missing = f"There is no snapshot {name}; they lie in {snapshots.directory()}."
    else:
        found = snapshots.taken()
        missing = f"There is no snapshot in {snapshots.directory()}; restore a backup instead."
    if not found:
        raise UserError(missing)
    return found[0]


@contextmanager
def _unpacking() -> Iterator[Path]:
    """Give an empty directory, which the next start takes away when this process is killed."""
    place = Path(settings.DATA).absolute() / PART
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(mode=0o700)
    try:
        yield place
    except OSError as error:
        raise BackupError(f"The snapshot cannot be unpacked: {error.strerror or error}.") from None
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _go_back_in_sqlite(path: Path, place: Path, manifest: Manifest) -> None:
    target = Path(settings.DATABASES["default"]["NAME"])
    copy = place / _COPY
    shutil.copyfile(path, copy)
    copy.chmod(0o600)
    try:
        with closing(sqlite3.connect(f"{copy.as_uri()}?immutable=1", uri=True)) as database:
            [whole] = database.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error:
        raise Damaged("The snapshot is damaged; use another one.") from None
    if whole != "ok":
        raise Damaged("The snapshot is damaged; use another one.")
    with connection.cursor() as cursor:
        _refuse_when_gone_on(manifest, cursor)
        cursor.execute("PRAGMA journal_mode = DELETE")  # nothing beside the one file is left
        if cursor.fetchone()[0] != "delete":
            raise UserError("The database is in use by something else; stop it and try again.")
    connection.close()
    into_place(copy, target)


def _go_back_in_postgresql(path: Path, place: Path) -> None:
    with path.open("rb") as file:
        manifest = read_tar(file, place)
    with transaction.atomic():
        with connection.cursor() as cursor:
            _refuse_when_gone_on(manifest, cursor)
            _refuse_when_it_runs(cursor)
            for table in _tables(cursor):
                cursor.execute(sql.SQL("DROP TABLE {} CASCADE").format(sql.Identifier(table)))
        postgresql_dump.load(place, manifest)
        connection.run_on_commit.clear()  # nobody runs whom it would wake


def _refuse_when_gone_on(then: Manifest, cursor: Any) -> None:
    """Compare heads of the journal, whatever an upgrade has made of the other tables."""
    try:
        with transaction.atomic():
            cursor.execute(_HEAD)
            rows = [tuple(row) for row in cursor.fetchall()]
    except DatabaseError:
        rows = []
    if rows != [(then.node, then.head_position, then.head_line)]:
        raise UserError(
            "The journal is not where it was when the snapshot was made, and going back would fork "
            "it; restore a backup into an empty place instead."
        )


def _refuse_when_it_runs(cursor: Any) -> None:
    try:
        with transaction.atomic():
            cursor.execute(_BEATS, [beats.ALIVE])
            runs = cursor.fetchone()
    except DatabaseError:
        return  # of a version that noted nothing
    if runs:
        raise UserError("The node runs, or did a minute ago; stop all its processes first.")


def _tables(cursor: Any) -> list[str]:
    """List our tables, those of a later version among them."""

    def ask(query: str) -> list[Any]:
        cursor.execute(query)
        return list(cursor.fetchall())

    known = set(facts.tables("postgresql", ask))
    later = tuple(f"{app}_" for (app,) in ask(_APPS))
    ask_all = ask("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
    return sorted(known | {str(name) for (name,) in ask_all if str(name).startswith(later)})
