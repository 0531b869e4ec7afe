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
from typing import BinaryIO, Final
from urllib.parse import urlsplit, urlunsplit

import structlog
from django.conf import settings
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop

from hosting.backup import remote
from hosting.backup.errors import BackupError
from nodes.models import LocalNode, SealedKey

_log = structlog.get_logger(__name__)
_LINK: Final = re.compile(r"[a-z][a-z0-9+.-]+:/")
_PART: Final = ".part"
_TIME: Final = "%Y%m%dT%H%M%SZ"
_LONGEST: Final = timedelta(days=1)
"""So long nobody writes at a place where it cannot be seen that somebody does."""
_FLEETING: Final = frozenset({"memory"})
"""Where fsspec keeps what is gone when the process ends."""
_WRITTEN: Final = gettext_noop("%(place)s cannot be written: %(why)s.")
_READ: Final = gettext_noop("%(place)s cannot be read: %(why)s.")
_DELETED: Final = gettext_noop("%(place)s cannot be deleted: %(why)s.")


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
    return _LINK.match(place) is not None or "::" in place


def path_of(place: str) -> Path:
    """Give the path of a place of this machine."""
    return Path(place.removeprefix("file://")).expanduser().absolute()


def refuse_unfit(place: str) -> None:
    """Make sure that a place is of a kind that keeps backups. No other machine is asked.

    Raises:
        BackupError: what is written there ends with this process, it can only be read from, or
            nothing here reaches places of its kind.
    """
    if not is_url(place):
        return
    kinds = [part.partition(":")[0] for part in place.split("::") if not part.startswith("/")]
    if _FLEETING.intersection(kinds):
        raise BackupError(
            gettext("What is written to %(place)s ends with this process; name another place.")
            % {"place": shown(place)}
        )
    for kind in kinds:
        if why := remote.why_unfit(kind):
            raise _cannot(_WRITTEN, place, remote.RemoteError(why))


def is_beside_data(directory: str) -> bool:
    """Tell whether a directory is on the disk of the database, and so would go with it."""
    if is_url(directory) or connection.vendor != "sqlite":
        return False
    try:
        return path_of(directory).stat().st_dev == Path(settings.DATA).stat().st_dev
    except OSError:
        return False


def shown(place: str) -> str:
    """Write a place for people: without a name, a password and parameters in it."""
    if not is_url(place):
        return str(path_of(place))
    return "::".join(_shown_link(link) for link in place.split("::"))


def join(directory: str, name: str) -> str:
    """Give the place of a file in a directory."""
    return f"{directory.rstrip('/')}/{name}"


def new_name(now: datetime) -> str:
    """Name a backup of this node that is made now."""
    return f"{_own_name()}-{now.astimezone(UTC).strftime(_TIME)}.age"


@contextmanager
def open_to_write(place: str) -> Iterator[BinaryIO]:
    """Give a new file to write; it has its name once all is written, and there is none otherwise.

    What killed processes of this node have left beside it goes.

    Raises:
        BackupError: there is one already, or it cannot be written.
    """
    try:
        with _write_remote(place) if is_url(place) else _write_local(path_of(place)) as file:
            yield file
    except OSError as error:
        raise _cannot(_WRITTEN, place, error) from None


@contextmanager
def open_to_read(place: str) -> Iterator[BinaryIO]:
    """Give a file to read.

    Raises:
        BackupError: it is not there, or cannot be read.
    """
    try:
        with remote.open_to_read(place) if is_url(place) else path_of(place).open("rb") as file:
            yield file
    except OSError as error:
        raise _cannot(_READ, place, error) from None


def listed(directory: str) -> list[Found]:
    """List the backups of this node in a directory, the newest one first.

    Raises:
        BackupError: the directory cannot be read.
    """
    pattern = re.compile(rf"{_ours()}-([0-9]{{8}}T[0-9]{{6}}Z)\.age")
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
    pattern = re.compile(rf"\..+\.{_ours()}(?:-([0-9]{{8}}T[0-9]{{6}}Z))?{re.escape(_PART)}")
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


def _own_name() -> str:
    """Name this node, with what the names of its backups begin: several may share a place."""
    # Before an upgrade the table may lack what is asked for nowhere here.
    return _name_of(LocalNode.objects.values_list("fingerprint", flat=True).first() or "")


def _ours() -> str:
    """Give a pattern for what this node is named by, with its key and with those it had before.

    A node that was restored, or has renewed its key, goes on with the backups of before.
    """
    former = SealedKey.objects.values_list("fingerprint", flat=True)
    names = {_own_name(), *map(_name_of, former)}
    return f"(?:{'|'.join(map(re.escape, sorted(names)))})"


def _name_of(fingerprint: str) -> str:
    return f"sdmpweb-{hashlib.sha256(fingerprint.encode()).hexdigest()[:8]}"


def _moment(text: str) -> datetime:
    return datetime.strptime(text, _TIME).replace(tzinfo=UTC)


def _part(name: str, begun: datetime | None = None) -> str:
    """Name a file while it is written: hidden, by which node, and since when where that counts."""
    time = f"-{begun.astimezone(UTC).strftime(_TIME)}" if begun else ""
    return f".{name}.{_own_name()}{time}{_PART}"


@contextmanager
def _write_local(path: Path) -> Iterator[BinaryIO]:
    if path.exists():
        raise FileExistsError
    _refuse_missing(path.parent)
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
                raise FileExistsError
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
    now = timezone.now()
    with remote.open_to_write(place, lambda name: _part(name, now)) as file:
        try_to_clear(place.rpartition("/")[0], now)  # once the place is known to answer
        yield file


def _entries(directory: str) -> list[tuple[str, int]]:
    """List names and sizes of the files in a directory; nothing where there is none elsewhere."""
    try:
        if is_url(directory):
            return remote.entries(directory)
        _refuse_missing(path_of(directory))
        return [
            (each.name, each.stat().st_size)
            for each in path_of(directory).iterdir()
            if each.is_file()
        ]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _cannot(_READ, directory, error) from None


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
            remote.delete(place)
        else:
            path_of(place).unlink(missing_ok=True)
    except OSError as error:
        raise _cannot(_DELETED, place, error) from None


def _refuse_missing(directory: Path) -> None:
    """Make sure that a directory is there. One that is missing may be a disk that is missing."""
    if not directory.is_dir():
        raise BackupError(
            gettext("There is no directory %(directory)s; make it, or mount the disk it is on.")
            % {"directory": directory}
        )


def _cannot(what: str, place: str, error: OSError) -> BackupError:
    """Say in a sentence what cannot be done with a place, and why, without what a URL may hold."""
    about = {"place": shown(place), "why": _reason(error)}
    if isinstance(error, FileExistsError):
        return BackupError(gettext("%(place)s exists already; name another file.") % about)
    return BackupError(gettext(what) % about)


def _reason(error: OSError) -> str:
    if isinstance(error, remote.RemoteError):
        return str(error)
    if error.errno:
        return os.strerror(error.errno)
    if isinstance(error, FileNotFoundError):
        return gettext("there is no such file")
    return type(error).__name__


def _shown_link(link: str) -> str:
    if not _LINK.match(link):
        return link
    parts = urlsplit(link)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))
