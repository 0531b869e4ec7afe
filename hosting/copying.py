"""Copying the rows of all tables from one database into another, of either kind.

They go through Django's fields, which know what moments, bytes, JSON and truth look like in each.
Rows are read a few at a time, and are never all in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from django.apps import apps
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from hosting.backup import postgresql_dump
from nodes.errors import UserError

_AT_ONCE: Final = 2000
_LARGE_AT_ONCE: Final = 16
"""Of rows with contents, which may have some megabytes each."""

Model = type[models.Model]


def tables() -> list[Model]:
    """List the models of all tables that hold something of the node's."""
    found = apps.get_models(include_auto_created=True)
    return [model for model in found if model._meta.managed and not model._meta.proxy]


def count(source: str) -> dict[str, int]:
    """Count the rows of each table of a database, named as Django's connections name it."""
    return {model._meta.db_table: _rows(model, source).count() for model in tables()}


def copy(
    source: str, target: BaseDatabaseWrapper, progress: Callable[[int], None] = lambda done: None
) -> int:
    """Copy all rows, in the transactions that are open in both databases.

    Args:
        source: where they are read, named as Django's connections name it.
        target: where they are written: tables of the same form, whose own rows go.
        progress: called with how many rows are copied.

    Returns:
        How many there were.

    Raises:
        UserError: a table does not hold as many rows afterwards as before.
        DatabaseError, psycopg.Error: a database is away, or the other one cannot keep a row.
    """
    done = 0
    for model in tables():
        table = model._meta.db_table
        before = done
        with target.cursor() as cursor:
            cursor.execute(f"DELETE FROM {target.ops.quote_name(table)}")  # noqa: S608
        for written in _copy_table(model, source, target):
            done += written
            progress(done)
        with target.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {target.ops.quote_name(table)}")  # noqa: S608
            [there] = cursor.fetchone()
        if not there == done - before == _rows(model, source).count():
            raise UserError(f"Not all rows of {table} came over; nothing was moved.")
    return done


def _rows(model: Model, database: str) -> models.QuerySet[Any]:
    """Give all rows of a table, whatever its model's managers would leave out."""
    return models.QuerySet(model=model, using=database)


def _copy_table(model: Model, source: str, target: BaseDatabaseWrapper) -> Iterator[int]:
    """Copy a table, and say again and again how many rows more."""
    fields = model._meta.local_concrete_fields
    large = any(isinstance(field, models.BinaryField) for field in fields)
    at_once = _LARGE_AT_ONCE if large else _AT_ONCE
    found = _rows(model, source).order_by("pk").values_list(*(field.attname for field in fields))
    rows = _prepared(found.iterator(chunk_size=at_once), fields, target)
    columns = [str(field.column) for field in fields]
    write = _into_postgresql if target.vendor == "postgresql" else _into_sqlite
    yield from write(model._meta.db_table, columns, rows, target, at_once)


def _into_postgresql(
    table: str, columns: Sequence[str], rows: Iterator[Any], target: Any, at_once: int
) -> Iterator[int]:
    statement = postgresql_dump.copy_statement(table, columns, "FROM STDIN")
    with target.cursor() as cursor, cursor.copy(statement) as copying:
        while some := list(islice(rows, at_once)):
            for row in some:
                copying.write_row(row)
            yield len(some)


def _into_sqlite(
    table: str, columns: Sequence[str], rows: Iterator[Any], target: Any, at_once: int
) -> Iterator[int]:
    name = target.ops.quote_name
    names = ", ".join(map(name, columns))
    places = ", ".join("%s" for _ in columns)
    statement = f"INSERT INTO {name(table)} ({names}) VALUES ({places})"  # noqa: S608
    with target.cursor() as cursor:
        while some := list(islice(rows, at_once)):
            cursor.executemany(statement, some)
            yield len(some)


def _prepared(
    rows: Iterator[Any], fields: Sequence[models.Field[Any, Any]], target: BaseDatabaseWrapper
) -> Iterator[Any]:
    """Turn values of Python into those that the driver of a database takes, where they differ."""
    changes = [(n, how) for n, field in enumerate(fields) if (how := _change(field, target))]
    for row in rows:
        values = list(row)
        for number, how in changes:
            values[number] = how(values[number])
        yield values


def _change(
    field: models.Field[Any, Any], target: BaseDatabaseWrapper
) -> Callable[[Any], Any] | None:
    if isinstance(field, models.JSONField):
        # Where a column is never empty, nothing is JSON's null.
        return lambda value: (
            None
            if value is None and field.null
            else target.ops.adapt_json_value(value, field.encoder)
        )
    if target.vendor == "sqlite" and isinstance(field, models.DateTimeField):
        return target.ops.adapt_datetimefield_value
    return None
