"""A node gets a new key: nothing is lost, and its peers, which go on running, follow."""

import time

import pytest

from tests.support.scenario import Cast, Person, befriend, eventually

pytestmark = pytest.mark.nodes


def renew_key(person: Person) -> str:
    """Give a node a new key while it is down; return what it was before."""
    before = person.node_fingerprint
    said = eventually(lambda: person.console.run("renew_node_key").stdout, "no process runs", 30)
    assert said.split() == ["node", person.node_fingerprint]
    assert person.node_fingerprint != before
    return before


def exchange(alice: Person, bob: Person, word: str) -> None:
    """Write both ways, and wait for the receipts."""
    alice.send(bob, title=f"{word} from Alice")
    bob.send(alice, title=f"{word} from Bob")
    alice.gets(f"{word} from Bob")
    bob.gets(f"{word} from Alice")
    alice.delivered(f"{word} from Alice")
    bob.delivered(f"{word} from Bob")


@pytest.mark.parametrize(("shape", "called"), [("grown", True), ("embedded", False)])
def test_a_peer_follows_and_nothing_is_lost(cast: Cast, shape: str, called: bool) -> None:
    """Bob's node can be called by Alice's, or only calls it and means the key that it knows."""
    away = {} if called else {"address": ""}
    alice, bob = cast.person("alice", shape), cast.person("bob", **away)
    befriend(alice, bob)
    alice.node.start()
    bob.node.start()
    exchange(alice, bob, "before")
    running = alice.console.run("renew_node_key")
    assert (running.returncode, running.stdout) == (1, "")
    assert "runs" in running.stderr
    alice.node.stop()
    bob.send(alice, title="meanwhile from Bob")
    alice.send(bob, title="meanwhile from Alice")
    before = renew_key(alice)
    alice.send(bob, title="by the new key")
    alice.node.start()
    alice.gets("meanwhile from Bob")
    bob.gets("meanwhile from Alice")
    bob.gets("by the new key")
    exchange(alice, bob, "after")
    bob.delivered("meanwhile from Bob")
    alice.delivered("by the new key")
    assert alice.node_fingerprint in bob.nodes_of(alice)
    for person in (alice, bob):
        person.check_journal()
        assert len(person.titles()) == len(set(person.titles())) == 7
    assert alice.journal()[0] == alice.node_fingerprint != before
    assert "rewritten" not in bob.node.read_log()


@pytest.mark.parametrize("seconds", [0.05, 0.3])
def test_killed_at_any_moment_it_has_the_old_key_or_the_new(cast: Cast, seconds: float) -> None:
    alice = cast.person("alice")
    alice.send(title="said before")
    alice.console.begin(arguments=["renew_node_key"], stdin="")
    time.sleep(seconds)
    alice.console.kill()
    again = Person(alice.node, "alice", alice.user, cast.console(alice.node))
    again.check_journal()
    assert again.journal()[0] == again.node_fingerprint
    again.send(title="said after")
    assert sorted(again.titles()) == ["said after", "said before"]


def test_an_account_that_lets_no_trusts_be_made_is_asked_for_first(cast: Cast) -> None:
    alice = cast.person("alice")
    cast.account(alice, "kim", "--host-only")
    done = alice.console.run("renew_node_key")
    assert (done.returncode, done.stdout) == (1, "")
    assert "recovery phrase: kim." in done.stderr
    said = alice.command("renew_node_key", "--now")
    assert "waiting for the recovery phrase: kim" in said
    eventually(lambda: alice.node_fingerprint in alice.nodes(), "alice's card shows the new key")
