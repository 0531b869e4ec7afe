"""`sdmpweb doctor`: whether the node is well, line by line."""

from __future__ import annotations

import sys
import time
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import Error as DatabaseError
from django.utils import timezone
from rich.console import Console
from rich.progress import Progress

from hosting import audit, beats, doctor, runs
from hosting.checkup.lines import Line, in_need
from hosting.models import Run
from mail.management import helpers
from nodes.errors import UserError
from sdmp.encoding import format_time
from sdmpweb import lock

_SECONDS_TO_BE_TAKEN_UP: Final = 15.0
_SECONDS_BETWEEN_LOOKS: Final = 0.3


class Command(BaseCommand):
    """Has the node check itself, or checks what can be while it does not run."""

    help = "check the node; each line says pass or what to do"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options."""
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *_: Any, json: bool, **__: Any) -> None:
        """Print the lines; the exit status is 1 when one of them says what to do."""
        try:
            lines = self._ask() if _runs() else doctor.examine_here(running=False)
        except DatabaseError:
            lines = doctor.examine_here(running=False)
        needs = in_need(lines)
        if json:
            value = {
                "at": format_time(timezone.now()),
                "well": not needs,
                "checks": [line.to_json() for line in lines],
            }
            self.stdout.write(helpers.to_json(value))
        else:
            self._print(lines)
        if needs:
            sys.exit(1)

    def _ask(self) -> list[Line]:
        """Ask the node, and wait; where nobody takes it up, check from here what can be."""
        run = runs.ask(Run.Kind.DOCTOR, audit.machine_user())
        began = time.monotonic()
        with Progress(console=Console(file=sys.stderr), transient=True) as bar:
            task = bar.add_task("Checking", total=None)
            while run.finished is None:
                if not _runs():  # it has ended meanwhile; what was asked for waits for its start
                    return doctor.examine_here(running=False)
                late = time.monotonic() - began > _SECONDS_TO_BE_TAKEN_UP
                if late and runs.take(run, f"command {beats.process()}"[:64], timezone.now()):
                    run.refresh_from_db()
                    runs.do(run, run.lease_owner, doctor.work_here)
                    break
                bar.update(task, completed=run.done, total=run.total or None)
                time.sleep(_SECONDS_BETWEEN_LOOKS)
                run.refresh_from_db()
        if run.outcome == Run.Outcome.FAILED:
            raise UserError(run.words)
        return doctor.lines_of(run)

    def _print(self, lines: list[Line]) -> None:
        width = max(len(line.words) for line in lines)
        for line in lines:
            self.stdout.write(f"{line.words:<{width}}  {line.title}: {line.sentence}")
            if line.todo:
                self.stdout.write(f"{'':<{width}}  {line.todo}")
        self.stdout.write(doctor.worst_words(lines))


def _runs() -> bool:
    """Tell whether the node runs: by its lock, or by who has been seen lately."""
    if not settings.GROWN:
        return lock.is_held(settings.DATA)
    return any(beats.alive(timezone.now()).values())
