"""Does in the environment of a node what several commands would: a process starts slowly.

Reads from standard input, as JSON, what to do, and prints what comes of it as JSON.
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


def do(node: NodeProcess, **what: Any) -> Any:
    """Let a process in the environment of a node do something; see the functions below."""
    node.prepare()
    pipes: Any = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with Started("tests.support.neighbours", env=node.environment, **pipes) as process:
        stdout, stderr = process.communicate(orjson.dumps(what))
    assert process.returncode == 0, stderr.decode()
    return orjson.loads(stdout)


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
    """Do what standard input says."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "sdmpweb.settings"
    import django

    django.setup()
    be_quick()
    from sdmpweb import schema

    what = orjson.loads(sys.stdin.buffer.read())
    if what["do"] == "make":
        schema.bring_up_to_date()
    doings: dict[str, Callable[..., Any]] = {"make": make, "meet": meet, "send": send}
    sys.stdout.buffer.write(orjson.dumps(doings[what.pop("do")](**what)))


if __name__ == "__main__":
    main()
