"""Two people on two nodes exchange mail, in either shape and between the two."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.scenario import Person, eventually

pytestmark = pytest.mark.nodes
Pair = tuple[Person, Person]
BYTES = bytes(range(256)) * 300


def test_messages_both_ways_are_received(pair: Pair) -> None:
    alice, bob = pair
    alice.send(bob, title="there")
    assert bob.gets("there")["from"] == alice.user
    bob.send(alice, title="and back")
    assert alice.gets("and back")["to"] == [alice.user]
    assert alice.delivered("there")["deliveries"][0]["to"] == bob.user
    bob.delivered("and back")


def test_letters_are_listed_in_the_agreed_form(pair: Pair) -> None:
    alice, bob = pair
    body = bob.file("body.md", "Shall we say **eight**?\n\nÄ 漢 🦉\n")
    uri = bob.send(alice, title="form: a test", options=("--body-file", body))
    sent = bob.delivered("form: a test")
    [delivery] = sent.pop("deliveries")
    received = alice.gets("form: a test")
    assert received.pop("deliveries") == []
    assert sent == received
    assert _without_date(sent) == {
        "resource": uri,
        "from": bob.user,
        "to": [alice.user],
        "title": "form: a test",
        "body": "Shall we say **eight**?\n\nÄ 漢 🦉\n",
        "notice": False,
        "attachments": [],
    }
    assert _is_timestamp(received["date"])
    assert delivery.keys() == {"to", "state", "at"}
    assert (delivery["to"], delivery["state"]) == (alice.user, "received")
    assert _is_timestamp(delivery["at"])


def test_notice_is_for_all_and_has_no_deliveries(pair: Pair) -> None:
    alice, bob = pair
    uri = alice.send(title="to everybody")
    notice = bob.gets("to everybody")
    assert (notice["resource"], notice["notice"], notice["to"]) == (uri, True, [])
    assert alice.gets("to everybody")["deliveries"] == []


def test_attachments_arrive_whole(pair: Pair, tmp_path: Path) -> None:
    alice, bob = pair
    names = {"Grüße 漢字 – ❤.bin": BYTES, 'quo"te [x](y).pdf': b"%PDF-1.7\n", "empty": b""}
    for name, content in names.items():
        (tmp_path / name).write_bytes(content)
    files = [str(tmp_path / name) for name in names]
    alice.send(bob, title="files", options=("--attach", *files))
    listed = bob.gets("files")["attachments"]
    assert listed == alice.gets("files")["attachments"]
    assert [(f["name"], f["size"]) for f in listed] == [(n, len(c)) for n, c in names.items()]
    assert [f["type"] for f in listed] == [
        "application/octet-stream", "application/pdf", "application/octet-stream",
    ]  # fmt: skip
    got = bob.console.ask(files=bob.username, title="files")["files"]
    assert [bytes.fromhex(content) for content in got] == list(names.values())


def test_largest_message_arrives_and_a_larger_one_is_refused(pair: Pair, tmp_path: Path) -> None:
    alice, bob = pair
    large = tmp_path / "large"
    large.write_bytes(BYTES * 100)
    bob.send(alice, title="7.5 MB", options=("--attach", str(large)))
    assert alice.gets("7.5 MB")["attachments"][0]["size"] == len(BYTES) * 100
    large.write_bytes(BYTES * 103)
    done = bob.console.run(
        "send_message", "bob", "--to", alice.user, "--title", "too large", "--attach", str(large)
    )
    assert done.returncode == 1
    assert "10 MB" in done.stderr
    assert bob.letter("too large") is None


def test_answers_are_of_one_conversation(pair: Pair) -> None:
    alice, bob = pair
    first = alice.send(bob, title="thread")
    bob.gets("thread")
    second = bob.send(alice, title="Re: thread", options=("--reply-to", first))
    alice.gets("Re: thread")
    alice.send(bob, title="Re: Re: thread", options=("--reply-to", second))
    bob.gets("Re: Re: thread")
    for person in pair:
        threads = person.console.ask(threads=person.username)["threads"]
        assert len({threads[t] for t in ("thread", "Re: thread", "Re: Re: thread")}) == 1
        assert threads["thread"] == first


def test_message_to_oneself_and_another_is_filed_once_for_each(pair: Pair) -> None:
    alice, bob = pair
    alice.send(alice, bob, title="to both of us")
    assert len(bob.gets("to both of us")["to"]) == 2
    assert [d["to"] for d in alice.delivered("to both of us")["deliveries"]] == [bob.user]


def test_contacts_are_listed_in_the_agreed_form(pair: Pair) -> None:
    alice, bob = pair
    alice.sees(bob, "mutual")
    [contact] = json.loads(alice.command("list_contacts", "alice", "--json"))
    assert contact == {
        "user": bob.user,
        "name": "Bob",
        "state": "mutual",
        "nodes": [bob.node_fingerprint],
    }


def test_status_has_the_agreed_form(pair: Pair) -> None:
    alice, bob = pair

    def in_step() -> dict[str, Any] | None:
        status = alice.status()  # her node may have called before bob's listened, and have failed
        [peer] = status["peers"]
        return status if (peer["behind"], peer["last_error"]) == (0, "") else None

    status = eventually(in_step, "alice's node has told all")
    lines = alice.journal()
    assert status.keys() == {"node", "lines", "last_line", "accounts", "resources", "peers"}
    assert (status["lines"], status["last_line"]) == (len(lines), lines[-1].partition("@")[0])
    assert (status["node"], status["resources"]) == (lines[0], len(lines) - 1)
    assert status["accounts"] == 1
    [peer] = status["peers"]
    assert peer.keys() == {
        "node", "addresses", "last_contact", "behind", "next_attempt", "last_error",
    }  # fmt: skip
    assert peer["node"] == bob.node_fingerprint
    assert peer["addresses"] == [f"ws://{bob.node.address}/sdmp"]
    assert _is_timestamp(peer["last_contact"])


def test_commands_while_the_nodes_run_reach_the_other_at_once(pair: Pair) -> None:
    alice, bob = pair
    alice.send(bob, title="first, so that a session is open")
    bob.gets("first, so that a session is open")
    # Without the wake-up each would wait for the next look, five seconds after the one before.
    times = []
    for number in range(4):
        began = time.monotonic()
        alice.send(bob, title=f"at once {number}")
        bob.gets(f"at once {number}")
        times.append(time.monotonic() - began)
    assert min(times[1:]) < 3, times


def test_command_as_a_process_of_its_own_reaches_the_other(pair: Pair) -> None:
    alice, bob = pair
    alice.node.command("send_message", "alice", "--to", bob.user, "--title", "from a command")
    bob.gets("from a command")
    listed = json.loads(bob.node.command("list_letters", "bob", "--json"))
    assert listed == bob.letters()


def test_journals_hold_and_nothing_went_wrong(pair: Pair) -> None:
    for person in pair:
        person.check_journal()
        log = person.node.read_log()
        assert "Traceback" not in log
        assert "rewritten" not in log
        assert "does not chain" not in log


def _without_date(letter: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in letter.items() if key != "date"}


def _is_timestamp(text: str) -> bool:
    return len(text) == 24 and text.endswith("Z") and text.startswith("20")
