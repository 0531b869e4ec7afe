"""The restore test: a backup is unpacked and looked through as if the node had come back from it.

That is done by a process of its own (`hosting.backup.examine`), which has no settings of this node
but where the scratch database is.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson
from django.utils.formats import number_format
from django.utils.translation import gettext, ngettext

from hosting.backup import scratch
from hosting.backup.archive import NODE_SECRET, SQLITE, WEB_SECRET, Progress, open_archive
from hosting.backup.errors import BackupError
from hosting.backup.manifest import Manifest

_SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class Checked:
    """What a restore test found."""

    manifest: Manifest
    lines: int
    signatures: int
    problems: list[str]

    @property
    def words(self) -> str:
        """Say it in a sentence or two."""
        made = self.manifest.made.replace("T", " ").replace("Z", " UTC")
        if self.problems:
            return ngettext(
                "The backup of %(made)s has a fault; keep an older one.",
                "The backup of %(made)s has %(n)s faults; keep an older one.",
                len(self.problems),
            ) % {"made": made, "n": number_format(len(self.problems))}
        return gettext(
            "The backup of %(made)s was restored and is whole: %(lines)s lines follow each other, "
            "%(signatures)s signatures hold."
        ) % {
            "made": made,
            "lines": number_format(self.lines),
            "signatures": number_format(self.signatures),
        }


def check(place: str, passphrase: str, progress: Progress = lambda done, total: None) -> Checked:
    """Restore a backup into a scratch directory, and verify journal and resources there.

    A backup of PostgreSQL is loaded into a schema of its own in this node's database, which is
    dropped afterwards.

    Args:
        place: path or URL of the backup.
        passphrase: what it was encrypted under.
        progress: called with how many lines are verified, and of how many.

    Raises:
        BackupError: it cannot be opened or loaded.
    """
    with ExitStack() as stack:
        directory = stack.enter_context(scratch.directory())
        unpacked = directory / "backup"
        unpacked.mkdir(mode=0o700)
        manifest = open_archive(place, passphrase, unpacked)
        data = directory / "data"
        data.mkdir(mode=0o700)
        for name in (NODE_SECRET, WEB_SECRET):
            if (unpacked / name).exists():
                (unpacked / name).rename(data / name)
        if manifest.vendor == "sqlite":
            if not (unpacked / SQLITE).exists():
                raise BackupError("The backup holds no database; use another one.")
            (unpacked / SQLITE).rename(data / "sdmpweb.sqlite3")
            database = ""
        else:
            database = stack.enter_context(scratch.schema())
        found = _examine(unpacked, data, database, progress)
    return Checked(manifest, found["lines"], found["signatures"], found["problems"][:_SHOWN])


def _examine(unpacked: Path, data: Path, database: str, progress: Progress) -> dict[str, Any]:
    environment = {
        "DJANGO_SETTINGS_MODULE": "sdmpweb.settings",
        "PYTHONPATH": ":".join(each for each in sys.path if each),
        "SDMPWEB_DATA": str(data),
        "DATABASE_URL": database,
        "SDMPWEB_LOG_LEVEL": "error",
    }
    # It stands where there is no sdmpweb.env, so that it has these settings and no others.
    with subprocess.Popen(
        [sys.executable, "-m", "hosting.backup.examine", str(unpacked)],
        env=environment, cwd=data, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        last: dict[str, Any] = {}
        try:
            for line in process.stdout:
                last = orjson.loads(line)
                if "done" in last:
                    progress(last["done"], last["total"])
        except BaseException:
            process.kill()
            raise
    if "error" in last:
        raise BackupError(last["error"])
    if "problems" not in last:
        raise BackupError("The restore test ended in the middle; the log of the node says why.")
    return last
