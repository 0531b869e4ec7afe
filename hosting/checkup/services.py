"""What a node consists of: database and its tables, broker, and the processes that are alive."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import redis
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext, ngettext

from hosting import beats, moved
from hosting.backup.newer import unknown
from hosting.checkup.lines import Line
from hosting.models import Beat
from hosting.sizes import database_bytes
from mail.presentation import when_words
from mail.selfcheck import GB, LITTLE_SPACE

_SECONDS: Final = 3.0
MOST_WAITING: Final = 1000
"""More jobs than that in the queue, and the workers do not keep up."""


@dataclass(frozen=True, slots=True)
class Broker:
    """What Redis says of itself; `error` why it does not."""

    version: str = ""
    waiting: int = 0
    error: str = ""


def look_at_database() -> Line:
    """Make the checks of the database: that it answers, and that its tables are the program's."""
    title = gettext("Database")
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
        newer = unknown(executor.loader)
        mark = moved.find(connection)
    except DatabaseError as error:
        why = (str(error).strip().splitlines() or ["no reason given"])[0].rstrip(".")
        sentence = gettext("It does not answer: %(why)s.") % {"why": why}
        return Line("database", "bad", title, sentence, _what_to_do_for_database())
    if mark is not None:
        return Line("database", "bad", title, moved.words(mark))
    return check_tables(connection.vendor, len(missing), newer)


def check_tables(vendor: str, missing: int, newer: Sequence[str]) -> Line:
    """Judge whether the tables are those of this program.

    Args:
        vendor: which database it is.
        missing: how many migrations are to be applied.
        newer: migrations that a later version has applied, each as application/name.
    """
    title = gettext("Database")
    name = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}.get(vendor, vendor)
    if newer:
        return Line(
            "database",
            "bad",
            title,
            gettext("Its tables were made by a newer version of sdmpweb (in “%(app)s”).")
            % {"app": newer[0].partition("/")[0]},
            gettext("Install that version again, or restore the snapshot made before it."),
        )
    if missing:
        sentence = ngettext(
            "%(n)d change of its tables is still to be made.",
            "%(n)d changes of its tables are still to be made.",
            missing,
        )
        todo = gettext("Start the node again; it makes them, after a snapshot.")
        return Line("database", "warn", title, sentence % {"n": missing}, todo)
    sentence = gettext("%(name)s answers, and its tables are up to date.") % {"name": name}
    return Line("database", "ok", title, sentence)


def look_at_room() -> Line | None:
    """Make the check of the room that a database has which lies elsewhere than the data."""
    if connection.vendor != "postgresql":
        return None
    try:
        host = str(connection.settings_dict["HOST"] or "")
        return check_room(database_bytes(), host or gettext("this machine"), _room(host))
    except DatabaseError:  # another line says so
        return None


def check_room(size: int, host: str, free: int | None) -> Line:
    """Judge the room for a database of its own server.

    Args:
        size: how large it is, in bytes.
        host: where the server is.
        free: how many bytes its disk has left; `None` when that cannot be seen from here.
    """
    title = gettext("Disk of the database")
    about = {"size": _gigabytes(size), "host": host, "free": _gigabytes(free or 0)}
    if free is None:
        sentence = gettext(
            "The %(size)s GB of PostgreSQL are on %(host)s, whose disk cannot be seen from here; "
            "watch there that it has room."
        )
        return Line("database_disk", "unknown", title, sentence % about)
    sentence = gettext("The %(size)s GB of PostgreSQL are here, and %(free)s GB are free for it.")
    if free >= LITTLE_SPACE:
        return Line("database_disk", "ok", title, sentence % about)
    todo = gettext("Make room on that disk, or move the database to a larger one.")
    return Line("database_disk", "warn", title, sentence % about, todo)


def _room(host: str) -> int | None:
    """Say how many bytes are free for PostgreSQL, when it is here and lets that be seen."""
    if not (host.startswith("/") or host in ("", "localhost", "127.0.0.1", "::1")):
        return None
    with connection.cursor() as cursor:  # no row for a role that may not know
        cursor.execute("SELECT setting FROM pg_settings WHERE name = 'data_directory'")
        row = cursor.fetchone()
    try:
        return shutil.disk_usage(row[0]).free if row else None
    except OSError:  # a container has its own files
        return None


def _gigabytes(size: int) -> str:
    return number_format(round(size / GB, 1), 1)


