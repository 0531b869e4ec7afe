"""A real node that liars call, and an honest peer that it has to serve meanwhile."""

import json
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
import pytest_asyncio

from sdmp.card import read_card
from sdmp.encoding import hash_b64
from sdmp.resource import peek_identity
from sdmp.signature import Envelope
from tests.support.hostile import Actor, Link, Target, linked
from tests.support.nodes import NodeProcess

MIB = 1024 * 1024


class Victim:
    """Bob's node, running, with what a test may look at from outside."""

    def __init__(self, directory: Path, **settings: str) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.node = NodeProcess(
            directory / "desk", settings={"SDMPWEB_LOG_LEVEL": "debug", **settings}
        )
        password = directory / "password"
        password.write_text("correct horse battery staple\n")
        self.recovery = directory / "recovery"
        self.node.command(
            "init_node", "--name", "desk", "--owner", "bob",
            "--password-file", str(password), "--recovery-file", str(self.recovery),
        )  # fmt: skip
        card = read_card(self.node.command("export_card", "bob"))
        keys = [key for envelope in card if (key := peek_identity(envelope)) is not None]
        self.target = Target(self.node.port, keys[0], keys[1])

    def add(self, actor: Actor) -> Actor:
        """Let Bob add the actor's card."""
        self.node.command("add_contact", "bob", "-", stdin=actor.card().decode())
        return actor

    def letters(self) -> list[dict[str, Any]]:
        """Bob's letters."""
        found: list[dict[str, Any]] = json.loads(self.node.command("list_letters", "bob", "--json"))
        return found

    def one(self, query: str, *values: object) -> Any:
        """The first column of the first row that a query gives; None without a row."""
        with sqlite3.connect(
            f"file:{self.node.data}/sdmpweb.sqlite3?mode=ro", uri=True, timeout=20
        ) as database:
            row = database.execute(query, values).fetchone()
        return row[0] if row else None

    def holds(self, identifier: str) -> bool:
        """Whether the node has accepted a resource."""
        return bool(
            self.one("SELECT count(*) FROM journal_resource WHERE identifier = ?", identifier)
        )

    def drops(self, reason: str) -> int:
        """How many resources were dropped for this reason."""
        return self.one("SELECT count FROM journal_dropcount WHERE reason = ?", reason) or 0

    def until(self, true: Callable[[], bool], seconds: float = 30.0) -> None:
        """Wait until something is true of the node."""
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, f"it did not happen\n{self.node.read_log()[-4000:]}"
            time.sleep(0.1)

    @property
    def memory(self) -> int:
        """Bytes of memory that the node takes."""
        return int(psutil.Process(self.node.processes["up"].pid).memory_info().rss)


def forged(envelope: Envelope) -> Envelope:
    """The same with one bit of the signature changed."""
    last = {"A": "Q", "Q": "A"}.get(envelope.signature[-1], "A")
    return replace(envelope, signature=envelope.signature[:-1] + last)


async def settle(link: Link) -> None:
    """Wait until the node has done all that was said before: it answers in order."""
    await link.ask([(link.actor.user.fingerprint, hash_b64(b"nothing"))])


@pytest.fixture(scope="session")
def carol() -> Actor:
    """Honest Carol, whom Bob knows."""
    return Actor("Carol")


@pytest.fixture(scope="session")
def mallory() -> Actor:
    """Mallory, whom Bob has come to know, and whose node is up to no good."""
    return Actor("Mallory")


@pytest.fixture(scope="session")
def bob(tmp_path_factory: pytest.TempPathFactory, carol: Actor, mallory: Actor) -> Iterator[Victim]:
    """Bob's node, which Carol and Mallory may talk to."""
    victim = Victim(tmp_path_factory.mktemp("hostile"))
    victim.add(carol)
    victim.add(mallory)
    victim.node.start()
    yield victim
    victim.node.stop()


@pytest.fixture
def newcomer(bob: Victim) -> Callable[[str], Actor]:
    """Let Bob add somebody whose journal nobody has read yet: `newcomer("Rita")`."""
    return lambda name: bob.add(Actor(name))


@pytest_asyncio.fixture
async def honest(bob: Victim, carol: Actor) -> AsyncIterator[Link]:
    """An open session of Carol's node with Bob's."""
    async with linked(carol, bob.target) as link:
        yield link


@pytest.fixture(autouse=True)
def nothing_failed(bob: Victim) -> Iterator[None]:
    """No lie may make the node fail: an exception that escapes shows as a traceback in its log."""
    before = len(bob.node.read_log())
    yield
    log = bob.node.read_log()[before:]
    assert bob.node.running, log[-4000:]
    assert "Traceback" not in log, log[-6000:]
    assert "never retrieved" not in log, log[-6000:]
