"""What the machine under a node is like: clock, disk, secret files, versions."""

from __future__ import annotations

import platform
import shutil
import stat
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final, Literal

import django
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.utils.translation import gettext

from hosting.checkup.lines import Line, from_finding
from mail import selfcheck
from nodes import keystore

Version = tuple[int, ...]
Ntp = Literal["set", "waiting", "off", "missing"]
"""The clock is set by a time service; one runs in vain; one is turned off; there is none."""

NEEDED: Final[Mapping[str, Version]] = {
    "Python": (3, 11),
    "Django": (5, 2),
    "SQLite": (3, 35),
    "PostgreSQL": (14,),
    "Redis": (6, 2),
}
"""The oldest versions that a node runs on."""
_SECONDS: Final = 5


def check_clock(line: Line, now: datetime, ntp: Ntp | None) -> Line:
    """Judge the clock. No peer is asked: nothing in the protocol tells its time.

    Args:
        line: what the node's own files say of it.
        now: what the clock says.
        ntp: whether the system sets it; `None` when it does not tell.
    """
    if line.state != "ok":
        return line
    about = {"now": f"{now.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"}
    if ntp == "set":
        sentence = gettext("It says %(now)s, and the system sets it by itself (NTP).")
        return Line("clock", "ok", line.title, sentence % about)
    if ntp is None:
        sentence = gettext(
            "It says %(now)s. Whether it is set by itself cannot be told here, and no peer says "
            "what time it is; compare with a watch."
        )
        return Line("clock", "unknown", line.title, sentence % about)
    sentence = gettext("It says %(now)s, and the system does not set it by itself.")
    return Line("clock", "warn", line.title, sentence % about, _what_to_do_for_clock(ntp))


def _what_to_do_for_clock(ntp: Ntp) -> str:
    if ntp == "missing":
        return gettext(
            "Install a time service, on Debian with “apt install systemd-timesyncd”: dates of keys "
            "and messages depend on the clock."
        )
    if ntp == "waiting":
        return gettext(
            "Its time service runs and has reached no server: let UDP port 123 out, then check "
            "again."
        )
    return gettext(
        "Run “timedatectl set-ntp true”: dates of keys and messages depend on the clock."
    )


def look_at_ntp() -> Ntp | None:
    """Ask systemd whether the clock is set by NTP; `None` where it does not tell."""
    program = shutil.which("timedatectl")
    if program is None:
        return None
    try:
        said = subprocess.run(
            [program, "show", "-p", "CanNTP", "-p", "NTP", "-p", "NTPSynchronized"],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    found = dict(line.partition("=")[::2] for line in said.splitlines())
    if found.get("NTPSynchronized") not in ("yes", "no"):
        return None
    if found["NTPSynchronized"] == "yes":
        return "set"
    if found.get("CanNTP") == "no":
        return "missing"
    return "waiting" if found.get("NTP") == "yes" else "off"


def look_at_clock(now: datetime) -> Line:
    """Make the check of the clock."""
    return check_clock(from_finding(selfcheck.clock_finding(now)), now, look_at_ntp())


def look_at_disk() -> Line:
    """Make the check of the space that is left."""
    return from_finding(selfcheck.check_disk(shutil.disk_usage(settings.DATA).free))


def look_at_secrets() -> Line:
    """Make the check of the node secret, and of what else nobody but the node may read."""
    line = from_finding(selfcheck.check_secret(selfcheck.look_at_secret(keystore.secret_path())))
    web = settings.VALUES["SDMPWEB_WEB_SECRET"] or settings.DATA / "web.secret"
    return line if line.state != "ok" else check_private(line, [settings.DATA, web])


def check_private(line: Line, paths: Sequence[Path]) -> Line:
    """Judge whether only the node can enter and read these; `line` when that is so."""
    for path in paths:
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
        except OSError:
            continue
        if mode & 0o077:
            about = {"path": path, "mode": "700" if path.is_dir() else "600"}
            return Line(
                "secret",
                "bad",
                line.title,
                gettext("Others on this machine can open %(path)s.") % about,
                gettext("Run “chmod %(mode)s %(path)s”.") % about,
            )
    return line


def check_versions(found: Mapping[str, Version]) -> Line:
    """Judge the versions of what a node runs on."""
    title = gettext("Versions")
    listed = ", ".join(f"{name} {_dotted(number)}" for name, number in found.items())
    old = [name for name, number in found.items() if number < NEEDED.get(name, ())]
    if not old:
        sentence = gettext("sdmpweb %(version)s with %(list)s.")
        about = {"version": own_version(), "list": listed}
        return Line("versions", "ok", title, sentence % about)
    about = {"name": old[0], "is": _dotted(found[old[0]]), "needed": _dotted(NEEDED[old[0]])}
    return Line(
        "versions",
        "bad",
        title,
        gettext("%(name)s %(is)s is older than what sdmpweb runs on.") % about,
        gettext("Install %(name)s %(needed)s or newer.") % about,
    )


def find_versions(redis: str = "") -> dict[str, Version]:
    """Find out the versions of what runs here; a database that is away is left out.

    Args:
        redis: what the broker says of itself, if there is one.
    """
    found = {
        "Python": tuple(int(part) for part in platform.python_version_tuple()[:2]),
        "Django": django.VERSION[:3],
    }
    try:
        connection.ensure_connection()
        if connection.vendor == "sqlite":
            found["SQLite"] = tuple(_sqlite_version())
        elif connection.vendor == "postgresql":
            number: Any = getattr(connection, "pg_version", 0)
            found["PostgreSQL"] = (number // 10000, number % 10000)
    except DatabaseError:
        pass
    if redis:
        found["Redis"] = tuple(int(part) for part in redis.split(".")[:3] if part.isdigit())
    return found


def look_at_versions(redis: str = "") -> Line:
    """Make the check of the versions."""
    return check_versions(find_versions(redis))


def own_version() -> str:
    """Say which version of sdmpweb this is, as it was installed."""
    try:
        return version("sdmpweb")
    except PackageNotFoundError:
        return gettext("from its sources")


def _sqlite_version() -> Version:
    with connection.cursor() as cursor:
        cursor.execute("SELECT sqlite_version()")
        return tuple(int(part) for part in str(cursor.fetchone()[0]).split("."))


def _dotted(number: Version) -> str:
    return ".".join(str(part) for part in number)
