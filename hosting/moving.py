"""Moving the node into another database: from SQLite to PostgreSQL, and back (docs/hosting.md).

It is the same node there, with its key and its journal. A journal that goes on in two databases is
forked, and peers drop who does that. So at any moment at most one of the two may be used
(`hosting.moved`):

1. The old database is locked. All rows are copied and checked in one transaction of the new one,
   whose commit puts a mark there too: it may not be used yet.
2. The commit of one transaction puts a mark into the old one: it may not be used any more. This
   is the moment at which the node moves.
3. The mark in the new one goes.

Whoever is killed before the second step has changed nothing; after it, running the command again
does the third. There is no undoing: the way back is another move, with all that came since.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from psycopg import Error as DriverError
from psycopg import sql

from hosting import beats, copying, moved
from hosting.audit import note
from hosting.backup import facts as about
from hosting.backup import postgresql_dump
from hosting.models import AuditEntry, Beat
from hosting.moved import Mark
from journal.verification import verify_journal
from mail.models import Letter
from nodes import facts, keystore
from nodes.errors import UserError
from nodes.models import Account, LocalNode

_SOURCE: Final = "source"


@dataclass(frozen=True, slots=True)
class Moved:
    """What was moved.

    Args:
        rows: how many, of all tables; 0 when only the last step was left to be done.
        people: how many accounts of people.
        letters: how many messages.
        lines: of the journal.
    """

    rows: int
    people: int
    letters: int
    lines: int


def move(
    target: BaseDatabaseWrapper,
    here: str,
    there: str,
    now: datetime,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Moved:
    """Move the node of this process's database, which is up to date, into another one.

    The caller holds the lock of the data directory. A move that was broken off after the node had
    moved is brought to its end.

    Args:
        target: a connection to the other one, which is empty; it is closed.
        here: what this database is called, without user and password.
        there: the same of the other one.
        now: the present moment.
        progress: called with how many rows are copied and lines checked, and of how many.

    Raises:
        UserError: there is no node here, it runs, or the other database is not empty, cannot be
            used, or cannot keep it. The node is where it was then, unless the words say that it
            was moved already.
    """
    with _in_the_place_of_ours(target) as source:
        try:
            if (mark := moved.find(source)) is not None:
                _finish(mark, target)
                return _counted(0)
            return _move(source, target, here, there, now, progress)
        except (DatabaseError, DriverError) as error:
            raise UserError(
                f"The node could not be moved: {_first_line(error)}. Mend that and run "
                "`sdmpweb move_database` again, which goes on where it can."
            ) from None


def _move(
    source: BaseDatabaseWrapper,
    target: BaseDatabaseWrapper,
    here: str,
    there: str,
    now: datetime,
    progress: Callable[[int, int], None],
) -> Moved:
    _refuse_unless_free(source, target)
    with _locked(source):
        node = LocalNode.objects.using(_SOURCE).get()
        _refuse_when_it_runs(now)
        name = secrets.token_hex(16)
        with target.constraint_checks_disabled(), transaction.atomic():
            _take_up_room(source, target)
            rows = _fill(target, progress)
            _check(node, rows, progress)
            note("command.move_database", where=AuditEntry.Where.COMMAND)
            moved.put(target, Mark("from", name, node.fingerprint, here))
            what = _counted(rows)
        moved.put(source, Mark("to", name, node.fingerprint, there))
    moved.take_away(target)
    return what


def _finish(mark: Mark, target: BaseDatabaseWrapper) -> None:
    """Do the last step of a move that was broken off before it, if that is what is here."""
    arrived = moved.find(target)
    if mark.way == "from" or arrived is None or (arrived.way, arrived.move) != ("from", mark.move):
        raise UserError(moved.words(mark))
    moved.take_away(target)


@contextmanager
def _in_the_place_of_ours(target: BaseDatabaseWrapper) -> Iterator[BaseDatabaseWrapper]:
    """Let this thread take another database for its own, and its own for the one called source."""
    source: Any = connections[DEFAULT_DB_ALIAS]
    connections[_SOURCE], connections[DEFAULT_DB_ALIAS] = source, target
    _forget()
    try:
        yield source
    finally:
        target.close()
        connections[DEFAULT_DB_ALIAS] = source
        del connections[_SOURCE]
        _forget()


def _forget() -> None:
    facts.forget()
    keystore.forget()


# --- What must be so before it ---------------------------------------------------------------


def _refuse_unless_free(source: BaseDatabaseWrapper, target: BaseDatabaseWrapper) -> None:
    node = LocalNode.objects.using(_SOURCE).first()
    if node is None:
        raise UserError(
            "There is no node here that could be moved; set DATABASE_URL before its first start."
        )
    mark = moved.find(target)
    if mark is None and about.tables(target.vendor, _ask):
        raise UserError("The other database is not empty; name an empty one.")
    if mark is not None and (mark.way, mark.node) != ("from", node.fingerprint):
        raise UserError("The other database belongs to another move; name an empty one.")


def _refuse_when_it_runs(now: datetime) -> None:
    """Look who was alive lately; whoever was on this machine is over when its process is gone."""
    lately = Beat.objects.using(_SOURCE).filter(seen__gt=now - beats.ALIVE)
    if any(not beats.is_over(process) for process in lately.values_list("process", flat=True)):
        raise UserError(
            "The node runs, or did a minute ago on another machine; stop all its processes, and "
            "try again in a minute."
        )


@contextmanager
def _locked(source: BaseDatabaseWrapper) -> Iterator[None]:
    """Let nobody else write into the old database, in a transaction that ends with its mark."""
    with transaction.atomic(using=_SOURCE):
        # SQLite's transactions lock at once; see `sdmpweb.databases`.
        if source.vendor == "postgresql":
            # A process that starts reads first which migrations were made, and waits there.
            names = [MigrationRecorder.Migration._meta.db_table]
            names += [model._meta.db_table for model in copying.tables()]
            with source.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '10s'")
                # The mark must be kept once it is said to be, or the node could go on in both.
                cursor.execute("SET LOCAL synchronous_commit = on")
                cursor.execute(
                    sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(
                        sql.SQL(", ").join(map(sql.Identifier, names))
                    )
                )
        yield


# --- The new database ------------------------------------------------------------------------


def _take_up_room(source: BaseDatabaseWrapper, target: BaseDatabaseWrapper) -> None:
    """Make the tables anew, where an earlier move was broken off too."""
    _refuse_unless_free(source, target)
    with target.cursor() as cursor:
        if target.vendor == "postgresql":
            # What the new database has said is kept must be, before the old one is given up.
            cursor.execute("SET LOCAL synchronous_commit = on")
        if moved.find(target) is not None:
            cascade = " CASCADE" if target.vendor == "postgresql" else ""
            for table in [*about.tables(target.vendor, _ask), moved.TABLE]:
                cursor.execute(f"DROP TABLE {target.ops.quote_name(table)}{cascade}")
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


def _fill(target: BaseDatabaseWrapper, progress: Callable[[int, int], None]) -> int:
    counts = copying.count(_SOURCE)
    total = sum(counts.values()) + LocalNode.objects.using(_SOURCE).get().head_position
    if target.vendor == "postgresql":
        with target.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")  # migrations have made some immediate
    rows = copying.copy(_SOURCE, target, lambda done: progress(done, total))
    target.check_constraints()
    if target.vendor == "postgresql":
        postgresql_dump.set_sequences(counts)
        with target.cursor() as cursor:
            names = sql.SQL(", ").join(map(sql.Identifier, counts))
            cursor.execute(sql.SQL("ANALYZE {}").format(names))
    return rows


def _check(node: LocalNode, rows: int, progress: Callable[[int, int], None]) -> None:
    """Make sure that the node can go on in the new database."""
    here = LocalNode.objects.get()
    if (here.fingerprint, here.head_position, here.head_line) != (
        node.fingerprint,
        node.head_position,
        node.head_line,
    ):
        raise UserError("The journal did not come over whole; nothing was moved.")
    keystore.check_secret()
    keystore.node_key()
    found = verify_journal(lambda done: progress(rows + done, rows + here.head_position))
    if found.faults:
        raise UserError(
            f"The journal has a fault and was not moved: {found.problems[0]} `sdmpweb "
            "verify_journal` tells all of them."
        )


def _counted(rows: int) -> Moved:
    return Moved(
        rows,
        Account.objects.filter(is_echo=False).count(),
        Letter.objects.count(),
        LocalNode.objects.get().head_position,
    )


def _ask(query: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or ["no reason given"]
    return lines[0].rstrip(".")
