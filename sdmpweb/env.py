"""The settings a node is given from outside: the only place that reads the environment.

`SETTINGS` declares every name with its type, default and meaning. Values come from the process's
environment, then from a file of `NAME=value` lines (`SDMPWEB_CONFIG`, or `sdmpweb.env` in the
working directory when it is there). An unknown `SDMPWEB_…` name or a wrong value is a
`WrongEnvironment`, which the command prints as one sentence.
"""

import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ

from sdmp import limits


class WrongEnvironment(Exception):
    """The node cannot start with the settings given; `str(error)` is one sentence."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One name that may stand in the environment.

    `read` turns its text into a value and raises ValueError, whose text ends the sentence
    "NAME …", when the text will not do. `default` is text too, so that it passes the same check.
    """

    name: str
    read: Callable[[str], Any]
    default: str
    meaning: str


def _text(value: str) -> str:
    return value


def _path(value: str) -> Path | None:
    return Path(value).expanduser().absolute() if value else None


def _flag(value: str) -> bool:
    if value.lower() in environ.Env.BOOLEAN_TRUE_STRINGS:
        return True
    if value.lower() in ("0", "false", "off", "no", "n", ""):
        return False
    raise ValueError(f"must be true or false, not {value!r}")


def _integer(least: int, most: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", value) or not least <= int(value) <= most:
            raise ValueError(f"must be a whole number from {least} to {most}, not {value!r}")
        return int(value)

    return read


_LIMIT = _integer(1, 999_999_999)


def read_token(value: str) -> str:
    """Check a token that lets somebody in; raises ValueError when it is short or holds spaces."""
    if value and not re.fullmatch(r"[!-~]{16,200}", value):
        raise ValueError("must be 16 to 200 characters without spaces")
    return value


def _one_of(*words: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value not in words:
            raise ValueError(f"must be one of {', '.join(words)}, not {value!r}")
        return value

    return read


def is_host_name(value: str) -> bool:
    """Tell whether a text has the form of a host name; an IPv4 address has it too."""
    label = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    return len(value) <= 253 and re.fullmatch(rf"{label}(\.{label})*", value) is not None


def split_address(value: str) -> tuple[str, int]:
    """Split `host:port`, an IPv6 host in brackets, into host (without brackets) and port.

    Raises ValueError when it is not of that form.
    """
    matched = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]]+):([0-9]{1,5})", value)
    if matched is None or not 0 < int(matched[2]) < 65536:
        raise ValueError(f"must be host:port, an IPv6 host in brackets, not {value!r}")
    host = matched[1]
    if host.startswith("["):
        try:
            ipaddress.IPv6Address(host[1:-1])
        except ValueError:
            raise ValueError(f"holds a wrong IPv6 address: {value!r}") from None
        return host[1:-1], int(matched[2])
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        if not is_host_name(host) or re.fullmatch(r"[0-9.]+", host):
            raise ValueError(f"holds a wrong host name: {value!r}") from None
    return host, int(matched[2])


def allowed_hosts(page: str, address: str) -> list[str]:
    """Return the names by which browsers may call the node: of its pages, its address, loopback."""
    names = {"localhost", "127.0.0.1", "::1", page}
    if address:
        names.add(split_address(address)[0])
    return sorted(f"[{name}]" if ":" in name else name for name in names)


def _address(value: str) -> str:
    if value:
        split_address(value)
    return value


def _listen_host(value: str) -> str:
    bare = value[1:-1] if value.startswith("[") and value.endswith("]") else value
    try:
        ipaddress.ip_address(bare)
    except ValueError:
        if not is_host_name(bare):
            raise ValueError(f"must be an address or a host name, not {value!r}") from None
    return bare


def _web_url(value: str) -> str:
    if not value:
        return value
    sentence = f"must be an address such as https://mail.example.org, not {value!r}"
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise ValueError(sentence) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise ValueError(sentence)
    if parts.path not in ("", "/") or parts.query or parts.fragment or parts.username:
        raise ValueError(f"must not have a path, a question mark or a name in it: {value!r}")
    return value.rstrip("/")


def read_database(value: str) -> str:
    """Check the URL of a database; raises ValueError when it is none that a node can use."""
    if value and urlsplit(value).scheme not in ("postgres", "postgresql", "psql", "sqlite"):
        raise ValueError("must begin with postgres:// or sqlite:///")
    return value


def _redis(value: str) -> str:
    if value and urlsplit(value).scheme not in ("redis", "rediss", "unix"):
        raise ValueError("must begin with redis://, rediss:// or unix://")
    return value


