"""Looks through a restored node: what `hosting.backup.checking` starts as a process of its own.

It is given the directory of an unpacked backup, and writes a JSON object a line: how far it has
come, `{"done": …, "total": …}`, and at last what it found or `{"error": sentence}`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import django
import orjson


def main() -> None:
    """Look through the node whose data directory and database the environment names."""
    django.setup()
    from nodes.errors import UserError

    try:
        _say(examine(Path(sys.argv[1])))
    except UserError as error:
        _say({"error": str(error)})


def examine(unpacked: Path) -> dict[str, Any]:
    """Load what is to be loaded, bring it up to date and verify it.

    Raises:
        UserError: that cannot be done.
    """
    from django.core.management import call_command
    from django.db import DatabaseError

    from hosting.backup import facts, postgresql_dump
    from hosting.backup.archive import MANIFEST
    from hosting.backup.errors import Damaged
    from hosting.backup.manifest import Manifest
    from hosting.backup.newer import refuse_newer

    manifest = Manifest.from_bytes((unpacked / MANIFEST).read_bytes())
    try:
        if manifest.vendor == "postgresql":
            postgresql_dump.load(unpacked, manifest)
        else:
            _check_file()
        refuse_newer()
        found = facts.gather(manifest.vendor, _ask)
        problems = _missing(found.rows, manifest.rows)
        if (found.node, found.head_line) != (manifest.node, manifest.head_line):
            problems.append("The journal is not the one that the manifest tells of.")
        call_command("migrate", interactive=False, verbosity=0)
        return _verify(problems)
    except DatabaseError as error:
        raise Damaged(f"The database in the backup cannot be read: {error}.") from None


def _verify(problems: list[str]) -> dict[str, Any]:
    from journal.models import Resource
    from journal.verification import verify_journal
    from nodes import keystore
    from nodes.errors import UserError
    from nodes.models import LocalNode

    try:
        keystore.check_secret()
    except UserError as error:
        problems.append(str(error))
    node = LocalNode.objects.first()
    total = node.head_position if node else 0
    findings = verify_journal(lambda done: _tell(done, total))
    problems += findings.problems
    without = Resource.objects.filter(line=None).count()
    if without:
        problems.append(f"Resources without a line in the journal: {without}.")
    return {"lines": findings.lines, "signatures": findings.signatures, "problems": problems}


def _check_file() -> None:
    from hosting.backup.errors import Damaged

    rows = _ask("PRAGMA quick_check(1)")
    if rows[0][0] != "ok":
        raise Damaged(f"The database in the backup is damaged: {rows[0][0]}.")


def _missing(found: dict[str, int], told: dict[str, int]) -> list[str]:
    return [
        f"{table} has {found.get(table, 0)} rows instead of {rows}."
        for table, rows in told.items()
        if found.get(table) != rows
    ]


def _ask(query: str) -> list[Any]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())


def _tell(done: int, total: int) -> None:
    if done % 500 == 0 or done == total:
        _say({"done": done, "total": total})


def _say(what: dict[str, Any]) -> None:
    sys.stdout.buffer.write(orjson.dumps(what) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
