"""How people come to know each other and part: requests, late comers, withdrawal, revocation."""

import json

import pytest

from tests.support.scenario import Cast, Person, befriend, eventually

pytestmark = pytest.mark.nodes


def started(cast: Cast, *names: str) -> list[Person]:
    """Make people whose nodes run."""
    people = [cast.person(name) for name in names]
    for person in people:
        person.node.start()
    return people


def test_request_is_kept_and_can_be_accepted(cast: Cast) -> None:
    alice, carol = started(cast, "alice", "carol")
    carol.add(alice)
    alice.sees(carol, "request")
    carol.sees(alice, "given")
    carol.send(alice, title="may I?")
    [request] = json.loads(alice.command("list_contacts", "alice", "--json"))
    assert (request["user"], request["state"]) == (carol.user, "request")
    alice.node.stop()
    alice.node.start()
    alice.sees(carol, "request")
    assert carol.command("link_peers").strip().endswith("does not let us in yet.")
    assert alice.letters() == []
    assert carol.user not in "".join(alice.journal())
    alice.add(carol, name="Carol")
    alice.sees(carol, "mutual")
    carol.sees(alice, "mutual")
    alice.gets("may I?")
    carol.delivered("may I?")


def test_one_who_is_wanted_later_is_fetched_in_full(cast: Cast) -> None:
    alice, bob = started(cast, "alice", "bob")
    befriend(alice, bob)
    dora = cast.account(alice, "dora", "--name", "Dora D.")
    for number in range(3):
        dora.send(title=f"notice {number}")
    alice.send(bob, title="after dora's")
    bob.gets("after dora's")  # so dora's lines have been passed over
    assert dora.user not in "".join(bob.journal())
    bob.add(dora)
    dora.sees(bob, "request")
    dora.add(bob)
    for number in range(3):
        bob.gets(f"notice {number}")
    bob.sees(dora, "mutual")

    def whole() -> bool:
        hers = [line.partition("@")[2] for line in alice.journal() if f"@{dora.user}/" in line]
        return set(hers) == {
            line.partition("@")[2] for line in bob.journal() if f"@{dora.user}/" in line
        }

    eventually(whole, "bob's node has all that dora published")
    bob.send(dora, title="hello dora")
    dora.gets("hello dora")
    bob.delivered("hello dora")


def test_contact_withdrawn_learns_of_it_and_gets_nothing_more(cast: Cast) -> None:
    alice, bob = started(cast, "alice", "bob")
    befriend(alice, bob)
    alice.send(bob, title="before")
    bob.gets("before")
    alice.command("withdraw_trust", "alice", bob.user)
    bob.sees(alice, "given")
    alice.sees(bob, "request")
    later = alice.send(title="not for bob")
    assert "does not let us in" in bob.command("link_peers")
    assert not bob.holds(later)
    bob.send(alice, title="to one who left")
    assert "does not let us in" in bob.command("link_peers")
    assert alice.letter("to one who left") is None
    assert bob.letter("before") is not None
    done = alice.console.run("send_message", "alice", "--to", bob.user, "--title", "no")
    assert (done.returncode, done.stdout) == (1, "")
    alice.add(bob)  # and they make up again
    bob.sees(alice, "mutual")
    bob.gets("not for bob")
    alice.gets("to one who left")


def test_contact_withdrawn_while_away_learns_of_it_later(cast: Cast) -> None:
    alice, bob = started(cast, "alice", "bob")
    befriend(alice, bob)
    alice.send(bob, title="before")
    alice.delivered("before")
    bob.node.stop()
    alice.command("withdraw_trust", "alice", bob.user)
    bob.node.start()
    bob.sees(alice, "given")


def test_notice_is_not_for_one_whose_node_has_it_for_another(cast: Cast) -> None:
    alice, bob = started(cast, "alice", "bob")
    bella = cast.account(bob, "bella")
    befriend(alice, bob)
    befriend(alice, bella)
    alice.send(title="for both")
    bob.gets("for both")
    bella.gets("for both")
    alice.command("withdraw_trust", "alice", bob.user)
    bob.sees(alice, "given")
    alice.send(title="for bella")
    alice.send(bella, title="and a letter")
    bella.gets("for bella")
    bella.gets("and a letter")
    assert bob.titles() == ["for both"]
    alice.add(bob)
    bob.gets("for bella")
    assert "and a letter" not in bob.titles()


def test_revoked_message_is_gone_from_the_journals_of_both(cast: Cast) -> None:
    alice, bob = started(cast, "alice", "bob")
    befriend(alice, bob)
    uri = alice.send(bob, title="taken back")
    notice = alice.send(title="taken back too")
    alice.delivered("taken back")
    bob.gets("taken back too")
    for revoked in (uri, notice):
        alice.command("revoke", revoked)
    for person in (alice, bob):
        eventually(
            lambda p=person: "2 resources revoked and removed" in p.command("verify_journal"),  # type: ignore[misc]
            f"{person.username}'s node has removed both",
        )
        assert person.holds(uri)  # the line stays
        person.check_journal()
        assert {letter["resource"] for letter in person.letters()} == {uri, notice}
        eventually(
            lambda p=person: not any(one["title"] + one["body"] for one in p.letters()),  # type: ignore[misc]
            f"{person.username}'s letters are empty",
        )
    for again in (uri, notice):
        assert bob.console.run("revoke", again).returncode == 1


def test_node_may_not_revoke_what_is_not_its_own(cast: Cast) -> None:
    alice, bob = started(cast, "alice", "bob")
    befriend(alice, bob)
    uri = alice.send(bob, title="hers")
    bob.gets("hers")
    done = bob.console.run("revoke", uri)
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert "0 resources revoked" in bob.command("verify_journal")


def test_node_withdrawn_serves_no_more(cast: Cast) -> None:
    alice, bob, relay = started(cast, "alice", "bob", "rita")
    befriend(alice, bob)
    offer = alice.file("offer", relay.command("export_node"))
    alice.command("authorise_node", "alice", offer, "--host-only")
    relay.command("serve_user", "-", stdin=alice.card())
    there = relay.node_fingerprint
    eventually(lambda: there in alice.nodes(), "alice's node learns that the relay agreed")
    eventually(lambda: there in bob.nodes_of(alice), "bob's node learns of the relay")
    alice.command("withdraw_trust", "alice", there)
    assert there not in alice.nodes()
    eventually(lambda: there not in bob.nodes_of(alice), "bob's node learns that it left")
    uri = alice.send(bob, title="without the relay")
    bob.gets("without the relay")
    assert not relay.holds(uri)
