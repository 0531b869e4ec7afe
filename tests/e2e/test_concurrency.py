"""Processes that publish and accept at once neither fork nor skip the journal."""

import json
import time

import pytest

from tests.support.scenario import Cast, check_lines

pytestmark = pytest.mark.nodes
MESSAGES = 40


@pytest.mark.parametrize("shape", ["embedded", "grown"])
def test_journal_is_one_whoever_writes(cast: Cast, shape: str) -> None:
    """Two processes publish and two accept the same resources, in the database of one node."""
    alice, bob = cast.person("alice", shape), cast.person("bob")
    alice.add(bob)
    bob.add(alice)
    bob.console.ask(send=MESSAGES, username="bob", to=[alice.user], title="x", pause=0)
    identifiers = [line.rpartition("/")[2] for line in bob.journal()[1:]]
    foreign = bob.console.ask(resources=identifiers)["resources"]
    before = alice.journal()

    writers = [cast.console(alice.node) for _ in range(4)]
    for writer in writers:
        writer.command("status")  # all have started before any begins
    for number, writer in enumerate(writers[:2]):
        title = f"from process {number}"
        writer.begin(send=MESSAGES, username="alice", to=[bob.user], title=title, pause=0)
    together = time.time() + 1.0
    writers[2].begin(accept=foreign, size=1, together=together)
    writers[3].begin(
        accept=foreign[::-1], size=3, together=together
    )  # from the other end: they meet
    answers = [writer.finish() for writer in writers]

    sent = answers[0]["sent"] + answers[1]["sent"]
    assert len(set(sent)) == 2 * MESSAGES
    accepted = answers[2]["accepted"] + answers[3]["accepted"]
    assert len(accepted) == len(set(accepted)), "both processes wrote the same resource"
    assert {**answers[2]["refused"], **answers[3]["refused"]} == {}
    assert len(answers[2]["accepted"]) < len(accepted), "the processes did not work at once"
    lines = alice.journal()
    check_lines(lines)
    alice.check_journal()
    assert lines[: len(before)] == before
    added = [line.rpartition("/")[2] for line in lines[len(before) :]]
    assert sorted(added) == sorted([*accepted, *(uri.rpartition("/")[2] for uri in sent)])
    assert set(identifiers) <= {line.rpartition("/")[2] for line in lines}
    assert alice.status()["lines"] == len(lines)


@pytest.mark.parametrize("shape", ["embedded", "grown"])
def test_contact_made_by_two_processes_at_once_is_one(cast: Cast, shape: str) -> None:
    alice, bob = cast.person("alice", shape), cast.person("bob")
    writers = [cast.console(alice.node) for _ in range(3)]
    for writer in writers:
        writer.command("status")
    card = bob.card()
    for writer in writers:
        writer.begin(arguments=["add_contact", "alice", "-"], stdin=card)
    answers = [writer.finish() for writer in writers]
    assert [answer["status"] for answer in answers] == [0, 0, 0], answers
    assert {json.loads(answer["stdout"])["user"] for answer in answers} == {bob.user}
    assert alice.contacts() == {bob.user: "given"}
    alice.check_journal()
    authored = [line for line in alice.journal() if f"@{alice.user}/" in line]
    assert len(authored) == 6  # the five of an account, and one trust
