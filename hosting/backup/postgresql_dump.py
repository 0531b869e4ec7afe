"""PostgreSQL's tables by COPY: out of one read-only transaction, and into an empty database."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from psycopg import Error as DriverError
from psycopg import sql

from hosting.backup import facts
from hosting.backup.errors import BackupError, Damaged
from hosting.backup.manifest import Manifest
from hosting.backup.packing import Pack

DUMP: Final = "database"
_PIECE: Final = 4 * 1024 * 1024
_COLUMNS: Final = (
    "SELECT table_name, column_name FROM information_schema.columns "
    "WHERE table_schema = current_schema() AND is_generated = 'NEVER' "
    "ORDER BY table_name, ordinal_position"
)
_NUMBERED: Final = (
    "SELECT table_name, column_name FROM information_schema.columns "
    "WHERE table_schema = current_schema() "
    "AND (is_identity = 'YES' OR column_default LIKE 'nextval(%')"
)


def write(
    pack: Pack, begin: Callable[[Manifest], None], progress: Callable[[int, int], None]
) -> Manifest:
    """Write all our tables into an archive, as they are at one moment.

    Args:
        pack: the archive.
        begin: called with what it will hold, before any table is written.
        progress: called with how many rows are written, and of how many.

    Raises:
        BackupError: the database cannot be read.
    """
    # A connection of its own: what `progress` writes down is no part of the transaction.
    own = connection.copy()
    try:
        own.set_autocommit(False)
        ask = partial(_ask, own)
        with own.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        manifest = facts.gather("postgresql", ask)
        columns: dict[str, list[str]] = {table: [] for table in manifest.rows}
        for table, column in ask(_COLUMNS):
            if table in columns:
                columns[table].append(column)
        manifest = replace(manifest, columns=columns)
        begin(manifest)
        done, total = 0, sum(manifest.rows.values())
        for table in columns:
            for number, piece in enumerate(_pieces(own, table, columns[table]), start=1):
                pack.add(f"{DUMP}/{table}/{number:06}.copy", piece)
                done += piece.count(b"\n")  # within a row a line's end is escaped
                progress(done, total)
        own.rollback()
    except (DatabaseError, DriverError) as error:
        raise BackupError(f"The database cannot be read: {_first_line(error)}") from None
    finally:
        own.close()
    return manifest


def load(
    directory: Path,
    manifest: Manifest,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Load the tables of an unpacked backup into the empty database of this process.

    It is first migrated to the state that the backup was made in; bringing it up to date is left
    to the caller (`migrate`).

    Args:
        directory: where `hosting.backup.archive.open_archive` unpacked it.
        manifest: what it gave.
        progress: called with how many rows are loaded, and of how many.

    Raises:
        BackupError: the database holds something, or is refused by the server.
        Damaged: the dump does not fit its manifest.
    """
    migrate_to(manifest)
    try:
        with transaction.atomic():
            _load_tables(directory / DUMP, manifest, progress)
    except (DatabaseError, DriverError) as error:
        raise Damaged(f"The dump cannot be loaded: {_first_line(error)}") from None


def migrate_to(manifest: Manifest) -> None:
    """Make the tables of the state that a backup was made in, in an empty database.

    Raises:
        BackupError: the database holds something, or this version does not know that state.
    """
    if facts.tables("postgresql", partial(_ask, connection)):
        raise BackupError("The database of DATABASE_URL is not empty; name an empty one.")
    executor = MigrationExecutor(connection)
    graph = executor.loader.graph
    recorded = {(app, name) for app, name in manifest.migrations}
    unknown = sorted(recorded - graph.nodes.keys())
    if unknown:
        raise BackupError(
            f"The backup was made by version {manifest.version} of sdmpweb, which knows more than "
            f"this one ({'/'.join(unknown[0])}); install that version or a later one."
        )
    newest = [
        key
        for key in sorted(recorded)
        if not any(c.key in recorded and c.key[0] == key[0] for c in graph.node_map[key].children)
    ]
    try:
        executor.migrate(newest)
    except DatabaseError as error:
        raise BackupError(f"The tables cannot be made: {_first_line(error)}") from None


def _load_tables(directory: Path, manifest: Manifest, progress: Callable[[int, int], None]) -> None:
    done, total = 0, sum(manifest.rows.values())
    with connection.cursor() as cursor:
        # The migrations have put some rows in.
        every = sql.SQL(", ").join(map(sql.Identifier, manifest.columns))
        cursor.execute(sql.SQL("TRUNCATE {}").format(every))
        for table, columns in manifest.columns.items():
            with cursor.copy(copy_statement(table, columns, "FROM STDIN")) as copy:
                for path in sorted((directory / table).glob("*.copy")):
                    piece = path.read_bytes()
                    copy.write(piece)
                    done += piece.count(b"\n")
                    progress(done, total)
            cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table)))
            if cursor.fetchone()[0] != manifest.rows[table]:
                raise Damaged(f"Rows of {table} are missing in the backup; use another one.")
    set_sequences(manifest.columns)


def set_sequences(tables: Collection[str]) -> None:
    """Let the numbers of new rows in these tables go on after the highest one."""
    with connection.cursor() as cursor:
        cursor.execute(_NUMBERED)
        for table, column in cursor.fetchall():
            if table in tables:
                cursor.execute(
                    sql.SQL(
                        "SELECT setval(pg_get_serial_sequence({}, {}), coalesce(max({}), 0) + 1, "
                        "false) FROM {}"
                    ).format(
                        sql.Literal(f'"{table}"'),
                        sql.Literal(column),
                        sql.Identifier(column),
                        sql.Identifier(table),
                    )
                )


def _pieces(own: Any, table: str, columns: list[str]) -> Iterator[bytes]:
    """Give a table's rows in COPY's text format, whole rows, some megabytes at a time."""
    pending = bytearray()
    with own.cursor() as cursor, cursor.copy(copy_statement(table, columns, "TO STDOUT")) as copy:
        for row in copy:
            pending += row
            if len(pending) >= _PIECE:
                yield bytes(pending)
                pending.clear()
    if pending:
        yield bytes(pending)


def copy_statement(table: str, columns: Sequence[str], way: str) -> sql.Composed:
    """Give the statement that copies a table's columns; `way` is such as FROM STDIN."""
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    return sql.SQL("COPY {} ({}) {}").format(sql.Identifier(table), names, sql.SQL(way))


def _ask(on: Any, query: str) -> list[Any]:
    with on.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or ["no reason given"]
    return lines[0].rstrip(".") + "."
