"""`sdmpweb restore FILE`: a node from a backup, in an empty data directory."""

from __future__ import annotations

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db.utils import OperationalError
from django.utils import timezone
from rich.console import Console
from rich.progress import Progress

from hosting import going_back, left_behind
from hosting.management.asking import ask_passphrase
from hosting.restoring import Restored, restore
from mail.management.helpers import counted
from nodes.errors import UserError
from sdmpweb import lock, schema


class Command(BaseCommand):
    """Restores a backup, all of it or nothing."""

    help = "restore a backup into an empty data directory, or an empty database"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options."""
        parser.add_argument(
            "file", nargs="?", default="", help="the backup, or its URL as fsspec knows it"
        )
        parser.add_argument(
            "--snapshot",
            action="store_true",
            help="go back to the copy made before an upgrade that failed: FILE, or the newest one",
        )

    def handle(self, *_: Any, file: str, snapshot: bool, **__: Any) -> None:
        """Restore it and say what people have to do now."""
        if snapshot:
            self._go_back(file)
            return
        if not file:
            raise UserError("Name the backup, or go back to a snapshot with --snapshot.")
        passphrase = ask_passphrase(twice=False)
        with (
            lock.only_node(settings.DATA),
            Progress(console=Console(file=sys.stderr), transient=True) as bar,
        ):
            task = bar.add_task("Restoring", total=None)
            try:
                restored = restore(
                    file,
                    passphrase,
                    timezone.now(),
                    lambda done, total: bar.update(task, completed=done, total=total),
                )
            except OperationalError as error:
                reason = str(error).strip().splitlines() or ["no reason given"]
                raise UserError(f"The database cannot be used: {reason[0]}") from None
        self._tell(restored)

    def _go_back(self, name: str) -> None:
        try:
            with lock.only_node(settings.DATA), schema.alone():
                path = going_back.go_back(name)
        except OperationalError as error:
            reason = str(error).strip().splitlines() or ["no reason given"]
            raise UserError(f"The database cannot be used: {reason[0]}") from None
        self.stdout.write(
            f"The database is that of the snapshot {path.name} again. Install the version from "
            "before now: a newer one brings it up to date again when it starts."
        )

    def _tell(self, restored: Restored) -> None:
        manifest, back = restored.manifest, restored.back
        made = manifest.made.replace("T", " ").replace("Z", " UTC")
        letters = manifest.rows.get("mail_letter", 0)
        say = self.stdout.write
        say(
            f"Restored {manifest.node_name or 'a node that nobody owns yet'} as it was on {made}, "
            f"with {counted(restored.people, 'account')} and {counted(letters, 'message')}."
        )
        if back.fingerprint:
            say(f"node {back.fingerprint}")
            say(
                f"When it runs it asks {counted(back.peers, 'peer')} for what came since, "
                "and publishes nothing new before that."
            )
        if back.waiting:
            say(
                "These accounts stand still until their people sign in and confirm the new key of "
                f"the node with the recovery phrase: {', '.join(back.waiting)}."
            )
        if back.relayed:
            say(f"{left_behind.words(len(back.relayed))} {left_behind.todo()}")
            for user in back.relayed:
                say(f"user {user}")
        if restored.settings is not None:
            say(f"The settings of the backup are in {restored.settings}.")
        say("Everybody has to sign in again. Start the node now, and leave the old one off.")
