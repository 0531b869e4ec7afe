"""A third party passes on: Carol gets Alice's mail from Bob's node while Alice's is down."""

import pytest

from tests.support.scenario import Cast, Person, befriend, eventually

pytestmark = pytest.mark.nodes


@pytest.mark.parametrize("shape", ["embedded", "grown"])
def test_mail_goes_by_way_of_a_common_friend(cast: Cast, shape: str) -> None:
    alice, bob, carol = (cast.person(name, shape) for name in ("alice", "bob", "carol"))
    befriend(alice, bob, carol)
    for person in (alice, bob, carol):
        person.node.start()
    for person in (alice, bob, carol):
        person.send(title=f"hello from {person.username}")
    for person in (alice, bob, carol):
        for other in (alice, bob, carol):
            person.gets(f"hello from {other.username}")
            if other is not person:
                person.sees(other, "mutual")
    # What the three know of each other has to be on Bob's node before Alice's goes away.
    eventually(lambda: _same(bob, alice) and _same(bob, carol), "bob's node knows what they know")

    carol.node.stop()
    letter = alice.send(carol, title="for carol alone")
    notice = alice.send(title="for all")
    bob.gets("for all")
    eventually(lambda: bob.holds(letter), "bob's node keeps what is for carol")
    assert bob.letter("for carol alone") is None
    alice.node.stop()
    carol.node.start()
    assert carol.gets("for carol alone")["resource"] == letter
    assert carol.gets("for all")["resource"] == notice
    carol.send(alice, title="thank you")
    eventually(lambda: bob.holds(_receipts(carol)[-1]), "bob's node keeps what is for alice")
    carol.node.stop()
    alice.node.start()
    alice.gets("thank you")
    alice.delivered("for carol alone")
    for person in (alice, bob, carol):
        person.check_journal()
        assert len(person.titles()) == len(set(person.titles()))


def _same(one: Person, other: Person) -> bool:
    return {line.partition("@")[2] for line in other.journal()} <= {
        line.partition("@")[2] for line in one.journal()
    }


def _receipts(person: Person) -> list[str]:
    """List the resources of a person in the journal of their node, as URIs."""
    return [
        "sdmp://" + line.partition("@")[2]
        for line in person.journal()
        if f"@{person.user}/" in line
    ]
