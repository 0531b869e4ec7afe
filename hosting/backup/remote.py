"""Files elsewhere, which fsspec reaches by a URL.

What is behind fsspec raises errors of its own, of whatever kind (`ftplib`'s, `paramiko`'s,
`botocore`'s), and their words may hold addresses, names and passwords. Each of them leaves here as
a `RemoteError` that says no more than its kind.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO, Final, cast

import fsspec
from django.utils.translation import gettext, gettext_noop

_ONLY_READ: Final = gettext_noop("places of this kind can only be read from")


class RemoteError(OSError):
    """A place elsewhere is out of reach, or refuses; `str(error)` ends the sentence about it."""


def why_unfit(kind: str) -> str:
    """Say why nothing can be written to places of a kind, the scheme of their URLs.

    Nothing is said where that shows only when it is tried. No place is asked.
    """
    if kind in ("http", "https"):
        return gettext(_ONLY_READ)
    try:
        with _told():
            fsspec.get_filesystem_class(kind)
    except RemoteError as error:
        return str(error)
    return ""


@contextmanager
def open_to_write(url: str, part: Callable[[str], str]) -> Iterator[BinaryIO]:
    """Give a new file to write; it has its name once all is written, and there is none otherwise.

    Args:
        url: of the file.
        part: gives the name of the file while it is written, from its own.

    Raises:
        FileExistsError: there is one already.
        RemoteError: it cannot be written.
    """
    with _told():
        system, path = fsspec.core.url_to_fs(url)
        _refuse_if_there(system, path)
        directory, slash, name = path.rpartition("/")
        beside = f"{directory}{slash}{part(name)}"
    try:
        with _told():
            file = system.open(beside, "wb")
        try:
            yield cast(BinaryIO, _Told(file))
        except BaseException:
            with suppress(Exception):
                file.close()
            raise
        with _told():
            file.close()
            _refuse_if_there(system, path)
            system.mv(beside, path)
    except BaseException:
        with suppress(Exception):  # the connection may have ended
            fsspec.core.url_to_fs(url)[0].rm_file(beside)
        raise


@contextmanager
def open_to_read(url: str) -> Iterator[BinaryIO]:
    """Give a file to read.

    Raises:
        FileNotFoundError: it is not there.
        RemoteError: it cannot be read.
    """
    with _told():
        file = fsspec.open(url, "rb").open()
    try:
        yield cast(BinaryIO, _Told(file))
    finally:
        with suppress(Exception):
            file.close()


def entries(url: str) -> list[tuple[str, int]]:
    """List names and sizes of the files in a directory.

    Raises:
        FileNotFoundError: it is not there.
        RemoteError: it cannot be read.
    """
    with _told():
        system, path = fsspec.core.url_to_fs(url)
        system.invalidate_cache()
        rows: list[dict[str, Any]] = system.ls(path, detail=True)
        return [
            (row["name"].rpartition("/")[2], int(row.get("size") or 0))
            for row in rows
            if row["type"] == "file"
        ]


def delete(url: str) -> None:
    """Delete a file.

    Raises:
        RemoteError: it cannot be deleted.
    """
    with _told():
        system, path = fsspec.core.url_to_fs(url)
        system.rm_file(path)


class _Told:
    """A file whose errors are told as all others of this module."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        with _told():
            return cast(bytes, self._file.read(size))

    def write(self, data: bytes) -> int:
        with _told():
            return cast(int, self._file.write(data))


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, FileExistsError, RemoteError):
        raise
    except Exception as error:
        raise RemoteError(_reason(error)) from None


def _reason(error: Exception) -> str:
    if isinstance(error, ImportError):
        return str(error).rstrip(".")  # names the package that reaches such places
    if isinstance(error, NotImplementedError):
        return gettext(_ONLY_READ)
    if isinstance(error, ValueError) and str(error).startswith("Protocol not known"):
        return gettext("fsspec knows no places of this kind")
    if isinstance(error, socket.gaierror):
        return gettext("its host is not found")
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)
    return type(error).__name__


def _refuse_if_there(system: Any, path: str) -> None:
    """Ask by `info`: `exists` takes an error for an answer."""
    with suppress(FileNotFoundError):
        system.info(path)
        raise FileExistsError
