"""How large the database and the data directory are; files may come and go meanwhile."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection

from nodes import disk


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes of the database, of all else in the data directory, and free where that is."""

    database: int
    files: int
    free: int


def measure() -> Sizes:
    """Say how large the database and the data directory are, and how much room is left."""
    own = {str(path) for path in _database_files()}
    files = sum(_size(path) for path in _files(settings.DATA) if str(path) not in own)
    return Sizes(database_bytes(), files, disk.free())


def database_bytes() -> int:
    """Say how large the database is, as its server or its files say."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_database_size(current_database())")
            return int(cursor.fetchone()[0])
    return sum(map(_size, _database_files()))


def data_bytes() -> int:
    """Say how large the data directory is, a database in it included."""
    return sum(map(_size, _files(settings.DATA)))


def _database_files() -> list[Path]:
    if connection.vendor == "postgresql":
        return []
    name = str(connection.settings_dict["NAME"])
    return [Path(name + end) for end in ("", "-wal", "-shm")]


def _files(directory: Path) -> Iterator[Path]:
    for where, _, names in os.walk(directory):
        for name in names:
            yield Path(where, name)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # gone meanwhile, or in memory
        return 0
