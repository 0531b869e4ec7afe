"""Putting a backup into an empty place, all or nothing (docs/backups.md).

Everything happens in the directory `restore.part` of the data directory, for PostgreSQL beside a
table that says so, until one last step makes it count: the rename of the database's file, or the
commit that takes the table away. Until then nothing but another restore starts with such data.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from psycopg import sql

from hosting.backup import postgresql_dump
from hosting.backup.archive import NODE_SECRET, SETTINGS, SQLITE, WEB_SECRET, open_archive
from hosting.backup.deeds import people
from hosting.backup.errors import BackupError
from hosting.backup.manifest import Manifest
from hosting.backup.newer import refuse_newer
from hosting.restore import CameBack, come_back
from nodes import facts, keystore
from nodes.errors import UserError

PART: Final = "restore.part"
_MARK: Final = "restoring_sdmpweb"  # begins with the name of no application of ours
_BACKUP: Final = "backup"
_COPIED: Final = "secret.copied"
_MAY_BE_THERE: Final = frozenset(
    {PART, NODE_SECRET, WEB_SECRET, SETTINGS, "node.lock", "migrate.lock", "static", "lost+found"}
)


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored.

    Args:
        manifest: what the backup said of itself.
        people: how many accounts of people.
        back: the node.
        settings: where those of the backup are.
    """

    manifest: Manifest
    people: int
    back: CameBack
    settings: Path | None


def restore(
    source: str,
    passphrase: str,
    now: datetime,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Restored:
    """Restore a backup into this empty data directory and database, all or nothing.

    What a restore that was killed has left is cleared first. No other process may use the data.

    Args:
        source: path or URL of the backup.
        passphrase: what it was encrypted under.
        now: the present moment.
        progress: called with how many rows are loaded, and of how many; for PostgreSQL alone.

    Raises:
        UserError: it is not empty here, the backup cannot be opened or is of the other kind of
            database, or another secret is in the way. Nothing is left then.
    """
    data = Path(settings.DATA)
    _clear(data)
    _refuse_unless_empty(data)
    with _cleared_when_it_fails(data):
        _mark()
        place = data / PART / _BACKUP
        place.mkdir(mode=0o700, parents=True)
        manifest = open_archive(source, passphrase, place)
        if manifest.vendor != connection.vendor:
            raise BackupError(_OTHER_KIND[manifest.vendor])
        _check_secret(place)
        with _database(place, manifest, progress) as commit:
            refuse_newer()
            call_command("migrate", interactive=False, verbosity=0)
            _copy_secrets(place)
            facts.forget()
            keystore.check_secret()
            with transaction.atomic():
                accounts = people(manifest)
                back = come_back(now, datetime.fromisoformat(manifest.made))
                _unmark()
                connection.run_on_commit.clear()  # nobody runs whom it would wake
            commit()
    written = _finish(data)
    connection.close()
    if connection.vendor == "postgresql":
        # Its threads end before the process does.
        connection.close_pool()  # type: ignore[attr-defined]
    return Restored(manifest, accounts, back, written)


def refuse_broken_off() -> None:
    """Let nothing start with data that a restore, which was killed, has left in the middle.

    One that was killed when all was done but tidying up is tidied up after.

    Raises:
        UserError: it says what to do.
    """
    data = Path(settings.DATA)
    if connection.vendor == "postgresql":
        if _is_marked():
            raise UserError(_BROKEN_OFF)
        complete = (data / PART).exists() and bool(_tables())
    else:
        complete = _database_file().exists()
        if (data / PART).exists() and not complete:
            raise UserError(_BROKEN_OFF)
    if complete and (data / PART).exists():
        _finish(data)


_BROKEN_OFF: Final = (
    "A restore was broken off here; run `sdmpweb restore FILE` again, which begins anew."
)
_OTHER_KIND: Final = {
    "sqlite": "The backup is of a node with SQLite; restore it where DATABASE_URL is not set.",
    "postgresql": "The backup is of a node with PostgreSQL; name an empty one with DATABASE_URL.",
}


def _database_file() -> Path:
    return Path(settings.DATABASES["default"]["NAME"])


@contextlib.contextmanager
def _database(
    place: Path, manifest: Manifest, progress: Callable[[int, int], None]
) -> Iterator[Callable[[], None]]:
    """Let this process use the database of the backup; gives what makes it the node's."""
    if manifest.vendor == "postgresql":
        postgresql_dump.load(place, manifest, progress)
        yield lambda: None
        return
    unpacked, target = place / SQLITE, _database_file()
    if not unpacked.exists():
        raise BackupError("The backup holds no database; use another one.")

    def commit() -> None:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA journal_mode = DELETE")  # all of it comes into the one file
            if cursor.fetchone()[0] != "delete":
                raise BackupError("The database is in use by something else; try again.")
        connection.close()
        into_place(unpacked, target)

    connection.close()
    connection.settings_dict["NAME"] = str(unpacked)
    try:
        yield commit
    finally:
        connection.close()
        connection.settings_dict["NAME"] = str(target)


# --- What is here ------------------------------------------------------------------------


def _refuse_unless_empty(data: Path) -> None:
    there = sorted(each.name for each in data.iterdir() if each.name not in _MAY_BE_THERE)
    if connection.vendor == "postgresql":
        if _tables():
            raise UserError("The database of DATABASE_URL is not empty; name an empty one.")
        there = [name for name in there if name.endswith(".sqlite3")]
    elif _database_file().exists():
        there = [_database_file().name]
    if there:
        raise UserError(
            f"The data directory {data} is not empty (there is {there[0]}); "
            "name an empty one with SDMPWEB_DATA."
        )


def _check_secret(place: Path) -> None:
    target = keystore.secret_path()
    if not (place / NODE_SECRET).exists():
        return
    if target.exists() and target.read_bytes() != (place / NODE_SECRET).read_bytes():
        raise UserError(
            f"The node secret {target} is there already and not that of the backup; move it away."
        )


def _tables() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
        names = [str(name) for (name,) in cursor.fetchall()]
    return [name for name in names if name != _MARK]


def _is_marked() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [_MARK])
        return bool(cursor.fetchone()[0])


