"""The file of settings of a node that systemd runs, as it is and with what is missing in it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from nodes.errors import UserError
from nodes.phrases import word_list
from sdmpweb import env
from sdmpweb.setup.machine import Machine

FILE: Final = "/etc/sdmpweb/sdmpweb.env"
BACKUPS: Final = "/var/backups/sdmpweb"
DATABASE: Final = "postgres:////var/run/postgresql/sdmpweb"
REDIS: Final = "redis://127.0.0.1:6379/0"
_WORDS: Final = 8  # of 2,048 each: 88 bits, each guess at which costs a second


@dataclass(frozen=True, slots=True)
class Settings:
    """What stands in the file, and what is to be added; `before` is None where there is no file."""

    before: bytes | None
    given: dict[str, str]
    added: dict[str, str]

    def __getitem__(self, name: str) -> str:
        return self.added.get(name) or self.given.get(name, "")

    @property
    def name(self) -> str:
        """The host name of the node."""
        return urlsplit(self["SDMPWEB_URL"]).hostname or ""

    @property
    def content(self) -> bytes:
        """The whole file."""
        before = self.before or b""
        if before and not before.endswith(b"\n"):
            before += b"\n"
        return before + "".join(f"{name}={text}\n" for name, text in self.added.items()).encode()


def complete(machine: Machine, name: str, *, grown: bool, backups: bool) -> Settings:
    """Read the settings and say what is missing; what the owner has set stays as it is.

    Args:
        machine: whose file it is.
        name: the host name, or nothing for the one that the file has.
        grown: whether PostgreSQL and Redis of this machine are to be used.
        backups: whether a new file has backups, under a new passphrase.

    Raises:
        UserError: the name will not do, or the file says another one.
        WrongEnvironment: something in the file is wrong.
    """
    before = machine.read(FILE)
    given: dict[str, str] = {}
    if before is not None:
        environment = {"SDMPWEB_CONFIG": str(machine.at(FILE))}
        env.read(environment)
        given = env.texts(environment)
        del given["SDMPWEB_CONFIG"]
    url = _url(name, given.get("SDMPWEB_URL", ""))
    wanted = {"SDMPWEB_URL": url, "SDMPWEB_PROXIES": "127.0.0.1"}
    if grown:
        wanted |= {"DATABASE_URL": DATABASE, "REDIS_URL": REDIS}
    if backups and before is None:
        passphrase = "-".join(secrets.choice(word_list()) for _ in range(_WORDS))
        wanted |= {"SDMPWEB_BACKUP_TO": BACKUPS, "SDMPWEB_BACKUP_PASSPHRASE": passphrase}
    added = {name: text for name, text in wanted.items() if not given.get(name)}
    return Settings(before, given, added)


def _url(name: str, given: str) -> str:
    """Say at which address the node is: that of the name, which the file must not contradict."""
    label = name.rpartition(".")[2]
    if name and (not env.is_host_name(name) or label in (name, "") or label.isdigit()):
        raise UserError(f"The name must be a host name such as mail.example.org, not {name!r}.")
    url = f"https://{name.lower()}" if name else given
    if not url:
        raise UserError("Say by which name the node is called: `sdmpweb setup mail.example.org`.")
    if given and given.rstrip("/").lower() != url.rstrip("/").lower():
        raise UserError(
            f"{FILE} says {given} and not {url}; change SDMPWEB_URL there if the node is to have "
            "another name, and run this again without one."
        )
    parts = urlsplit(url)
    if parts.scheme != "https" or parts.port:
        raise UserError(
            f"SDMPWEB_URL in {FILE} must be an address such as https://mail.example.org, without a "
            f"port, for this machine to be set up; it is {url}."
        )
    return url
