"""The machine that is set up: its files, its users, and the programs that are run on it."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nodes.errors import UserError

_SAYS_WHY: Final = re.compile(r"\[emerg\]|\berror:|\bfailed\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine by its root directory: `/`, or that of an image, where nothing is started."""

    root: Path

    @property
    def runs(self) -> bool:
        """Whether it is this machine, and no image."""
        return self.root == Path("/")

    def at(self, path: str) -> Path:
        """Say where a path of the machine, such as `/etc`, lies for this process."""
        return self.root / path.lstrip("/")

    def has(self, path: str) -> bool:
        """Tell whether there is something at a path, be it a link that leads nowhere."""
        return os.path.lexists(self.at(path))

    def read(self, path: str) -> bytes | None:
        """Give the bytes of a file, None where there is none.

        Raises:
            UserError: it cannot be read.
        """
        try:
            return self.at(path).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise UserError(f"{self.at(path)} cannot be read: {_reason(error)}.") from None

    def user(self, name: str) -> int | None:
        """Give the number of a user, None where there is none of that name."""
        return self._number("/etc/passwd", name)

    def group(self, name: str) -> int | None:
        """Give the number of a group, None where there is none of that name."""
        return self._number("/etc/group", name)

    def _number(self, table: str, name: str) -> int | None:
        for line in (self.read(table) or b"").decode(errors="replace").splitlines():
            fields = line.split(":")
            if fields[0] == name and len(fields) > 2 and fields[2].isdigit():
                return int(fields[2])
        return None

    def run(self, *command: str) -> str:
        """Run a program and give what it printed.

        Raises:
            UserError: it is not there, or it failed; the sentence says why, as the program did.
        """
        shown = shlex.join(command)
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, errors="replace", check=False,
                stdin=subprocess.DEVNULL, cwd="/",
            )  # fmt: skip
        except OSError as error:
            raise UserError(f"`{shown}` cannot be run: {_reason(error)}.") from None
        if done.returncode:
            lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
            lines = [line for line in lines if _SAYS_WHY.search(line)] or lines
            why = lines[0].rstrip(".") if lines else f"it ended with status {done.returncode}"
            raise UserError(f"`{shown}` failed: {why}; mend that and run `sdmpweb setup` again.")
        return done.stdout


def _reason(error: OSError) -> str:
    return os.strerror(error.errno or 0)
