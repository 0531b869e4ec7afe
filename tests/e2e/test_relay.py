"""A user's further nodes: a relay for people who can only dial out, and one to read on at work."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest

from tests.support.scenario import Cast, Person, befriend, eventually

pytestmark = pytest.mark.nodes


def let_serve(person: Person, host: Person, *powers: str, options: tuple[str, ...] = ()) -> None:
    """Let another node serve a person, and wait until the person's own node knows it agreed."""
    offer = host.file(f"{host.username}.offer", host.command("export_node"))
    person.command("authorise_node", person.username, offer, *powers)
    host.command("serve_user", "-", *options, stdin=person.card())
    there = host.node_fingerprint
    eventually(lambda: there in person.nodes(), f"{person.username} learns it agreed")


@pytest.mark.parametrize("shape", ["embedded", "grown"])
def test_two_who_only_dial_out_meet_at_a_relay(cast: Cast, shape: str) -> None:
    relay = cast.person("rita", shape)
    alice, bob = cast.person("alice", address=""), cast.person("bob", shape, address="")
    befriend(alice, bob)
    for person in (relay, alice, bob):
        person.node.start()
    let_serve(alice, relay, "--host-only")
    bob.add(alice)
    alice.send(bob, title="over the relay")
    bob.gets("over the relay")
    bob.send(alice, title="back over it")
    alice.gets("back over it")
    alice.delivered("over the relay")
    bob.delivered("back over it")
    for person in (relay, alice, bob):
        person.check_journal()
    assert json.loads(alice.command("export_node"))["ips"] == []
    assert relay.letters() == []


def test_relay_keeps_mail_for_one_who_is_away(cast: Cast) -> None:
    relay = cast.person("rita")
    alice, bob = cast.person("alice", address=""), cast.person("bob", address="")
    befriend(alice, bob)
    for person in (relay, alice, bob):
        person.node.start()
    let_serve(alice, relay, "--host-only")
    bob.add(alice)
    bob.sees(alice, "mutual")
    eventually(lambda: relay.node_fingerprint in _peers(bob), "bob's node talks to the relay")
    alice.node.stop()
    uri = bob.send(alice, title="while she is away")
    eventually(lambda: relay.holds(uri), "the relay keeps it")
    bob.delivered("while she is away", "handed")
    bob.node.stop()
    alice.node.start()
    alice.gets("while she is away")
    alice.node.stop()
    bob.node.start()
    bob.delivered("while she is away")


def _peers(person: Person) -> set[str]:
    return {peer["node"] for peer in person.status()["peers"] if peer["last_contact"]}


@pytest.fixture(scope="module")
def office(lasting_cast: Callable[[], Cast]) -> tuple[Person, Person, Person]:
    """Alice, Bob, and Alice at work, where she was let in after some mail had been exchanged."""
    cast = lasting_cast()
    alice, bob, work = cast.person("alice"), cast.person("bob"), cast.person("wendy")
    befriend(alice, bob)
    for person in (alice, bob, work):
        person.node.start()
    alice.send(bob, title="sent before")
    bob.send(alice, title="received before")
    alice.gets("received before")
    alice.delivered("sent before")
    account = ("--account", "alice.w", "--password-file", str(cast.password))
    let_serve(alice, work, options=account)
    return alice, bob, Person(work.node, "alice.w", alice.user, work.console)


def test_second_node_shows_what_is_received_and_sent_from_now_on(
    office: tuple[Person, Person, Person],
) -> None:
    alice, bob, work = office
    eventually(
        lambda: alice.node_fingerprint in _peers(work) and work.contacts().get(bob.user),
        "the node at work knows alice's contacts",
    )
    bob.sees(alice, "mutual")
    there = work.node_fingerprint
    eventually(lambda: there in bob.nodes_of(alice), "bob's node learns of it")
    bob.send(alice, title="to both nodes")
    alice.gets("to both nodes")
    work.gets("to both nodes")
    alice.send(bob, title="sent at home")
    shown = work.gets("sent at home")
    assert shown["from"] == alice.user
    work.delivered("sent at home")
    bob.delivered("to both nodes")


def test_second_node_sends_too(office: tuple[Person, Person, Person]) -> None:
    alice, bob, work = office
    work.sees(bob, "mutual")
    work.send(bob, title="sent at work")
    assert bob.gets("sent at work")["from"] == alice.user
    work.delivered("sent at work")
    assert alice.gets("sent at work")["from"] == alice.user
    alice.delivered("sent at work")


def test_each_node_learns_from_the_others_journal_what_that_one_has(
    office: tuple[Person, Person, Person],
) -> None:
    """By that mail of accounts with several nodes may go (`hosting.retention`)."""
    alice, bob, work = office
    eventually(lambda: _not_noted(alice) == 0, "alice's node learns it")
    eventually(lambda: _not_noted(work) == 0, "the node at work learns it")
    assert _not_noted(bob) > 0  # nobody's other node is noted there


def _not_noted(person: Person) -> int:
    """Count the sealed resources of a node of which it is not noted that another one has them."""
    query = (
        "SELECT count(*) FROM journal_resource WHERE kind = 'encrypted' AND payload IS NOT NULL "
        "AND id NOT IN (SELECT resource_id FROM journal_heldby)"
    )
    with closing(sqlite3.connect(person.node.data / "sdmpweb.sqlite3")) as database:
        [(number,)] = database.execute(query)
    return int(number)


def test_journals_of_all_hold(office: tuple[Person, Person, Person]) -> None:
    for person in office:
        person.check_journal()
        titles = person.titles()
        assert len(titles) == len(set(titles))


def test_account_that_is_only_hosted_is_not_read_here(cast: Cast) -> None:
    host, bob = cast.person("hilda"), cast.person("bob")
    kept = cast.account(host, "kim", "--host-only")
    full = cast.account(host, "fred")
    befriend(bob, full)
    bob.command("add_contact", "bob", "-", stdin=kept.card())
    done = host.console.run("add_contact", "kim", "-", stdin=bob.card())
    assert (done.returncode, done.stdout) == (1, "")
    assert "power" in done.stderr
    done = host.console.run("send_message", "kim", "--to", bob.user, "--title", "no")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "This node only keeps mail for the account and cannot send for it.\n"
    host.node.start()
    bob.node.start()
    uri = bob.command("send_message", "bob", "--to", kept.user, full.user, "--title", "x").strip()
    full.gets("x")
    assert host.holds(uri)
    assert kept.letters() == []
    [delivery] = [d for d in bob.letters()[0]["deliveries"] if d["to"] == kept.user]
    assert delivery["state"] in ("waiting", "handed")
