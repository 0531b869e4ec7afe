"""People with nodes of their own: what the end-to-end tests are told about.

A `Person` is an account on a node that runs as processes. Everything is done by the public
commands, through a `Console` so that none pays for its start-up.
"""

import hashlib
import itertools
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from sdmp.signature import read_envelope
from tests.support.console import Console
from tests.support.nodes import NodeProcess

T = TypeVar("T")
PASSWORD = "correct horse battery staple"
PATIENCE = 120.0


def eventually(look: Callable[[], T | None], what: str, seconds: float = PATIENCE) -> T:
    """Look until something true is seen, and return it; raises AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        if seen:
            return seen
        assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.1)


class Person:
    """An account of `username` on `node`, whose files are kept in `directory`."""

    def __init__(self, node: NodeProcess, username: str, user: str, console: Console) -> None:
        self.node = node
        self.username = username
        self.user = user
        self.console = console
        self.directory = node.data.parent

    @property
    def node_fingerprint(self) -> str:
        """The fingerprint of the person's node."""
        fingerprint: str = self.status()["node"]
        return fingerprint

    def file(self, name: str, content: str | bytes) -> str:
        """Write a file and return its path."""
        path = self.directory / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    def command(self, *arguments: str, stdin: str = "", status: int = 0) -> str:
        """Run a command on the person's node and return what it wrote to stdout."""
        return self.console.command(*arguments, stdin=stdin, status=status)

    def card(self) -> str:
        """Return the person's card."""
        return self.command("export_card", self.username)

    def add(self, other: "Person", name: str = "") -> dict[str, Any]:
        """Make a contact of somebody, from the card that they have now."""
        named = ["--name", name] if name else []
        card = other.card()
        added = self.command("add_contact", self.username, "-", *named, stdin=card)
        value: dict[str, Any] = json.loads(added)
        return value

    def send(self, *to: "Person", title: str = "", options: tuple[str, ...] = ()) -> str:
        """Send a message and return its URI; a notice when `to` is empty."""
        whom = ["--to", *(person.user for person in to)] if to else ["--notice"]
        return self.command(
            "send_message", self.username, *whom, "--title", title, *options
        ).strip()

    def letters(self) -> list[dict[str, Any]]:
        """List the person's letters, oldest first."""
        listed: list[dict[str, Any]] = json.loads(
            self.command("list_letters", self.username, "--json")
        )
        return listed

    def titles(self) -> list[str]:
        """List the titles of the person's letters."""
        return [letter["title"] for letter in self.letters()]

    def letter(self, title: str) -> dict[str, Any] | None:
        """Find the one letter with a title; raises AssertionError when there are two."""
        found = [letter for letter in self.letters() if letter["title"] == title]
        assert len(found) <= 1, f"{len(found)} letters have the title {title!r}"
        return found[0] if found else None

    def gets(self, title: str) -> dict[str, Any]:
        """Wait for the letter with a title."""
        return eventually(lambda: self.letter(title), f"{self.username} gets {title!r}")

    def delivered(self, title: str, state: str = "received") -> dict[str, Any]:
        """Wait until a letter has come as far as `state` on its way to all its recipients."""

        def look() -> dict[str, Any] | None:
            letter = self.letter(title)
            if letter and {d["state"] for d in letter["deliveries"]} == {state}:
                return letter
            return None

        return eventually(look, f"{self.username} sees {title!r} {state}")

    def contacts(self) -> dict[str, str]:
        """List user → state of the person's contacts and requests."""
        listed = json.loads(self.command("list_contacts", self.username, "--json"))
        return {contact["user"]: contact["state"] for contact in listed}

    def sees(self, other: "Person", state: str | None) -> None:
        """Wait until somebody is listed in a state; `None` for not at all."""
        eventually(
            lambda: self.contacts().get(other.user) == state,
            f"{self.username} sees {other.username} as {state}",
        )

    def status(self) -> dict[str, Any]:
        """Return what `status` says."""
        value: dict[str, Any] = json.loads(self.command("status", "--json"))
        return value

    def nodes(self) -> set[str]:
        """Say which nodes the person's card shows to have agreed to serve the person."""
        found = set()
        for entry in json.loads(self.card()):
            section = json.loads(read_envelope(entry).content).get("identity", {})
            if section.get("type") == "node":
                found.add(section["fingerprint"])
        return found

    def nodes_of(self, other: "Person") -> set[str]:
        """Say which nodes of a contact the person's node knows."""
        listed = json.loads(self.command("list_contacts", self.username, "--json"))
        return {node for one in listed if one["user"] == other.user for node in one["nodes"]}

    def journal(self) -> list[str]:
        """Return the lines of the node's journal."""
        return self.command("export_journal").split("\n")

    def holds(self, uri: str) -> bool:
        """Tell whether a resource stands in the node's journal."""
        return any(line.endswith(uri.removeprefix("sdmp://")) for line in self.journal())

    def check_journal(self) -> None:
        """Check the journal with the command, and the chain once more by the text of §8."""
        self.command("verify_journal")
        check_lines(self.journal())


def check_lines(lines: list[str]) -> None:
    """Check that each line of a journal holds the hash of the one before, and none is twice."""
    for before, line in itertools.pairwise(lines):
        digest = urlsafe_b64encode(hashlib.sha512(before.encode()).digest()).decode().rstrip("=")
        assert line.partition("@")[0] == digest
    entries = [line.partition("@")[2] for line in lines[1:]]
    assert len(entries) == len(set(entries))


class Cast:
    """Makes people, and ends their processes."""

    def __init__(self, directory: Path, make_node: Callable[..., NodeProcess]) -> None:
        self.directory = directory
        self._make_node = make_node
        self._consoles: list[Console] = []
        self._nodes: list[NodeProcess] = []
        self.password = directory / "password"
        self.password.write_text(f"{PASSWORD}\n")

    def node(self, name: str, shape: str = "embedded", **options: Any) -> NodeProcess:
        """Make room for a node, in which nothing is yet."""
        node = self._make_node(name, shape, **options)
        self._nodes.append(node)
        return node

    def person(self, username: str, shape: str = "embedded", **options: Any) -> Person:
        """Make a node and its owner; the node is not started."""
        node = self.node(username, shape, **options)
        node.prepare()
        console = self.console(node)
        made = console.command(
            "init_node", "--name", f"{username}'s", "--owner", username,
            "--password-file", str(self.password),
        )  # fmt: skip
        return Person(node, username, _user(made), console)

    def account(self, host: Person, username: str, *options: str) -> Person:
        """Make another account on somebody's node."""
        made = host.command(
            "create_account", username, "--password-file", str(self.password), *options
        )
        return Person(host.node, username, _user(made), host.console)

    def console(self, node: NodeProcess) -> Console:
        """Open one more process of a node's commands."""
        console = Console(node)
        self._consoles.append(console)
        return console

    def end(self) -> None:
        """End all processes."""
        for console in self._consoles:
            console.kill()
        for node in self._nodes:
            node.kill()


def befriend(*people: Person) -> None:
    """Let all of these know each other."""
    for person in people:
        for other in people:
            if person is not other:
                person.add(other, name=other.username.title())


def _user(output: str) -> str:
    [fingerprint] = [line.split()[1] for line in output.splitlines() if line.startswith("user ")]
    return fingerprint
