"""That the node of a database goes on in another one, or is only coming here (`hosting.moving`).

A table of one row says so, in the old database for good and in the new one until all is done.
While it is there no process of the node starts with that database. The old one takes in no further
line of the journal either, whoever tries, so that a process which was started at the wrong moment
cannot fork it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from django.apps import apps
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from nodes.errors import UserError

TABLE: Final = "moved_sdmpweb"
"""Its name begins with that of no application of ours."""

_BAR: Final = {
    "sqlite": (
        "CREATE TRIGGER moved_sdmpweb_bar BEFORE INSERT ON {} "
        "BEGIN SELECT RAISE(ABORT, 'this node was moved to another database'); END"
    ),
    # It is not asked of the lines that are there.
    "postgresql": "ALTER TABLE {} ADD CONSTRAINT moved_sdmpweb_bar CHECK (false) NOT VALID",
}


@dataclass(frozen=True, slots=True)
class Mark:
    """What a database says of a move.

    Args:
        way: `to` another database, in which the node is now; `from` one in which it may be still.
        move: a name that this move alone has, in both databases.
        node: fingerprint of the node.
        place: the other database, without user and password.
    """

    way: Literal["to", "from"]
    move: str
    node: str
    place: str


def find(on: BaseDatabaseWrapper) -> Mark | None:
    """Read what a database says of a move."""
    with on.cursor() as cursor:
        if TABLE not in on.introspection.table_names(cursor):
            return None
        cursor.execute(f"SELECT way, move, node, place FROM {TABLE}")  # noqa: S608
        return Mark(*cursor.fetchone())


def put(on: BaseDatabaseWrapper, mark: Mark) -> None:
    """Write it into a database, which after that takes in no line where the node has left it."""
    table = on.ops.quote_name(apps.get_model("journal", "Line")._meta.db_table)
    with on.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {TABLE} (way text, move text, node text, place text)")
        cursor.execute(
            f"INSERT INTO {TABLE} VALUES (%s, %s, %s, %s)",  # noqa: S608
            [mark.way, mark.move, mark.node, mark.place],
        )
        if mark.way == "to":
            cursor.execute(_BAR[on.vendor].format(table))


def take_away(on: BaseDatabaseWrapper) -> None:
    """Let the node begin in the database that it has come to."""
    with on.cursor() as cursor:
        cursor.execute(f"DROP TABLE {TABLE}")


def refuse() -> None:
    """Make sure that the node may go on in the database of this process. Raises UserError."""
    mark = find(connection)
    if mark is not None:
        raise UserError(words(mark))


def words(mark: Mark) -> str:
    """Say what has happened and what to do."""
    if mark.way == "to":
        return (
            f"This node was moved to {mark.place} and goes on there; set DATABASE_URL to that "
            "database, and leave this one alone."
        )
    return (
        f"A node was to be moved here from {mark.place}, and that was broken off; set DATABASE_URL "
        "as it was, and run `sdmpweb move_database` again."
    )
