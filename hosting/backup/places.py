"""Where backups lie: files of this machine, and whatever else fsspec can reach by a URL."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final, cast
from urllib.parse import urlsplit, urlunsplit

import fsspec

from hosting.backup.errors import BackupError
from nodes.models import LocalNode

_PART: Final = ".part"
_TIME: Final = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class Found:
    """A backup of this node in the place of its backups."""

    name: str
    place: str  # what opens it
    made: datetime
    bytes: int


def is_url(place: str) -> bool:
    """Say whether a place is a URL and no path of this machine."""
    if place.startswith("file://"):
        return False
    return re.match(r"[a-z][a-z0-9+.-]+:/", place) is not None or "::" in place


def path_of(place: str) -> Path:
    """Give the path of a place of this machine."""
    return Path(place.removeprefix("file://")).expanduser().absolute()


def shown(place: str) -> str:
    """Write a place for people: without a name, a password and parameters in it."""
    if not is_url(place):
        return str(path_of(place))
    parts = urlsplit(place)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def join(directory: str, name: str) -> str:
    """Give the place of a file in a directory."""
    return f"{directory.rstrip('/')}/{name}"


def new_name(now: datetime) -> str:
    """Name a backup of this node that is made now."""
    return f"{_prefix()}{now.astimezone(UTC).strftime(_TIME)}.age"


@contextmanager
def open_to_write(place: str) -> Iterator[BinaryIO]:
    """Give a new file to write; it has its name once all is written, and there is none otherwise.

    Raises:
        BackupError: there is one already, or it cannot be written.
    """
    try:
        with _write_remote(place) if is_url(place) else _write_local(path_of(place)) as file:
            yield file
    except BackupError:
        raise
    except (OSError, ImportError, ValueError) as error:
        raise BackupError(f"{shown(place)} cannot be written: {_reason(error)}.") from None


@contextmanager
def open_to_read(place: str) -> Iterator[BinaryIO]:
    """Give a file to read.

    Raises:
        BackupError: it is not there, or cannot be read.
    """
    try:
        if is_url(place):
            with fsspec.open(place, "rb") as file:
                yield cast(BinaryIO, file)
        else:
            with path_of(place).open("rb") as local:
                yield local
    except BackupError:
        raise
    except (OSError, ImportError, ValueError) as error:
        raise BackupError(f"{shown(place)} cannot be read: {_reason(error)}.") from None


def listed(directory: str) -> list[Found]:
    """List the backups of this node in a directory, the newest one first.

    Raises:
        BackupError: the directory cannot be read.
    """
    prefix = _prefix()
    pattern = re.compile(re.escape(prefix) + r"([0-9]{8}T[0-9]{6}Z)\.age")
    found = []
    for name, size in _entries(directory):
        if matched := pattern.fullmatch(name):
            made = datetime.strptime(matched[1], _TIME).replace(tzinfo=UTC)
            found.append(Found(name, join(directory, name), made, size))
    return sorted(found, key=lambda each: each.made, reverse=True)


def rotate(directory: str, keep: int) -> list[str]:
    """Delete the backups of this node but the newest `keep`, and what killed ones left.

    Nothing is touched that is not named as this node names its backups.

    Raises:
        BackupError: something cannot be deleted.
    """
    prefix = _prefix()
    old = [each.name for each in listed(directory)[keep:]]
    rest = [
        name
        for name, _ in _entries(directory)
        if name.startswith(f".{prefix}") and name.endswith(f".age{_PART}")
    ]
    for name in (*old, *rest):
        _delete(join(directory, name))
    return old


def _prefix() -> str:
    """Begin the names of this node's backups: several nodes may share a place."""
    node = LocalNode.objects.first()
    named = hashlib.sha256((node.fingerprint if node else "").encode()).hexdigest()[:8]
    return f"sdmpweb-{named}-"


@contextmanager
def _write_local(path: Path) -> Iterator[BinaryIO]:
    if path.exists():
        raise BackupError(f"{path} exists already; name another file.")
    beside = path.with_name(f".{path.name}{_PART}")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    opened = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with os.fdopen(opened, "wb") as file:
        # Of a process that was killed the file is there, and the lock is not.
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise BackupError(f"Another process is writing {path}; wait for it.") from None
        try:
            file.truncate()
            yield file
            file.flush()
            os.fsync(file.fileno())
            if path.exists():
                raise BackupError(f"{path} exists already; name another file.")
            beside.rename(path)
        finally:
            beside.unlink(missing_ok=True)
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


@contextmanager
def _write_remote(place: str) -> Iterator[BinaryIO]:
    system, path = fsspec.core.url_to_fs(place)
    if system.exists(path):
        raise BackupError(f"{shown(place)} exists already; name another file.")
    directory, _, name = path.rpartition("/")
    beside = f"{directory}/.{name}{_PART}" if directory else f".{name}{_PART}"
    try:
        with system.open(beside, "wb") as file:
            yield file
        system.mv(beside, path)
    except BaseException:
        if system.exists(beside):
            system.rm_file(beside)
        raise


def _entries(directory: str) -> list[tuple[str, int]]:
    """List names and sizes of the files in a directory; nothing where there is none yet."""
    try:
        if not is_url(directory):
            return [
                (each.name, each.stat().st_size)
                for each in path_of(directory).iterdir()
                if each.is_file()
            ]
        system, path = fsspec.core.url_to_fs(directory)
        system.invalidate_cache()
        rows: list[dict[str, Any]] = system.ls(path, detail=True)
        return [
            (row["name"].rpartition("/")[2], int(row.get("size") or 0))
            for row in rows
            if row["type"] == "file"
        ]
    except FileNotFoundError:
        return []
    except (OSError, ImportError, ValueError) as error:
        raise BackupError(f"{shown(directory)} cannot be read: {_reason(error)}.") from None


def _delete(place: str) -> None:
    try:
        if is_url(place):
            system, path = fsspec.core.url_to_fs(place)
            system.rm_file(path)
        else:
            path_of(place).unlink(missing_ok=True)
    except (OSError, ImportError, ValueError) as error:
        raise BackupError(f"{shown(place)} cannot be deleted: {_reason(error)}.") from None


def _reason(error: Exception) -> str:
    """Say why, without what a URL may hold."""
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)
    if isinstance(error, ImportError):
        return str(error).rstrip(".")  # names the package that reaches such places
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, ValueError) and str(error).startswith("Protocol not known"):
        return "fsspec knows no places of this kind"
    return type(error).__name__