def ask_broker() -> Broker | None:
    """Ask Redis how it is; `None` in the embedded shape, which has none."""
    if not settings.GROWN:
        return None
    try:
        client: Any = redis.Redis.from_url(
            settings.REDIS_URL, socket_timeout=_SECONDS, socket_connect_timeout=_SECONDS
        )
        with client:
            said = client.info("server")
            waiting = client.llen(settings.CELERY_TASK_DEFAULT_QUEUE)
            return Broker(str(said["redis_version"]), int(waiting))
    except (redis.RedisError, OSError, ValueError) as error:
        # Its first words alone: some name the address with the password in it.
        return Broker(error=type(error).__name__)


def check_broker(found: Broker | None) -> Line:
    """Judge what carries jobs and wake-ups between the processes."""
    title = gettext("Broker")
    if found is None:
        sentence = gettext("The node is one process and needs none.")
        return Line("broker", "ok", title, sentence)
    if found.error:
        return Line(
            "broker",
            "bad",
            title,
            gettext("Redis does not answer (%(why)s): no job is passed on.") % {"why": found.error},
            gettext("Start Redis, or mend REDIS_URL."),
        )
    about = {"n": found.waiting, "version": found.version}
    if found.waiting > MOST_WAITING:
        return Line(
            "broker",
            "warn",
            title,
            gettext("%(n)d jobs wait in Redis, more than the workers get done.") % about,
            gettext("Start one more “sdmpweb worker”."),
        )
    return Line("broker", "ok", title, gettext("Redis %(version)s answers.") % about)


def look_at_processes(now: datetime) -> list[Line]:
    """Make the checks of web, worker and schedule, by when they were last seen."""
    try:
        living = beats.alive(now)
        return [
            check_process(name, living[name], beats.last_seen(name), now, grown=settings.GROWN)
            for name in beats.NAMES
        ]
    except DatabaseError:
        return []


def check_process(
    name: str, living: Sequence[Beat], last: datetime | None, now: datetime, *, grown: bool
) -> Line:
    """Judge whether a process of that name is alive.

    Args:
        name: one of `beats.NAMES`.
        living: those that were seen lately.
        last: when one was last seen at all.
        now: the present moment.
        grown: whether each is a process of its own.
    """
    title = process_title(name)
    if living and not grown:
        living = living[:1]  # there is one at a time; another was ended within the last minute
    if living:
        seconds = max(0, round((now - living[0].seen).total_seconds()))
        seen = ngettext("seen %(n)d second ago", "seen %(n)d seconds ago", seconds)
        words = ngettext("One is alive, %(seen)s.", "%(n)d are alive, %(seen)s.", len(living))
        about = {"n": len(living), "seen": seen % {"n": seconds}}
        return Line(name, "ok", title, words % about)
    if last is None:
        sentence = _never_seen(name)
    else:
        when = when_words(last, now, timezone.get_current_timezone())
        sentence = gettext("None has been seen since %(when)s: %(what)s.")
        sentence %= {"when": when, "what": _without(name)}
    command = {"web": "web", "worker": "worker", "schedule": "beat"}[name] if grown else "up"
    todo = gettext("Start “sdmpweb %(command)s”; its log says why it ended.") % {"command": command}
    return Line(name, "bad", title, sentence, todo)


def idle(line: Line, busy: bool) -> Line:
    """Judge workers that were seen, but have not taken up what was asked for.

    Args:
        line: that they were seen.
        busy: whether somebody is at other long work.
    """
    if line.state != "ok":
        return line
    if busy:
        sentence = gettext("Other long work goes on, so not everything could be checked now.")
        return Line(line.slug, "unknown", line.title, sentence)
    sentence = gettext("None has taken up this check, so not everything could be checked.")
    todo = gettext("See whether “sdmpweb %(command)s” still runs, and what its log says.")
    command = "worker" if settings.GROWN else "up"
    return Line(line.slug, "bad", line.title, sentence, todo % {"command": command})


def process_title(name: str) -> str:
    """Name a kind of process for people."""
    return {
        beats.WEB: gettext("Web"),
        beats.WORKER: gettext("Worker"),
        beats.SCHEDULE: gettext("Schedule"),
    }[name]


def _without(name: str) -> str:
    return {
        beats.WEB: gettext("pages and peers are not answered"),
        beats.WORKER: gettext("mail is neither opened nor passed on"),
        beats.SCHEDULE: gettext("nothing is looked for by the clock"),
    }[name]


def _never_seen(name: str) -> str:
    return gettext("None has been seen yet: %(what)s.") % {"what": _without(name)}


def _what_to_do_for_database() -> str:
    if connection.vendor == "postgresql":
        return gettext("Start PostgreSQL, or mend DATABASE_URL.")
    return gettext("See that the data directory can be read and has room, or restore a backup.")
