"""What is missing of a node on a machine, in the order in which it is done, and what comes next."""

from __future__ import annotations

import os
import shlex
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hosting import moved
from nodes.errors import UserError
from sdmpweb.files import FILES
from sdmpweb.setup import owner_settings, proxies
from sdmpweb.setup.machine import Machine
from sdmpweb.setup.owner_settings import Settings
from sdmpweb.setup.proxies import Proxy
from sdmpweb.setup.steps import Answer, Directory, File, Rights, Run, Step

_USER: Final = "sdmpweb"
_PROGRAM: Final = "/usr/local/bin/sdmpweb"
_DATA: Final = "/var/lib/sdmpweb"
_SQLITE: Final = f"{_DATA}/sdmpweb.sqlite3"
_UNITS: Final = "/etc/systemd/system"
_ALONE, _GROWN = "sdmpweb.service", "sdmpweb-grown.target"
_GROWN_PORTS: Final = (8001, 8002)  # of sdmpweb-grown.target
_ALL_MAY_READ, _ALL_MAY_RUN = Rights(0o644), Rights(0o755)
_ITS_OWN: Final = Rights(0o700, _USER, _USER)
_UNFINISHED: Final = "/run/sdmpweb-setup"
"""There from the first change until all programs know of it; a new start of the machine ends it."""
_AS_POSTGRES: Final = ("runuser", "-u", "postgres", "--")


