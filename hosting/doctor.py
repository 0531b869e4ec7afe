"""`sdmpweb doctor`: all checks of a node in one go, each a line that says pass or what to do.

Run as long work (`hosting.runs`) it is done where sessions and jobs live, and its lines are in the
panel. A command makes the checks that need no running node by `examine_here`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.conf import settings
from django.db import Error as DatabaseError
from django.utils import timezone
from django.utils.translation import gettext, ngettext, override

from hosting import beats, runs
from hosting.checkup import backups, calls, doors, machine, services
from hosting.checkup.lines import Line, from_finding, in_need, read_line
from hosting.models import Run
from hosting.runs import Progress
from mail import selfcheck
from nodes.addresses import own_address
from nodes.models import Account


def work(run: Run, progress: Progress) -> None:
    """Make all checks in a node that runs; the work of a `Run` of the kind `doctor`."""
    with override(_language(run.asked_by)):
        _end(progress, examine(progress))


def work_here(run: Run, progress: Progress) -> None:
    """Make the checks that take no job, for a run that no worker has taken up."""
    with override(_language(run.asked_by)):
        lines = examine_here(running=True)
        busy = runs.others_go_on(run, timezone.now())
        _end(progress, [services.idle(x, busy) if x.slug == beats.WORKER else x for x in lines])


def lines_of(run: Run | None) -> list[Line]:
    """Give the lines of a run that has ended."""
    return [read_line(stored) for stored in run.findings] if run and run.finished else []


def examine(progress: Callable[[int, int | None], None] = lambda *_: None) -> list[Line]:
    """Make all checks, in a process of a node that runs; may take a minute.

    Args:
        progress: told how many lines are done, of how many.
    """
    now = timezone.now()
    here = examine_here(running=True)
    urls = doors.published()
    total = len(here) + len(urls) + 2
    progress(len(here), total)
    seen = []
    for url in urls:
        seen.append(doors.knock(url))
        progress(len(here) + len(seen), total)
    address = doors.address_in_words()
    called = calls.ask_back(address, lambda: progress(len(here) + len(seen) + 1, total))
    outside = [
        calls.check_call(called, address),
        doors.check_doors(seen, called),
        doors.check_proxy(seen, settings.WEB_URL, settings.PROXIES),
        doors.check_tls(seen, now),
    ]
    progress(total, total)
    return [here[0], *(line for line in outside if line is not None), *here[1:]]


def examine_here(*, running: bool) -> list[Line]:
    """Make the checks that take neither a session nor a job.

    Args:
        running: whether the node runs; that it does not is a line too.
    """
    now = timezone.now()
    broker = services.ask_broker()
    lines = [
        from_finding(selfcheck.check_address(_own_address(), settings.WEB_URL)),
        from_finding(selfcheck.check_pages(settings.WEB_URL, settings.LISTEN_HOST)),
        machine.look_at_clock(now),
        machine.look_at_disk(),
        machine.look_at_secrets(),
        *backups.look_at_backups(now),
        machine.look_at_versions(broker.version if broker else ""),
        services.look_at_database(),
        *filter(None, [services.look_at_room()]),
        services.check_broker(broker),
    ]
    if running:
        return [*lines, *services.look_at_processes(now)]
    return [_not_running(), *lines]


def worst_words(lines: Sequence[Line]) -> str:
    """Say in one sentence what came of it."""
    needs = len(in_need(lines))
    if not needs:
        return gettext("All is well.")
    words = ngettext("%(n)d line says what to do.", "%(n)d lines say what to do.", needs)
    return words % {"n": needs}


def _end(progress: Progress, lines: Sequence[Line]) -> None:
    outcome = Run.Outcome.BAD if in_need(lines) else Run.Outcome.GOOD
    progress.end(outcome, worst_words(lines), [line.to_json() for line in lines])


def _not_running() -> Line:
    command = "web, worker and beat" if settings.GROWN else "up"
    return Line(
        "node",
        "bad",
        gettext("Node"),
        gettext("It does not run, so not everything could be checked."),
        gettext("Start it with “sdmpweb %(command)s”, then check again.") % {"command": command},
    )


def _own_address() -> str:
    """Give the address, also while the database is away that keeps what was said at the start."""
    try:
        return own_address()
    except DatabaseError:
        return str(settings.NODE_ADDRESS)


def _language(asked_by: str) -> str:
    """Say in which language lines are written: that of who asked, else of the first owner."""
    whose = {"username": asked_by} if asked_by else {"is_superuser": True}
    rows = Account.objects.filter(**whose).order_by("pk")
    return rows.values_list("language", flat=True).first() or settings.LANGUAGE_CODE
