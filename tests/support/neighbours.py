"""Does in the environment of a node what several commands would: a process starts slowly.

Reads from standard input what to do, one JSON object a line, and answers each with a line of JSON.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import orjson

from tests.support.nodes import NodeProcess
from tests.support.quick import be_quick
from tests.support.starter import Started


class Neighbour:
    """A process in the environment of `node` that does one thing after another, until it ends."""

    def __init__(self, node: NodeProcess) -> None:
        node.prepare()
        with node.log.open("ab") as log:
            self._process = Started(
                "tests.support.neighbours", env=node.environment,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip

    def do(self, **what: Any) -> Any:
        """Let it do something, and return what comes of it; see the functions below."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(orjson.dumps(what) + b"\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "it died, and wrote why into the node's log"
        return orjson.loads(line)

    def end(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()


def make(called: str, people: dict[str, str], password: str) -> dict[str, list[str]]:
    """Make a node and accounts (username: name), the first its owner; gives users and cards."""
    from journal.enrol import enrol, make_node
    from mail.cards import export_card

    make_node(called)
    found = {}
    for number, (username, name) in enumerate(people.items()):
        account = enrol(username, name=name, password=password, owner=not number).account
        found[username] = [str(account.fingerprint), export_card(account).hex()]
    return found


def meet(pairs: list[tuple[str, str]], known: bool = False) -> None:
    """Let accounts trust the users of cards: username and card; and let them in, when known."""
    from mail.contacts import add_contact
    from mail.flags import let_in

    for username, card in pairs:
        added = add_contact(_account(username), bytes.fromhex(card))
        if known:
            let_in(_account(username), added.fingerprint)


def send(letters: list[dict[str, str]]) -> list[str]:
    """Send letters: author, to, title, body, and answers, the place of one before; gives URIs."""
    from mail.send import send as send_letter

    sent: list[str] = []
    for letter in letters:
        answers = letter.get("answers")
        uri = send_letter(
            _account(letter["author"]),
            to=[letter["to"]],
            title=letter["title"],
            body=letter.get("body", "Text."),
            reply_to=sent[int(answers)] if answers else letter.get("reply"),
        )
        sent.append(uri)
    return sent


def _account(username: str) -> Any:
    from nodes.models import Account

    return Account.objects.get(username=username)


def main() -> None:
    """Do what the lines of standard input say, until there are no more."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "sdmpweb.settings"
    import django

    django.setup()
    be_quick()
    doings: dict[str, Callable[..., Any]] = {"make": make, "meet": meet, "send": send}
    for line in sys.stdin.buffer:
        what = orjson.loads(line)
        sys.stdout.buffer.write(orjson.dumps(doings[what.pop("do")](**what)) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