@dataclass(frozen=True, slots=True)
class Wish:
    """What the owner asks for; what is not said is as the machine already has it.

    `name` is the host name, `proxy` one of `proxies.PROXIES` or `proxies.NONE`; both may be empty.
    `backups` counts where there are no settings yet.
    """

    name: str = ""
    proxy: str = ""
    grown: bool = False
    backups: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps that are missing, what the owner runs afterwards, and a passphrase to be written down.

    `url` is the address of the node, `passphrase` empty where none was made.
    """

    url: str
    steps: tuple[Step, ...]
    afterwards: tuple[str, ...]
    passphrase: str

    def carry_out(
        self, machine: Machine, tell: Callable[[str], object], *, seen: bool = True
    ) -> None:
        """Do the steps; those before one that fails are done, and no longer missing.

        Args:
            machine: what the plan was made for.
            tell: given the passphrase as soon as it holds, with what to do about it.
            seen: whether a person reads that; otherwise it is told where the passphrase is.

        Raises:
            UserError: a step cannot be done.
        """
        if machine.runs:
            machine.at(_UNFINISHED).touch()
        for step in self.steps:
            step.do(machine)
            if self.passphrase and isinstance(step, File) and step.path == owner_settings.FILE:
                tell(
                    f"Backups are encrypted under {self.passphrase}\nWrite that down elsewhere, it "
                    "is not shown again: no backup opens without it, and it is in none."
                    if seen
                    else f"Backups are encrypted under the passphrase in {step.path}\nWrite that "
                    "down elsewhere: no backup opens without it, and it is in none."
                )
        machine.at(_UNFINISHED).unlink(missing_ok=True)


def make(machine: Machine, wish: Wish) -> Plan:
    """Look at a machine and say what is missing; nothing is changed.

    Raises:
        UserError: something has to be done first, or the wish cannot be.
        WrongEnvironment: the settings that are there are wrong.
    """
    settings = owner_settings.complete(machine, wish.name, grown=wish.grown, backups=wish.backups)
    _refuse_without_system(machine)
    proxy = proxies.choose(machine, wish.proxy)
    if wish.grown:
        _refuse_growing(machine, settings)
    unit = _GROWN if settings["REDIS_URL"] else _ALONE
    ours = _missing(machine, _files(machine, settings))
    steps = [
        *ours,
        *_starting(machine, settings, unit, ours),
        *_telling_proxy(machine, proxy, settings),
    ]
    return Plan(
        url=settings["SDMPWEB_URL"],
        steps=tuple(steps),
        afterwards=tuple(_afterwards(machine, proxy, settings.name, unit, steps)),
        passphrase=settings.added.get("SDMPWEB_BACKUP_PASSPHRASE", ""),
    )


def _missing(machine: Machine, steps: Iterator[Step]) -> list[Step]:
    return [step for step in steps if step.missing(machine)]


def _refuse_without_system(machine: Machine) -> None:
    if machine.runs and not machine.has("/run/systemd/system"):
        raise UserError(
            "systemd does not run on this machine, and it is what runs a node; without it start "
            "`sdmpweb up` as docs/commands.md tells."
        )
    if not machine.has(_PROGRAM):
        raise UserError(
            f"The services run {_PROGRAM}, which is not there; install sdmpweb with "
            "PIPX_HOME=/opt/pipx PIPX_BIN_DIR=/usr/local/bin, as docs/hosting.md tells."
        )


def _refuse_growing(machine: Machine, settings: Settings) -> None:
    begins = "DATABASE_URL" in settings.added and machine.has(_SQLITE)
    stays = settings["DATABASE_URL"].startswith("sqlite:")
    if stays or (begins and _moved_to(machine) != owner_settings.DATABASE):
        raise UserError(
            "This node has its data in SQLite; move it to PostgreSQL first, as docs/hosting.md "
            "tells under Moving, or leave out --grown."
        )
    needed = {"DATABASE_URL": "/usr/bin/psql", "REDIS_URL": "/usr/bin/redis-server"}
    if not all(machine.has(needed[name]) for name in needed.keys() & settings.added.keys()):
        raise UserError(
            "The grown shape needs PostgreSQL and Redis; run `apt-get install --yes postgresql "
            "redis-server` first."
        )


def _moved_to(machine: Machine) -> str:
    """Say into which database the node was moved (`hosting.moved`), if it was."""
    query = f"SELECT place FROM {moved.TABLE} WHERE way = 'to'"  # noqa: S608
    uri = f"{machine.at(_SQLITE).as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as database:
            return str(next(database.execute(query), [""])[0])
    except sqlite3.Error:  # it says of no move
        return ""


def _files(machine: Machine, settings: Settings) -> Iterator[Step]:
    """Give the node's user, directories, settings, units and command, missing or not."""
    if machine.user(_USER) is None:
        account = f'u {_USER} - "sdmpweb" {_DATA}'
        command = ("systemd-sysusers", *_in(machine), "--inline", account)
        yield Run(command, f"add the system user {_USER}")
    yield Directory("/etc/sdmpweb", Rights(0o750, group=_USER))
    yield File(
        owner_settings.FILE,
        settings.content,
        Rights(0o640, group=_USER),
        settings.before,
        added=", ".join(settings.added),
    )
    yield Directory(_DATA, _ITS_OWN)
    if settings["SDMPWEB_BACKUP_TO"] == owner_settings.BACKUPS:
        yield Directory(owner_settings.BACKUPS, _ITS_OWN)
    shipped = FILES / "deploy/bin/sdmpweb-node"
    yield _file(machine, f"{_PROGRAM}-node", shipped.read_bytes(), _ALL_MAY_RUN)
    units = FILES / "deploy/systemd"
    for directory, _, names in sorted(os.walk(units, followlinks=True)):
        for path in sorted(Path(directory) / name for name in names):
            target = f"{_UNITS}/{path.relative_to(units)}"
            yield _file(machine, target, path.read_bytes(), _ALL_MAY_READ)


def _file(
    machine: Machine, path: str, content: bytes, rights: Rights, check: tuple[str, ...] = ()
) -> File:
    return File(path, content, rights, machine.read(path), check=check)


def _in(machine: Machine) -> tuple[str, ...]:
    """Give the option by which programs of systemd work on an image."""
    return () if machine.runs else (f"--root={machine.root}",)


