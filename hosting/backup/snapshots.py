"""A copy of the database before it is migrated, so that an upgrade can be taken back.

It lies in `snapshots` in the data directory, with mode 0600 and not encrypted, as the database
itself. It holds no secrets: those stay where they are.
"""

from __future__ import annotations

import re
import sqlite3
import tarfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import connection

from hosting.backup import facts, presence, sqlite_copy
from hosting.backup.archive import MANIFEST, write_tar
from hosting.backup.errors import BackupError, Damaged
from hosting.backup.manifest import Manifest
from hosting.backup.places import open_to_write

KEPT: Final = 3
_NAME: Final = re.compile(r"before-[0-9][0-9A-Za-z.+-]*-[0-9]{8}T[0-9]{6}Z\.(sqlite3|tar)")


def directory() -> Path:
    """Say where the snapshots are."""
    return Path(settings.DATA) / "snapshots"


def take(now: datetime) -> Path | None:
    """Copy the database of this process, if it holds a node; the oldest copies go.

    PostgreSQL's tables are dumped into a tar archive, as in a backup. While an upgrade that failed
    is tried again, the copy that was made before its first step stays the newest.

    Returns:
        The copy to go back to.

    Raises:
        BackupError: it cannot be written; then nothing is left of it.
    """
    if not presence.is_here():
        return None
    for path in taken()[:1]:
        if _is_half_done_since(path):
            return path
    kept = directory()
    try:
        kept.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise BackupError(f"{kept} cannot be made: {error.strerror}.") from None
    stem = f"before-{settings.VERSION}-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    if connection.vendor == "postgresql":
        path = kept / f"{stem}.tar"
        with (
            open_to_write(str(path)) as file,
            tarfile.open(fileobj=file, mode="w|", format=tarfile.PAX_FORMAT) as tar,
        ):
            write_tar(tar, lambda _done, _total: None, secrets=False)
    else:
        path = kept / f"{stem}.sqlite3"
        sqlite_copy.copy_to(path)
    for old in taken()[KEPT:]:
        old.unlink(missing_ok=True)
    return path


def taken() -> list[Path]:
    """List the snapshots, the newest one first."""
    found = [path for path in directory().glob("before-*") if _NAME.fullmatch(path.name)]
    return sorted(found, key=lambda path: path.stem.rpartition("-")[2], reverse=True)


def describe(path: Path) -> Manifest:
    """Say what a snapshot holds.

    Raises:
        Damaged: it is none, or cannot be read.
    """
    try:
        if path.suffix == ".tar":
            with tarfile.open(path) as tar:
                content = tar.extractfile(MANIFEST)
                return Manifest.from_bytes(content.read() if content else b"")
        with closing(
            sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True)
        ) as database:
            return facts.gather("sqlite", lambda query: database.execute(query).fetchall())
    except (OSError, KeyError, tarfile.TarError, sqlite3.Error):
        raise Damaged("The snapshot is damaged; use another one.") from None


def _is_half_done_since(path: Path) -> bool:
    """Tell whether an upgrade by this version was begun after a snapshot, and has not come far."""
    if not path.name.startswith(f"before-{settings.VERSION}-"):
        return False
    try:
        then = describe(path)
    except BackupError:
        return False
    now = facts.gather(connection.vendor, _ask)
    same = (then.node, then.head_line) == (now.node, now.head_line)
    before = {tuple(each) for each in then.migrations}
    return same and before < {tuple(each) for each in now.migrations}


def _ask(query: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())
