"""`sdmpweb set_quota`: how much room an account gets."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from dataclasses import replace
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandParser

from mail.management import helpers
from mail.presentation import size_words
from mail.rights import MOST_QUOTA, rights_of, save_rights

_SIZE: Final = re.compile(r"(\d{1,15})\s?([kmgt]?)b?", re.IGNORECASE | re.ASCII)
_FACTORS: Final = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}


def read_size(text: str) -> int | None:
    """Read a size such as `500MB` or `2GB`, in bytes; `none` is as much as there is.

    Raises:
        ArgumentTypeError: it is no size, or larger than any disk.
    """
    if text.lower() == "none":
        return None
    found = _SIZE.fullmatch(text)
    size = int(found[1]) * _FACTORS[found[2].lower()] if found else MOST_QUOTA + 1
    if size > MOST_QUOTA:
        raise ArgumentTypeError(f"{text!r} is not a size such as 500MB, 2GB or none")
    return size


class Command(BaseCommand):
    """Sets the space of an account."""

    help = "set how much room an account gets"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the arguments."""
        parser.add_argument("username")
        parser.add_argument("size", type=read_size, help="such as 500MB or 2GB; none for no limit")

    def handle(self, *_: Any, username: str, size: int | None, **__: Any) -> None:
        """Set it, and say what holds."""
        account = helpers.person_named(username)
        save_rights(account, replace(rights_of(account), quota=size))
        if size is None:
            self.stdout.write(f"The account {username} gets as much room as there is.")
        else:
            self.stdout.write(f"The account {username} gets {size_words(size)}.")