def _mark() -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL("CREATE TABLE {} ()").format(sql.Identifier(_MARK)))


def _unmark() -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(_MARK)))


# --- Putting in place, and clearing up ---------------------------------------------------


def _copy_secrets(place: Path) -> None:
    target = keystore.secret_path()
    if (place / NODE_SECRET).exists() and not target.exists():
        (place.parent / _COPIED).touch()  # it is ours to take away again
        _copy(place / NODE_SECRET, target)
    if "SDMPWEB_WEB_SECRET" not in settings.GIVEN and (place / WEB_SECRET).exists():
        _copy(place / WEB_SECRET, Path(settings.DATA) / WEB_SECRET)


def _finish(data: Path) -> Path | None:
    """Write the settings where the node finds them, unless it has some, and tidy up."""
    saved, written = data / PART / _BACKUP / SETTINGS, None
    if saved.exists():
        beside = data.parent / SETTINGS
        has_some = beside.exists() or "SDMPWEB_CONFIG" in settings.GIVEN
        written = data / SETTINGS if has_some or not os.access(data.parent, os.W_OK) else beside
        if not written.exists():
            _copy(saved, written)
    shutil.rmtree(data / PART, ignore_errors=True)
    return written


@contextlib.contextmanager
def _cleared_when_it_fails(data: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        _clear(data)
        raise


def _clear(data: Path) -> None:
    """Take away what a restore has left that did not come to its end."""
    place = data / PART / _BACKUP
    if connection.vendor == "postgresql":
        if _is_marked():
            _drop_tables()
        elif _tables():
            return  # it did come to its end
    elif _database_file().exists():
        return
    if (place.parent / _COPIED).exists():
        keystore.secret_path().unlink(missing_ok=True)
    shutil.rmtree(data / PART, ignore_errors=True)
    facts.forget()
    keystore.forget()


def _drop_tables() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        for name in [*_tables(), _MARK]:
            cursor.execute(sql.SQL("DROP TABLE {} CASCADE").format(sql.Identifier(name)))


def _copy(source: Path, target: Path) -> None:
    """Copy a small file, whole or not at all, for this user's eyes alone."""
    beside = target.with_name(f".{target.name}.part")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(source.read_bytes())
        file.flush()
        os.fsync(file.fileno())
    beside.rename(target)


def into_place(source: Path, target: Path) -> None:
    """Move the database to where it belongs, in one step."""
    with source.open("rb") as file:
        os.fsync(file.fileno())
    source.rename(target)
    opened = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
