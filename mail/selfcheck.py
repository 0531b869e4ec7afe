"""Whether this node is well: address, encryption on the way, clock, disk, secret file, jobs.

Each check takes what it judges and gives a finding: a sentence that says how it is, and one that
says what to do. `examine` gathers what they need. No other host is asked for anything.
"""

from __future__ import annotations

import shutil
import stat
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from django.conf import settings
from django.core.cache import cache
from django.db import Error as DatabaseError
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext

from journal.models import Resource
from nodes import keystore
from nodes.addresses import own_address, reach_of
from nodes.wake import start_task

State = Literal["ok", "warn", "bad"]

GB: Final = 1_000_000_000
LITTLE_SPACE: Final = 2 * GB
NO_SPACE: Final = GB // 5
CLOCK_TOLERANCE: Final = timedelta(minutes=5)
SILENCE: Final = timedelta(seconds=60)
_ALIVE: Final = "mail-jobs-were-seen"
_SECONDS_TO_START: Final = 30
_SECRET_BYTES: Final = 32
_started: Final = time.monotonic()


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found. `todo` is empty when nothing is to be done."""

    slug: str
    state: State
    title: str
    sentence: str
    todo: str = ""


@dataclass(frozen=True, slots=True)
class SecretFile:
    """What is seen of the secret file: `error` says why it cannot be read."""

    path: Path
    mode: int = 0
    size: int = 0
    error: str = ""


def examine(now: datetime | None = None) -> list[Finding]:
    """Make all checks, in the order in which a page shows them."""
    moment = now or timezone.now()
    start_task("mail.tasks.open_letters")  # so that there is something to see the next time
    return [
        check_address(own_address(), settings.WEB_URL),
        check_pages(settings.WEB_URL, settings.LISTEN_HOST),
        clock_finding(moment),
        check_disk(shutil.disk_usage(settings.DATA).free),
        check_secret(look_at_secret(keystore.secret_path())),
        check_jobs(cache.get(_ALIVE), moment, time.monotonic() - _started),
    ]


def worst(findings: Iterable[Finding]) -> State:
    """Say how bad the worst of some findings is."""
    states = {finding.state for finding in findings}
    return "bad" if "bad" in states else "warn" if "warn" in states else "ok"


def note_alive() -> None:
    """Note that the jobs run; called by one that the schedule starts every few seconds."""
    cache.set(_ALIVE, timezone.now(), 3600)


def address_finding() -> Finding:
    """Make the check of the address alone."""
    return check_address(own_address(), settings.WEB_URL)


def clock_finding(now: datetime) -> Finding:
    """Make the check of the clock alone."""
    return check_clock(now, _newest_file(), _newest_resource())


def check_address(address: str, web_url: str) -> Finding:
    """Judge where other nodes reach this one.

    Args:
        address: host:port as published, or nothing.
        web_url: address of the pages, by which nodes come too, or nothing.
    """
    title = gettext("Address")
    set_it = gettext(
        "Set SDMPWEB_ADDRESS to a host:port, or SDMPWEB_URL to an https:// address, at which "
        "others reach this machine, and start the node again."
    )
    url = urlsplit(web_url)
    shown = web_url if url.scheme == "https" else address or ""
    if not shown:
        return Finding(
            "address",
            "warn",
            title,
            gettext(
                "This node has no address, so other nodes cannot call it. It calls them, and mail "
                "comes over those calls."
            ),
            set_it,
        )
    host = (url.hostname if url.scheme == "https" else urlsplit(f"//{address}").hostname) or ""
    reach = reach_of(host)
    about = {"address": shown}
    if reach == "loopback":
        sentence = gettext("The address is %(address)s: only this machine itself reaches it.")
        return Finding("address", "warn", title, sentence % about, set_it)
    if reach == "private":
        sentence = gettext("The address is %(address)s: only your own network reaches it.")
        return Finding("address", "warn", title, sentence % about, set_it)
    sentence = gettext(
        "Other nodes are told to call %(address)s. Whether it is open from outside shows with the "
        "first call."
    )
    return Finding("address", "ok", title, sentence % about)


def check_pages(web_url: str, listen_host: str) -> Finding:
    """Judge whether somebody on the way could read these pages."""
    title = gettext("These pages")
    if urlsplit(web_url).scheme == "https":
        return Finding("pages", "ok", title, gettext("They are encrypted on the way (HTTPS)."))
    if reach_of(listen_host) == "loopback":
        return Finding(
            "pages", "ok", title, gettext("They are served to this machine alone, without HTTPS.")
        )
    return Finding(
        "pages",
        "warn",
        title,
        gettext(
            "They are not encrypted: whoever is on the way between browser and node sees your "
            "password. Messages between nodes are encrypted all the same."
        ),
        gettext("Put a proxy with a certificate before the node, and set SDMPWEB_URL to https://…"),
    )


def check_clock(now: datetime, newest_file: datetime | None, newest: datetime | None) -> Finding:
    """Judge the clock by what this machine has written down before.

    Args:
        now: what the clock says.
        newest_file: when a file of this node or its program was last written.
        newest: when the last resource was accepted.
    """
    title = gettext("Clock")
    known = [moment for moment in (newest_file, newest) if moment is not None]
    about = {"now": f"{now.astimezone(UTC):%Y-%m-%d %H:%M} UTC"}
    if known and now + CLOCK_TOLERANCE < max(known):
        return Finding(
            "clock",
            "bad",
            title,
            gettext("It says %(now)s, which is earlier than what this node has written already.")
            % about,
            gettext(
                "Set the clock, and let it be set by itself (NTP): dates of keys depend on it."
            ),
        )
    sentence = gettext("It says %(now)s. Compare with a watch.")
    return Finding("clock", "ok", title, sentence % about)


def check_disk(free: int) -> Finding:
    """Judge the space left for mail, in bytes."""
    title = gettext("Disk")
    size = number_format(round(free / GB, 1), 1)
    sentence = gettext("%(size)s GB are free for mail.") % {"size": size}
    todo = gettext("Make room on this disk, or move the data directory to a larger one.")
    if free < settings.DISK_RESERVE:
        sentence = gettext("%(size)s GB are free; that little, nothing new is taken in.")
        return Finding("disk", "bad", title, sentence % {"size": size}, todo)
    if free < NO_SPACE:
        return Finding("disk", "bad", title, sentence, todo)
    if free < LITTLE_SPACE:
        return Finding("disk", "warn", title, sentence, todo)
    return Finding("disk", "ok", title, sentence)


def look_at_secret(path: Path) -> SecretFile:
    """Look at the secret file, without reading it."""
    try:
        found = path.stat()
        with path.open("rb"):
            pass
    except FileNotFoundError:
        return SecretFile(path, error=gettext("it is missing"))
    except OSError as error:
        return SecretFile(path, error=(error.strerror or type(error).__name__).lower())
    return SecretFile(path, stat.S_IMODE(found.st_mode), found.st_size)


def check_secret(file: SecretFile) -> Finding:
    """Judge the file that opens all keys and letters of this node."""
    title = gettext("Secret file")
    about = {"path": file.path, "why": file.error}
    if file.error:
        sentence = gettext("%(path)s cannot be read: %(why)s.") % about
        todo = gettext("Put it back from a backup; without it no key and no message opens.")
        return Finding("secret", "bad", title, sentence, todo)
    if file.mode & 0o077:
        sentence = gettext("Others on this machine can read %(path)s.") % about
        todo = gettext("Run “chmod 600 %(path)s”.") % about
        return Finding("secret", "bad", title, sentence, todo)
    if file.size != _SECRET_BYTES:
        sentence = gettext("%(path)s does not hold what it should.") % about
        todo = gettext("Put back the file that belongs to this node.")
        return Finding("secret", "bad", title, sentence, todo)
    return Finding(
        "secret",
        "ok",
        title,
        gettext(
            "Only this node can read %(path)s. Back it up apart from the data: without it no key "
            "and no message opens, and whoever has both reads everything."
        )
        % about,
    )


def check_jobs(seen: datetime | None, now: datetime, seconds_up: float) -> Finding:
    """Judge whether the node works in the background: opens mail, calls other nodes.

    Args:
        seen: when a job last ran.
        now: the present moment.
        seconds_up: for how long this process has run.
    """
    title = gettext("Work in the background")
    if seen is not None and now - seen <= SILENCE:
        return Finding("jobs", "ok", title, gettext("The database answers and the jobs run."))
    if seconds_up < _SECONDS_TO_START:
        return Finding("jobs", "ok", title, gettext("The database answers; the jobs are starting."))
    return Finding(
        "jobs",
        "bad",
        title,
        gettext("No job has run for more than a minute: mail is neither opened nor passed on."),
        gettext("Start the node again; its log says what happened."),
    )


def _newest_file() -> datetime | None:
    """Say when this node last wrote a file, as far as it shows."""
    files = [Path(__file__), keystore.secret_path(), *Path(settings.DATA).glob("*")]
    moments = []
    for path in files:
        try:
            moments.append(path.stat().st_mtime)
        except OSError:
            continue
    return datetime.fromtimestamp(max(moments), UTC) if moments else None


def _newest_resource() -> datetime | None:
    try:
        return Resource.objects.order_by("-pk").values_list("received", flat=True).first()
    except DatabaseError:
        return None