def _starting(machine: Machine, settings: Settings, unit: str, files: list[Step]) -> Iterator[Step]:
    """Let systemd know the units, make the database, and start the node where it never was."""
    changed = any(isinstance(step, File) and step.path.startswith(_UNITS) for step in files)
    if machine.runs and (changed or machine.has(_UNFINISHED)):
        yield Run(("systemctl", "daemon-reload"))
    if settings["DATABASE_URL"] == owner_settings.DATABASE and machine.runs:
        yield from _database(machine)
    other = _GROWN if unit == _ALONE else _ALONE
    now = ("--now",) if machine.runs else ()
    if _is_enabled(machine, other):
        yield Run(("systemctl", *_in(machine), "disable", *now, other))
    if not _is_enabled(machine, unit) or machine.has(_UNFINISHED):
        yield Run(("systemctl", *_in(machine), "enable", *now, unit))
        if machine.runs:
            yield from (Answer(port, _of_pages(unit)) for port in _ports(settings))


def _of_pages(unit: str) -> str:
    """Name the units that answer pages in the shape of a unit."""
    return "sdmpweb" if unit == _ALONE else "sdmpweb-web@*"


def _ports(settings: Settings) -> tuple[int, ...]:
    return _GROWN_PORTS if settings["REDIS_URL"] else (int(settings["SDMPWEB_PORT"] or 8000),)


def _is_enabled(machine: Machine, unit: str) -> bool:
    return machine.has(f"{_UNITS}/multi-user.target.wants/{unit}")


def _database(machine: Machine) -> Iterator[Step]:
    ask = (*_AS_POSTGRES, "psql", "--no-align", "--tuples-only", "--command")
    if _USER not in machine.run(*ask, "SELECT rolname FROM pg_roles").split():
        yield Run((*_AS_POSTGRES, "createuser", _USER))
    if _USER not in machine.run(*ask, "SELECT datname FROM pg_database").split():
        # Where the machine has no locale PostgreSQL would take ASCII alone.
        form = ("--encoding", "UTF8", "--template", "template0")
        yield Run((*_AS_POSTGRES, "createdb", *form, "--owner", _USER, _USER))


def _telling_proxy(machine: Machine, proxy: Proxy | None, settings: Settings) -> Iterator[Step]:
    """Tell the proxy of the node, as soon as it can start with what it is told."""
    if proxy is None or proxy.missing_certificate(machine, settings.name):
        return
    content = proxy.text(settings.name, _ports(settings))
    file = _file(machine, proxy.file, content, _ALL_MAY_READ, proxy.check)
    if file.missing(machine):
        yield file
    if machine.runs and (file.missing(machine) or machine.has(_UNFINISHED)):
        yield Run(("systemctl", "reload-or-restart", proxy.name))


def _afterwards(
    machine: Machine, proxy: Proxy | None, name: str, unit: str, steps: list[Step]
) -> Iterator[str]:
    """Give the commands that are left to the owner, in their order."""
    files = [step for step in steps if isinstance(step, File)]
    made = {file.path for file in files if file.before is None}
    read_by_it = [file for file in files if file.path.startswith((_UNITS, "/etc/sdmpweb"))]
    if (read_by_it or machine.has(_UNFINISHED)) and _is_enabled(machine, unit):
        yield f"systemctl restart {unit.removesuffix('.service')}"
    if proxy is not None and proxy.missing_certificate(machine, name):
        if not machine.has("/usr/bin/certbot"):
            yield "apt-get install --yes certbot"
        yield (
            "certbot certonly --webroot --webroot-path /var/www/html "
            f'--deploy-hook "systemctl reload {proxy.name}" -d {name}'
        )
        yield "sdmpweb setup"
    elif (
        not _is_enabled(machine, unit)
        or machine.has(_UNFINISHED)
        or (proxy is not None and proxy.file in made)
    ):
        yield f"journalctl --unit {shlex.quote(_of_pages(unit))} --output cat --grep /welcome/"
