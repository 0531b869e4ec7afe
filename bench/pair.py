"""Two nodes whose owners know each other."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench import client
from tests.support.nodes import NodeProcess, Services, Shape

PASSWORD = "correct horse battery"
_KEYS = {"SDMPWEB_USER_KEY_BITS": "3072", "SDMPWEB_NODE_KEY_BITS": "2048"}


@dataclass(slots=True)
class Side:
    """A node, its owner's name there, and the owner's fingerprint."""

    node: NodeProcess
    owner: str
    user: str

    def pids(self) -> list[int]:
        """List the processes of the node."""
        return [process.pid for process in self.node.processes.values()]

    def sign_in(self) -> dict[str, str]:
        """Sign the owner in; returns the cookies."""
        return client.sign_in(self.node, self.owner, PASSWORD)


@dataclass(slots=True)
class Pair:
    """Alice's node and Bob's."""

    alice: Side
    bob: Side

    @property
    def sides(self) -> tuple[Side, Side]:
        """Both, Alice's first."""
        return self.alice, self.bob

    def pids(self) -> list[int]:
        """List the processes of both nodes."""
        return [*self.alice.pids(), *self.bob.pids()]


@contextlib.contextmanager
def running_pair(
    directory: Path, shape: Shape, services: Services | None, settings: dict[str, str]
) -> Iterator[Pair]:
    """Make two nodes in `directory` and run them within the context.

    `settings` go into their environment, above the default sizes of keys.
    """
    directory.mkdir(parents=True)
    secret = directory / "password"
    secret.write_text(PASSWORD + "\n")
    sides = []
    for owner in ("alice", "bob"):
        node = NodeProcess(
            directory / owner, shape, services=services, settings={**_KEYS, **settings}, plain=True
        )
        made = node.command(
            "init_node", "--name", owner, "--owner", owner, "--password-file", str(secret)
        )
        # What is measured is sending, not the moment in which it can be undone.
        node.command(
            "shell", "-c",
            "from nodes.models import Account; Account.objects.update(undo_seconds=0)",
        )  # fmt: skip
        [user] = [line.split()[1] for line in made.splitlines() if line.startswith("user")]
        sides.append(Side(node, owner, user))
    alice, bob = sides
    for side, other in ((alice, bob), (bob, alice)):
        card = other.node.command("export_card", other.owner)
        side.node.command("add_contact", side.owner, "-", "--name", other.owner, stdin=card)
    with alice.node, bob.node:
        yield Pair(alice, bob)
