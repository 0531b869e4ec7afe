"""Where backups lie: files of this machine, and whatever else fsspec can reach by a URL."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, Final, cast
from urllib.parse import urlsplit, urlunsplit

import fsspec
import structlog
from django.utils import timezone
from django.utils.translation import gettext

from hosting.backup.errors import BackupError
from nodes.models import LocalNode

_log = structlog.get_logger(__name__)
_PART: Final = ".part"
_TIME: Final = "%Y%m%dT%H%M%SZ"
_LONGEST: Final = timedelta(days=1)
"""So long nobody writes at a place where it cannot be seen that somebody does."""
_FLEETING: Final = frozenset({"memory"})
"""Where fsspec keeps what is gone when the process ends."""


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


def refuse_fleeting(place: str) -> None:
    """Make sure that what is written at a place is there when this process has ended.

    Raises:
        BackupError: it is not.
    """
    names = [part.partition(":")[0] for part in place.split("::")] if is_url(place) else []
    if _FLEETING.intersection(names):
        raise BackupError(
            gettext("What is written to %(place)s ends with this process; name another place.")
            % {"place": shown(place)}
        )


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

    What killed processes of this node have left beside it goes first.

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
            found.append(Found(name, join(directory, name), _moment(matched[1]), size))
    return sorted(found, key=lambda each: each.made, reverse=True)


def rotate(directory: str, keep: int) -> list[str]:
    """Delete the backups of this node but the newest `keep`.

    Nothing is touched that is not named as this node names its backups.

    Raises:
        BackupError: something cannot be deleted.
    """
    old = [each.name for each in listed(directory)[keep:]]
    for name in old:
        _delete(join(directory, name))
    return old


def clear_leftovers(directory: str, now: datetime) -> list[str]:
    """Delete the hidden files of this node that nobody finishes, and say which.

    On this machine whoever writes one holds its lock. Elsewhere there are no locks: there a file is
    left alone until it was begun more than a day ago.

    Raises:
        BackupError: the directory cannot be read, or something in it cannot be deleted.
    """
    ours = re.escape(_prefix().rstrip("-"))
    pattern = re.compile(rf"\..+\.{ours}(?:-([0-9]{{8}}T[0-9]{{6}}Z))?{re.escape(_PART)}")
    gone = []
    for name, _ in _entries(directory):
        if not (matched := pattern.fullmatch(name)):
            continue
        if not is_url(directory):
            if not _unlink_unlocked(path_of(directory) / name):
                continue
        elif not matched[1] or _moment(matched[1]) > now - _LONGEST:
            continue
        else:
            _delete(join(directory, name))
        gone.append(name)
    return gone


def _prefix() -> str:
    """Begin the names of this node's backups: several nodes may share a place."""
    # Before an upgrade the table may lack what is asked for nowhere here.
    node = LocalNode.objects.values_list("fingerprint", flat=True).first()
    named = hashlib.sha256((node or "").encode()).hexdigest()[:8]
    return f"sdmpweb-{named}-"


def _moment(text: str) -> datetime:
    return datetime.strptime(text, _TIME).replace(tzinfo=UTC)


def _part(name: str, begun: datetime | None = None) -> str:
    """Name a file while it is written: hidden, by which node, and since when where that counts."""
    time = f"-{begun.astimezone(UTC).strftime(_TIME)}" if begun else ""
    return f".{name}.{_prefix().rstrip('-')}{time}{_PART}"


@contextmanager
def _write_local(path: Path) -> Iterator[BinaryIO]:
    if path.exists():
        raise BackupError(f"{path} exists already; name another file.")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try_to_clear(str(path.parent), timezone.now())
    beside = path.with_name(_part(path.name))
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
    now = timezone.now()
    try_to_clear(place.rpartition("/")[0], now)
    beside = f"{directory}/{_part(name, now)}" if directory else _part(name, now)
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


def try_to_clear(directory: str, now: datetime) -> None:
    """Clear a directory before something is written there, where it may be looked through."""
    try:
        clear_leftovers(directory, now)
    except BackupError as error:
        _log.info("leftovers of backups stay", reason=str(error))


def _unlink_unlocked(path: Path) -> bool:
    """Delete a file unless a process is writing it; tell whether it is gone."""
    try:
        opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink(missing_ok=True)
    except OSError:
        return False
    finally:
        os.close(opened)
    return True


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
