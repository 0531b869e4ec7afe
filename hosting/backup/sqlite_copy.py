"""A consistent copy of a SQLite database that goes on being written to.

SQLite's own backup copies pages while a read transaction is held open, so that all of it is of one
moment. The copy has no name: a process that is killed leaves nothing of it.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import BinaryIO, Final, cast

from django.conf import settings
from django.db import connection

from hosting.backup import facts
from hosting.backup.errors import BackupError
from hosting.backup.manifest import Manifest
from hosting.backup.packing import Pack
from hosting.backup.places import open_to_write

_NAME: Final = "database.sqlite3"
_PAGES: Final = 1024  # copied at a time
_PIECE: Final = 1024 * 1024


def write(
    pack: Pack, begin: Callable[[Manifest], None], progress: Callable[[int, int], None]
) -> Manifest:
    """Write the database into an archive, after `begin` was told what it will hold."""
    with snapshot(lambda done, total: progress(done // 2, total)) as (file, size, manifest):
        begin(manifest)
        pack.add_file(_NAME, cast(BinaryIO, _Told(file, size, progress)), size)
    return manifest


@contextmanager
def snapshot(
    progress: Callable[[int, int], None],
) -> Iterator[tuple[BinaryIO, int, Manifest]]:
    """Give a nameless copy of the database, its size, and what it holds.

    Raises:
        BackupError: the disk is full, or the database cannot be read.
    """
    path = settings.DATA / f".copy-{secrets.token_hex(8)}"
    opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(opened, "rb") as file:
        try:
            with closing(sqlite3.connect(path, isolation_level=None)) as copy:
                copy.execute("PRAGMA journal_mode = OFF")
                copy.execute("PRAGMA synchronous = OFF")
                path.unlink()
                manifest = _copy(copy, progress)
        except sqlite3.Error as error:
            raise BackupError(f"The database cannot be copied: {error}.") from None
        finally:
            path.unlink(missing_ok=True)
        yield cast(BinaryIO, file), os.fstat(file.fileno()).st_size, manifest


def copy_to(path: Path) -> None:
    """Copy the database into a new file of mode 0600, whole or not at all.

    Raises:
        BackupError: the disk is full, or the database cannot be read.
    """
    with snapshot(lambda _done, _total: None) as (file, _size, _), open_to_write(str(path)) as to:
        while piece := file.read(_PIECE):
            to.write(piece)


def _copy(copy: sqlite3.Connection, progress: Callable[[int, int], None]) -> Manifest:
    page: int = 4096

    def told(_status: int, remaining: int, total: int) -> None:
        progress((total - remaining) * page, total * page)

    with closing(_source()) as source:
        # The transaction makes the copy and the counts one moment's, however long they take.
        source.execute("BEGIN")
        page = source.execute("PRAGMA page_size").fetchone()[0]
        manifest = facts.gather("sqlite", lambda query: source.execute(query).fetchall())
        source.backup(copy, pages=_PAGES, progress=told, sleep=0)
        source.execute("ROLLBACK")
    return manifest


def _source() -> sqlite3.Connection:
    name = connection.settings_dict["NAME"]
    return sqlite3.connect(f"{Path(name).absolute().as_uri()}?mode=ro", uri=True, timeout=20,
                           isolation_level=None)  # fmt: skip


class _Told:
    """A file that says how far it was read, as the second half of the work."""

    def __init__(self, file: BinaryIO, size: int, progress: Callable[[int, int], None]) -> None:
        self._file, self._size, self._progress = file, size, progress
        self._read = 0

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._read += len(data)
        self._progress((self._size + self._read) // 2, self._size)
        return data
