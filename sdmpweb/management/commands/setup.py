"""`sdmpweb setup NAME`: what a node needs of a machine, from its user to its proxy."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from nodes.errors import UserError
from sdmpweb.setup import plan, proxies
from sdmpweb.setup.machine import Machine


class Command(BaseCommand):
    """Says what is missing, asks, does it, and says what comes next."""

    help = "set up this machine for a node: user, settings, services and proxy"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options."""
        parser.add_argument(
            "name", nargs="?", default="", help="host name of the node; later it is known"
        )
        parser.add_argument(
            "--proxy",
            choices=(*proxies.PROXIES, proxies.NONE),
            default="",
            help="what stands before it: by default what is installed; none to set it up yourself",
        )
        parser.add_argument(
            "--grown", action="store_true", help="several processes, with PostgreSQL and Redis"
        )
        parser.add_argument("--no-backups", action="store_true", help="no backups by the node")
        parser.add_argument("--dry-run", action="store_true", help="show what would be done")
        parser.add_argument("--yes", action="store_true", help="do it without asking")
        parser.add_argument(
            "--root", type=Path, default=Path("/"), metavar="DIR",
            help="set up the image of a machine in a directory; nothing is started",
        )  # fmt: skip

    def handle(
        self, *_: Any, name: str, proxy: str, grown: bool, no_backups: bool, **options: Any
    ) -> None:
        """Set the machine up; what was done stays when a step fails, and is not done again."""
        machine = Machine(options["root"].absolute())
        if machine.runs and os.geteuid() != 0:
            raise UserError("Setting up a machine is for root: run this as root, or with sudo.")
        made = plan.make(machine, plan.Wish(name, proxy, grown, backups=not no_backups))
        if made.steps:
            self.stdout.write(f"For a node at {made.url} this is missing:")
            for step in made.steps:
                self.stdout.write(f"  {step.missing(machine)}")
            if not options["dry_run"]:
                if not options["yes"]:
                    self._ask()
                # What is not read by somebody at a terminal is kept in a log by something.
                made.carry_out(machine, self.stdout.write, seen=sys.stdout.isatty())
                self.stdout.write("Done.")
        elif made.afterwards:
            self.stdout.write(f"All is there that can be yet for a node at {made.url}.")
        else:
            self.stdout.write(f"Nothing to do: all is there for a node at {made.url}.")
        if made.afterwards:
            self.stdout.write("Run next, in this order:")
            for command in made.afterwards:
                self.stdout.write(f"  {command}")

    def _ask(self) -> None:
        if sys.stdin is None or not sys.stdin.isatty():
            raise UserError("There is no terminal to ask whether to do this; say --yes.")
        self.stdout.write("Do it? [y/N] ", ending="")
        self.stdout.flush()
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise UserError("Nothing was changed.")