SETTINGS: tuple[Setting, ...] = (
    Setting("SDMPWEB_DATA", _path, "data", "the data directory: everything of a node is in it"),
    Setting("SDMPWEB_ADDRESS", _address, "", "host:port at which other nodes reach this one"),
    Setting("SDMPWEB_URL", _web_url, "", "address of the pages, as people type it"),
    Setting("SDMPWEB_HOST", _listen_host, "127.0.0.1", "address on which `up` and `web` listen"),
    Setting("SDMPWEB_PORT", _integer(1, 65535), "8000", "port on which `up` and `web` listen"),
    Setting("DATABASE_URL", read_database, "", "PostgreSQL of the grown shape; SQLite when empty"),
    Setting("REDIS_URL", _redis, "", "Redis of the grown shape; in one process when empty"),
    Setting("SDMPWEB_NODE_SECRET", _path, "", "the node secret; `node.secret` in the data"),
    Setting("SDMPWEB_WEB_SECRET", _path, "", "the pages' secret; `web.secret` in the data"),
    Setting("SDMPWEB_USER_KEY_BITS", _integer(2048, 4096), "3072", "size of a new user key"),
    Setting("SDMPWEB_NODE_KEY_BITS", _integer(2048, 4096), "2048", "size of a new node key"),
    Setting("SDMPWEB_LINGER", _integer(0, 3600), "55", "seconds a dialled session stays open idle"),
    Setting("SDMPWEB_ALLOW_PRIVATE", _flag, "false", "dial private and loopback addresses too"),
    Setting("SDMPWEB_PROXIES", _text, "", "addresses of reverse proxies that are believed"),
    Setting("SDMPWEB_WORKERS", _integer(1, 64), "4", "threads that run jobs, two at least"),
    Setting("SDMPWEB_DISK_RESERVE", _LIMIT, "500", "free MB below which no content is taken in"),
    Setting(
        "SDMPWEB_METRICS_TOKEN", read_token, "", "who shows it may read `/metrics` from anywhere"
    ),
    Setting("SDMPWEB_METRICS_TOKEN_FILE", _path, "", "a file that holds that token instead"),
    Setting("SDMPWEB_LIMIT_HANDSHAKES", _LIMIT, "240", "calls of nodes from one address a minute"),
    Setting(
        "SDMPWEB_LIMIT_SESSIONS",
        _LIMIT,
        str(limits.SESSIONS_PER_PEER),
        "open sessions with one peer",
    ),
    Setting("SDMPWEB_LIMIT_SESSION_FRAMES", _LIMIT, "1000000", "frames of a peer in one session"),
    Setting("SDMPWEB_LIMIT_SESSION_MB", _LIMIT, "50000", "MB to and from a peer in one session"),
    Setting("SDMPWEB_LIMIT_DAY_FRAMES", _LIMIT, "5000000", "frames of a peer in 24 hours"),
    Setting("SDMPWEB_LIMIT_DAY_MB", _LIMIT, "200000", "MB to and from a peer in 24 hours"),
    Setting("SDMPWEB_LIMIT_SIGN_INS", _LIMIT, "10", "failed sign-ins from one address a minute"),
    Setting("SDMPWEB_LIMIT_CARDS", _LIMIT, "60", "cards, invitations, links opened, likewise"),
    Setting("SDMPWEB_LIMIT_GUESTS", _LIMIT, "10", "accounts and cards of guests, likewise"),
    Setting("SDMPWEB_LIMIT_CARDS_LEFT", _LIMIT, "120", "cards that guests leave, all together"),
    Setting("SDMPWEB_LIMIT_WORK", _LIMIT, "30", "cards, pictures, phrases an account has read"),
    Setting("SDMPWEB_LOG", _one_of("plain", "json"), "plain", "form of the log on stderr"),
    Setting(
        "SDMPWEB_LOG_LEVEL", _one_of("debug", "info", "warning", "error"), "info", "least to log"
    ),
    Setting("SDMPWEB_DEBUG", _flag, "false", "Django's debug pages; for development only"),
    Setting(
        "SDMPWEB_BACKUP_TO", _text, "", "directory or URL for scheduled backups; none when empty"
    ),
    Setting("SDMPWEB_BACKUP_EVERY", _integer(1, 8760), "24", "hours between scheduled backups"),
    Setting("SDMPWEB_BACKUP_KEEP", _integer(1, 1000), "7", "how many scheduled backups are kept"),
    Setting("SDMPWEB_BACKUP_PASSPHRASE", _text, "", "what backups are encrypted under"),
    Setting("SDMPWEB_CONFIG", _path, "", "file of NAME=value lines; `sdmpweb.env` when it is here"),
)

_NAMES = frozenset(setting.name for setting in SETTINGS)


def _from_file(named: str) -> dict[str, str]:
    path = Path(named) if named else Path("sdmpweb.env")
    if not named and not path.is_file():
        return {}
    found: dict[str, str] = {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise WrongEnvironment(f"The file {path} named by SDMPWEB_CONFIG cannot be read.") from None
    for number, line in enumerate(lines, start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        name, equals, value = stripped.removeprefix("export ").partition("=")
        if not equals or name.strip() not in _NAMES - {"SDMPWEB_CONFIG"}:
            raise WrongEnvironment(f"Line {number} of {path} is not a setting: {name.strip()}.")
        found[name.strip()] = value.strip().strip("\"'")
    return found


def read(environment: Mapping[str, str]) -> dict[str, Any]:
    """Read and check every setting; returns name → value for all of `SETTINGS`.

    Raises WrongEnvironment for an unknown `SDMPWEB_…` name, a wrong value or an unreadable file.
    """
    unknown = sorted(n for n in environment if n.startswith("SDMPWEB_") and n not in _NAMES)
    if unknown:
        raise WrongEnvironment(f"There is no setting {unknown[0]}; docs/commands.md lists them.")
    given = texts(environment)
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        try:
            values[setting.name] = setting.read(given.get(setting.name, setting.default))
        except ValueError as error:
            raise WrongEnvironment(f"{setting.name} {error}.") from None
    if values["SDMPWEB_DATA"] is None:
        raise WrongEnvironment("SDMPWEB_DATA must name a directory.")
    return values


def texts(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the settings that were given, as they were written; raises WrongEnvironment."""
    given = {**_from_file(environment.get("SDMPWEB_CONFIG", "")), **environment}
    return {name: text for name, text in given.items() if name in _NAMES}


def from_environment() -> dict[str, Any]:
    """Read and check the settings of this process; raises WrongEnvironment."""
    return read(os.environ)


def given_by_environment() -> dict[str, str]:
    """Return the settings that were given to this process, as text; raises WrongEnvironment."""
    return texts(os.environ)
