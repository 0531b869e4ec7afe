"""What the commands share: accounts by name, files, passwords, and JSON on stdout."""

from __future__ import annotations

import getpass
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from django.core.management.base import OutputWrapper

from nodes.errors import UserError
from nodes.models import Account
from nodes.setup import opens_here_alone
from sdmp import limits
from sdmp.encoding import format_time


def account_named(username: str) -> Account:
    """Find an account by the name it signs in with.

    Raises:
        UserError: there is none.
    """
    account = Account.objects.filter(username=username).first()
    if account is None:
        raise UserError(f"There is no account {username!r} on this node.")
    return account


def person_named(username: str) -> Account:
    """Find the account of a person; nobody signs in to the one that answers by itself.

    Raises:
        UserError: there is none.
    """
    account = account_named(username)
    if account.is_echo:
        raise UserError(f"The account {username!r} is nobody's; it answers by itself.")
    return account


def warn_of_links(stderr: OutputWrapper) -> None:
    """Say where a link that is printed leads nowhere from another machine."""
    if opens_here_alone():
        stderr.write("It opens on this machine alone; SDMPWEB_URL says which address others type.")


def read_bytes(name: str, limit: int = limits.RESOURCE_BYTES) -> bytes:
    """Read a file, or standard input for `-`, of at most `limit` bytes.

    Raises:
        UserError: it cannot be read or is larger.
    """
    try:
        if name == "-":
            data = sys.stdin.buffer.read(limit + 1)
        else:
            with Path(name).open("rb") as file:
                data = file.read(limit + 1)
    except OSError as error:
        raise UserError(f"{name} cannot be read: {error.strerror}.") from None
    if len(data) > limit:
        raise UserError(f"{name} is larger than {limit} bytes.")
    return data


def read_text(name: str, limit: int = limits.RESOURCE_BYTES) -> str:
    """Read a file of UTF-8 text, or standard input for `-`.

    Raises:
        UserError: it cannot be read, or is not UTF-8.
    """
    try:
        return read_bytes(name, limit).decode()
    except UnicodeDecodeError:
        raise UserError(f"{name} is not text in UTF-8.") from None


def read_password(file: str | None) -> str:
    """Read a password: the first line of a file, or what is typed twice at a terminal.

    Raises:
        UserError: there is neither a file nor a terminal, or the two differ.
    """
    if file is not None:
        lines = read_text(file, 4096).splitlines()
        if not lines or not lines[0]:
            raise UserError(f"{file} holds no password in its first line.")
        return lines[0]
    if not sys.stdin.isatty():
        raise UserError("There is no terminal to ask for a password; give --password-file.")
    first = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != first:
        raise UserError("The two passwords differ.")
    return first


def check_writable(name: str | None) -> None:
    """Make sure that a new file can be written, before anything else is done.

    Raises:
        UserError: it exists already, or its directory does not.
    """
    if name is None:
        return
    path = Path(name)
    if path.exists():
        raise UserError(f"{name} exists already; choose another name.")
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise UserError(f"{name} cannot be written there.")


def write_private(name: str, data: bytes) -> None:
    """Write a new file with mode 0600.

    Raises:
        UserError: it cannot be written.
    """
    try:
        descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise UserError(f"{name} cannot be written: {error.strerror}.") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


def to_json(value: Any) -> str:
    """Write a value as indented JSON."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def time_or_none(moment: datetime | None) -> str | None:
    """Write a moment as a timestamp (protocol §1)."""
    return format_time(moment) if moment else None


def counted(number: int, what: str) -> str:
    """Say how many there are of something, whose plural takes an s: "1 line", "2 lines"."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
