"""Long work of all kinds goes on and does not end: mail is opened all the same."""

from __future__ import annotations

import re
import sqlite3
import subprocess

import httpx
import pytest

from tests.support.scenario import Cast, Person, befriend, eventually
from tests.support.starter import Started

pytestmark = pytest.mark.nodes
KINDS = ("doctor", "journal", "backup", "check", "retention", "storage")


def test_letters_are_opened_while_long_work_goes_on(cast: Cast) -> None:
    alice = cast.person("alice")
    bob = cast.account(alice, "bob")
    befriend(alice, bob)
    for threads, at_work in (("4", 2), ("1", 1)):
        _forget(alice)
        _start(alice, threads)
        # Each that is asked for wakes the node, so that all threads would come to look.
        asked = "".join(f"runs.ask({kind!r});" for kind in KINDS)
        alice.node.command("shell", "--no-imports", "-c", f"from hosting import runs;{asked}")
        eventually(lambda most=at_work: _at_work(alice) >= most, "long work goes on")  # type: ignore[misc]
        for number in range(3):
            alice.send(bob, title=f"{number} with {threads}")
            bob.gets(f"{number} with {threads}")
        assert _at_work(alice) == at_work
        [alive] = re.findall(
            r'^sdmpweb_processes\{name="worker"\} (\S+)$',
            httpx.get(f"{alice.node.url}/metrics").text,
            re.MULTILINE,
        )
        assert float(alive) == 1
        alice.node.stop()


def _start(person: Person, threads: str) -> None:
    node = person.node
    with node.log.open("ab") as output:
        node.processes["up"] = Started(
            "tests.support.slow", "up", env={**node.environment, "SDMPWEB_WORKERS": threads},
            stdin=subprocess.DEVNULL, stdout=output, stderr=output,
        )  # fmt: skip
    node.wait_until_up()


def _at_work(person: Person) -> int:
    return int(_ask(person, "SELECT count(*) FROM hosting_run WHERE lease_owner != ''"))


def _forget(person: Person) -> None:
    """Forget the work and the life of the node before."""
    for table in ("hosting_run", "hosting_beat"):
        _ask(person, f"DELETE FROM {table}")


def _ask(person: Person, question: str) -> int:
    database = sqlite3.connect(person.node.data / "sdmpweb.sqlite3", timeout=20)
    with database:
        row = database.execute(question).fetchone()
    database.close()
    return row[0] if row else 0
