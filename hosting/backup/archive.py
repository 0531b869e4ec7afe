"""Backups as files: written from the running node, and unpacked into an empty directory.

A backup is a tar archive, encrypted as a stream under a passphrase (`hosting.backup.age`). Its
members, in this order: `manifest.json`, `sdmpweb.env`, `node.secret`, `web.secret`, then
`database.sqlite3`, or `database/TABLE/000001.copy` and so on in PostgreSQL's COPY format.
"""

from __future__ import annotations

import io
import os
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final, cast

from django.conf import settings
from django.db import connection

from hosting.backup import postgresql_dump, sqlite_copy
from hosting.backup.age import Decrypting, Encrypting
from hosting.backup.errors import BackupError, Damaged
from hosting.backup.manifest import Manifest
from hosting.backup.packing import Pack
from hosting.backup.passphrase import refuse_weak
from hosting.backup.places import open_to_read, open_to_write
from nodes import keystore

MANIFEST: Final = "manifest.json"
SETTINGS: Final = "sdmpweb.env"
NODE_SECRET: Final = "node.secret"  # noqa: S105  the name of a file
WEB_SECRET: Final = "web.secret"  # noqa: S105
SQLITE: Final = "database.sqlite3"
DUMP: Final = "database"
_SMALL: Final = {MANIFEST, SETTINGS, NODE_SECRET, WEB_SECRET}
_LARGEST_SMALL: Final = 4 * 1024 * 1024
_BUFFER: Final = 256 * 1024

Progress = Callable[[int, int], None]  # done, total; any unit


def write_archive(
    target: str, passphrase: str, progress: Progress = lambda done, total: None
) -> tuple[Manifest, int]:
    """Write a backup of this node, which may go on running, and say what is in it and its bytes.

    Args:
        target: the file: a path, or the URL of a place that fsspec knows.
        passphrase: what it is encrypted under.
        progress: called with how much of the database is written, and of how much.

    Raises:
        BackupError: the passphrase is too short, there is such a file already, or it cannot be
            written. Then nothing is left.
    """
    refuse_weak(passphrase)
    with open_to_write(target) as file:
        counted = _Counted(file)
        encrypted = Encrypting(cast(BinaryIO, counted), passphrase)
        with tarfile.open(fileobj=encrypted, mode="w|", format=tarfile.PAX_FORMAT) as tar:
            manifest = write_tar(tar, progress, secrets=True)
        encrypted.finish()
    return manifest, counted.bytes


def write_tar(tar: tarfile.TarFile, progress: Progress, *, secrets: bool) -> Manifest:
    """Write the members of a backup: with `secrets` and the settings, or the database alone."""
    pack = Pack(tar)

    def begin(manifest: Manifest) -> None:
        pack.add(MANIFEST, manifest.to_bytes())
        if secrets:
            pack.add(SETTINGS, settings_file().encode())
            if keystore.secret_path().exists():
                pack.add(NODE_SECRET, keystore.secret_path().read_bytes())
            pack.add(WEB_SECRET, f"{settings.SECRET_KEY}\n".encode())

    write = postgresql_dump.write if connection.vendor == "postgresql" else sqlite_copy.write
    return write(pack, begin, progress)


def open_archive(source: str, passphrase: str, into: Path) -> Manifest:
    """Unpack a backup into an empty directory, and say what it holds.

    There are then `manifest.json`, `sdmpweb.env` (the settings that were given, those that name
    places of the old machine as comments), `node.secret`, `web.secret`, and either
    `database.sqlite3` or the directory `database` for `hosting.backup.postgresql_dump.load`.

    Args:
        source: the file: a path, or a URL that fsspec knows.
        passphrase: what it was encrypted under.
        into: an empty directory of mode 0700.

    Raises:
        WrongPassphrase: the passphrase is another one.
        Damaged: it is cut short, changed, or no backup.
        BackupError: it cannot be read, or `into` is not empty or has no room.
        Whatever it raises, `into` is empty then.
    """
    if any(into.iterdir()):
        raise BackupError(f"{into} is not empty.")
    try:
        with open_to_read(source) as file:
            clear = io.BufferedReader(Decrypting(file, passphrase), _BUFFER)
            manifest = read_tar(clear, into)
            while clear.read(_BUFFER):  # the end of the file is checked too
                pass
    except BaseException:
        _empty(into)
        raise
    return manifest


def read_tar(stream: BinaryIO | io.BufferedReader, into: Path) -> Manifest:
    """Unpack the members of a backup, of which no name leads out of `into`."""
    manifest: Manifest | None = None
    try:
        with tarfile.open(fileobj=stream, mode="r|") as tar:
            for member in tar:
                content = tar.extractfile(member)
                if not member.isfile() or content is None:
                    raise Damaged(f"The backup holds something else than files: {member.name!r}.")
                if member.name == MANIFEST and member.size <= _LARGEST_SMALL:
                    manifest = Manifest.from_bytes(content.read())
                    _write(into / MANIFEST, io.BytesIO(manifest.to_bytes()))
                elif manifest is None:
                    raise Damaged("The backup does not begin with its manifest; use another one.")
                else:
                    _write(into / _place(member, manifest), content)
    except tarfile.TarError:
        raise Damaged("The backup is damaged, cut short or changed; use another one.") from None
    except OSError as error:
        raise BackupError(f"The backup cannot be unpacked: {error.strerror or error}.") from None
    if manifest is None:
        raise Damaged("The backup is empty; use another one.")
    return manifest


def settings_file() -> str:
    """Write the settings that were given, as `SDMPWEB_CONFIG` reads them.

    What names places of this machine stands as a comment, and the passphrase of backups, without
    which this is not read, not at all.
    """
    lines = ["# The settings of the node that this backup is of."]
    for name, value in settings.GIVEN.items():
        if name in ("SDMPWEB_BACKUP_PASSPHRASE", "SDMPWEB_CONFIG") or "\n" in value:
            continue
        here = name in ("SDMPWEB_DATA", "SDMPWEB_NODE_SECRET", "SDMPWEB_WEB_SECRET")
        lines.append(f"{'# ' if here else ''}{name}={value}")
    return "\n".join(lines) + "\n"


def _place(member: tarfile.TarInfo, manifest: Manifest) -> Path:
    if member.name in _SMALL and member.size <= _LARGEST_SMALL:
        return Path(member.name)
    if member.name == SQLITE and manifest.vendor == "sqlite":
        return Path(SQLITE)
    parts = member.name.split("/")
    if len(parts) == 3 and parts[0] == DUMP and parts[1] in manifest.columns:
        number, _, ending = parts[2].partition(".")
        if number.isascii() and number.isdigit() and ending == "copy":
            return Path(*parts)
    raise Damaged(f"The backup holds something unknown: {member.name!r}.")


def _write(path: Path, content: object) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        shutil.copyfileobj(cast(BinaryIO, content), file, _BUFFER)


def _empty(directory: Path) -> None:
    for each in directory.iterdir():
        if each.is_dir() and not each.is_symlink():
            shutil.rmtree(each, ignore_errors=True)
        else:
            each.unlink(missing_ok=True)


class _Counted:
    """A file that is written to, with how much was."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.bytes = 0

    def write(self, data: bytes) -> int:
        self._file.write(data)
        self.bytes += len(data)
        return len(data)
