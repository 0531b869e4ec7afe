"""What is done to a machine, one thing after the other; each is done or was never begun."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from nodes.errors import UserError
from sdmpweb.setup.machine import Machine

SECONDS_TO_START: Final = 90.0
KEPT: Final = "/var/backups/sdmpweb-setup"
"""Where a file that is replaced is kept, under the path that it had."""


class Step(Protocol):
    """One thing that is done."""

    def missing(self, machine: Machine) -> str:
        """Say in a line what would be done; nothing when it is as it should be.

        Raises:
            UserError: the machine cannot be looked at.
        """
        ...

    def do(self, machine: Machine) -> None:
        """Do it.

        Raises:
            UserError: it cannot be done; all is as it was.
        """
        ...


@dataclass(frozen=True, slots=True)
class Rights:
    """Who may open a file or directory: its mode, its user and its group."""

    mode: int
    user: str = "root"
    group: str = "root"

    def __str__(self) -> str:
        return f"{self.mode:04o} {self.user}:{self.group}"

    def hold(self, machine: Machine, path: Path) -> bool:
        """Tell whether they are those of what lies at `path`."""
        now = path.stat()
        owners = (machine.user(self.user), machine.group(self.group))
        owned = not _may_give() or (now.st_uid, now.st_gid) == owners
        return now.st_mode & 0o7777 == self.mode and owned

    def give(self, machine: Machine, path: Path) -> None:
        """Give them to what lies at `path`; raises UserError without that user or group."""
        user, group = machine.user(self.user), machine.group(self.group)
        if _may_give():
            if user is None or group is None:
                raise UserError(f"There is no user and group {self.user}:{self.group} here.")
            os.chown(path, user, group)
        path.chmod(self.mode)


@dataclass(frozen=True, slots=True)
class Directory:
    """A directory, made empty where there is none."""

    path: str
    rights: Rights

    def missing(self, machine: Machine) -> str:
        """Say what would be done."""
        if not machine.has(self.path):
            return f"make {self.path} ({self.rights})"
        if not machine.at(self.path).is_dir():
            raise UserError(f"{machine.at(self.path)} is no directory; move it away first.")
        if not self.rights.hold(machine, machine.at(self.path)):
            return f"give {self.path} to {self.rights.user}:{self.rights.group}, {self.rights}"
        return ""

    def do(self, machine: Machine) -> None:
        """Make it, and give it to whom it belongs."""
        place = machine.at(self.path)
        with _told(place):
            _make_parents(place)
            place.mkdir(mode=0o700, exist_ok=True)
            self.rights.give(machine, place)


@dataclass(frozen=True, slots=True)
class File:
    """A file with what it holds.

    `before` is what it held when that was looked at, `check` a command that must be content with
    it, or all is as before. What is replaced is kept under `KEPT`, unless only `added` to.
    """

    path: str
    content: bytes
    rights: Rights
    before: bytes | None
    added: str = ""
    check: tuple[str, ...] = ()

    def missing(self, machine: Machine) -> str:
        """Say what would be done."""
        if self.before is None:
            return f"write {self.path} ({self.rights})"
        if self.before != self.content:
            if self.added:
                return f"add to {self.path}: {self.added}"
            return f"replace {self.path}, which differs; what it is now is kept in {KEPT}"
        if not self.rights.hold(machine, machine.at(self.path)):
            return f"give {self.path} the rights {self.rights}"
        return ""

    def do(self, machine: Machine) -> None:
        """Write it beside and rename it, so that nobody ever sees half of it."""
        place = machine.at(self.path)
        if machine.read(self.path) != self.before:
            raise UserError(f"{place} has changed meanwhile; run `sdmpweb setup` again.")
        with _told(place):
            _make_parents(place)
            if self.before not in (None, self.content) and not self.added:
                kept = machine.at(KEPT + self.path)
                _make_parents(kept)
                while kept.exists():
                    kept = kept.with_name(f"{kept.name}~")
                shutil.copy2(place, kept)
            self._write(machine, self.content)
            if self.check and machine.runs:
                try:
                    machine.run(*self.check)
                except UserError:
                    self._put_back(machine)
                    raise

    def _write(self, machine: Machine, content: bytes) -> None:
        place = machine.at(self.path)
        # Neither systemd nor nginx reads a file of such a name, should one be left by a kill.
        beside = place.with_name(f".{place.name}.sdmpweb-setup")
        beside.unlink(missing_ok=True)
        try:
            with beside.open("xb") as file:
                os.fchmod(file.fileno(), 0o600)
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            self.rights.give(machine, beside)
            beside.replace(place)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise

    def _put_back(self, machine: Machine) -> None:
        if self.before is None:
            machine.at(self.path).unlink()
        else:
            self._write(machine, self.before)


@dataclass(frozen=True, slots=True)
class Run:
    """A program that is run; `words` say it better than its arguments, where given."""

    command: tuple[str, ...]
    words: str = ""

    def missing(self, machine: Machine) -> str:
        """Say what is run; whether it has to be is known to the plan."""
        return self.words or f"run {shlex.join(self.command)}"

    def do(self, machine: Machine) -> None:
        """Run it."""
        machine.run(*self.command)


@dataclass(frozen=True, slots=True)
class Answer:
    """Waiting until a node that was started answers; the first start makes the database."""

    port: int
    unit: str

    def missing(self, machine: Machine) -> str:
        """Say what is waited for."""
        return f"wait until the node answers at port {self.port}"

    def do(self, machine: Machine) -> None:
        """Wait, for a while."""
        end = time.monotonic() + SECONDS_TO_START
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 5).close()
                return
            except OSError:
                if time.monotonic() > end:
                    raise UserError(
                        f"The node was started and does not answer at port {self.port}; "
                        f"`journalctl --unit {shlex.quote(self.unit)}` says why."
                    ) from None
            time.sleep(0.2)


def _may_give() -> bool:
    """Tell whether files may be given to others; an image can be made without that."""
    return os.geteuid() == 0


def _make_parents(place: Path) -> None:
    """Make what is missing above, open to all as the system's directories are."""
    for above in reversed(place.parents):
        if not above.exists():
            above.mkdir()
            above.chmod(0o755)


@contextlib.contextmanager
def _told(place: Path) -> Iterator[None]:
    """Turn what the system says into a sentence about `place`."""
    try:
        yield
    except OSError as error:
        raise UserError(f"{place} cannot be written: {os.strerror(error.errno or 0)}.") from None
