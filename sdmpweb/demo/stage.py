"""The whole demo: makes both homes, lets the letters go to and fro, and clears everything away."""

from __future__ import annotations

import base64
import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from nodes.errors import UserError
from sdmpweb.demo.ending import Ended, Ending
from sdmpweb.demo.home import Home, free_ports
from sdmpweb.demo.letters import LETTERS, Written

_WATCH_SECONDS: Final = 0.5


def run(tell: Callable[[str], None]) -> None:
    """Show the demo until SIGINT, SIGTERM or SIGHUP, and leave nothing behind.

    `tell` is called with what people are to read. Raises UserError when a node does not start, or
    ends by itself.
    """
    with contextlib.suppress(Ended), Ending() as ending, _directory(ending) as directory:
        ports = free_ports(2)
        alice = Home(directory / "alice", "Alice", "127.0.0.1", ports[0], ending)
        bob = Home(directory / "bob", "Bob", "localhost", ports[1], ending)
        with _ended_together(ending, alice, bob):
            tell("Making two nodes, Alice's and Bob's …")
            prepare(alice, bob)
            write_letters({home.username: home for home in (alice, bob)})
            for home in (alice, bob):
                home.rest()
                tell(
                    f"{home.name}: {home.link}   "
                    f"sign in as {home.username}, password {home.password}"
                )
            tell("Letters have gone both ways. Write another one and watch it arrive.")
            tell(f"Everything is in {directory} and goes away with Ctrl-C.")
            while not (alice.has_ended() or bob.has_ended()):
                time.sleep(_WATCH_SECONDS)
            raise UserError("A node of the demo has ended by itself.")


def prepare(alice: Home, bob: Home) -> None:
    """Make both nodes at once, let their owners know each other, and start them."""
    homes = (alice, bob)
    for home in homes:
        home.begin()
    for home in homes:
        home.enrolled()
    for home in homes:
        home.open()
    for home, other in (homes, homes[::-1]):
        home.do("befriend", card=other.card, name=other.name)
    for home in homes:
        home.opened()


def write_letters(homes: dict[str, Home]) -> None:
    """Let the letters be written, each once what it answers has come, and all be received."""
    uris: dict[str, str] = {}
    for letter in LETTERS:
        writer = homes[letter.writer]
        [other] = [home for home in homes.values() if home is not writer]
        if letter.answers:
            writer.do("wait for", uri=uris[letter.answers])
        uris[letter.key] = writer.do("send", **_contents(letter, other, uris))["uri"]
    for letter in LETTERS:
        for home in homes.values():
            home.do("wait for", uri=uris[letter.key])
    for home in homes.values():
        home.do("wait for receipts")


def _contents(letter: Written, other: Home, uris: dict[str, str]) -> dict[str, Any]:
    attachment = None
    if letter.attachment is not None:
        name, kind, data = letter.attachment
        encoded = base64.b64encode(data).decode()
        attachment = {"name": name, "type": kind, "data": encoded, "image": letter.shown}
    return {
        "to": [] if letter.notice else [other.user],
        "title": letter.title,
        "body": letter.body,
        "reply_to": uris.get(letter.answers),
        "attachment": attachment,
        "notice": letter.notice,
    }


@contextlib.contextmanager
def _directory(ending: Ending) -> Iterator[Path]:
    made = tempfile.TemporaryDirectory(prefix="sdmpweb-demo-")
    try:
        yield Path(made.name)
    finally:
        with ending.undisturbed():
            made.cleanup()


@contextlib.contextmanager
def _ended_together(ending: Ending, *homes: Home) -> Iterator[None]:
    try:
        yield
    finally:
        with ending.undisturbed():
            for home in homes:
                home.end()
