"""What a peer is given."""

from typing import Any

import pytest

from journal.answers import Given, give, lines_after, lines_since, news_for, told_until
from journal.models import Resource
from journal.publish import publish
from journal.revoke import revoke
from nodes.models import Peer
from nodes.peers import get_peer
from sdmp import limits
from sdmp.traffic import Reference
from tests.support.cast import ALICE, BOB, CAROL, DESK, EVIL, LAPTOP, RELAY, TABLET, Node
from tests.support.world import ANOTHER, World, notice


def reference(row: Resource) -> Reference:
    return row.author, row.identifier


def given(world: World, *wanted: Reference, to: Node = DESK) -> Given:
    return give(wanted, node=to.fingerprint, here=world.here, facts=world.facts, now=world.now)


def found(answer: Given) -> list[str]:
    return [envelope.identifier for envelope in answer.resources]


def test_lines_stand_as_in_the_journal(world: World) -> None:
    journal = world.journal()
    assert lines_after(1) == journal[1:]
    assert lines_after(3, 2) == journal[3:5]
    assert lines_after(len(journal)) == []


def test_lines_since_a_line(world: World) -> None:
    journal = world.journal()
    assert lines_since(LAPTOP.fingerprint, None) == (1, journal[1:])
    third = journal[2].partition("@")[0]
    assert lines_since(third, 1) == (3, journal[3:4])
    assert lines_since(third, 10**9) == (3, journal[3:])
    assert lines_since(ANOTHER, None) is None


def test_at_most_5000_lines_are_given(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert limits.JOURNAL_LINES == 5000
    monkeypatch.setattr(limits, "JOURNAL_LINES", 2)
    found = lines_since(LAPTOP.fingerprint, 3)
    assert found is not None
    assert len(found[1]) == 2


def test_news_is_told_once(world: World) -> None:
    peer = get_peer(DESK.fingerprint)
    assert news_for(peer) == (LAPTOP.fingerprint, world.journal()[1:])
    last = world.journal()[-1].partition("@")[0]
    assert news_for(peer) == (last, [])
    publish(ALICE.fingerprint, {"message": "x"}, now=world.now)
    assert news_for(peer) == (last, world.journal()[-1:])
    assert Peer.objects.get().sent_position == len(world.journal())


def test_two_sessions_do_not_tell_the_same_twice(world: World) -> None:
    one, other = get_peer(DESK.fingerprint), get_peer(DESK.fingerprint)
    assert news_for(one)[1]
    assert news_for(other)[1] == []


def test_what_an_answer_told_is_not_told_again(world: World) -> None:
    peer = get_peer(DESK.fingerprint)
    told_until(peer, 4)
    assert Peer.objects.get().sent_position == 4
    told_until(peer, 2)
    assert Peer.objects.get().sent_position == 4


def test_what_there_is_is_given_in_the_order_asked(world: World) -> None:
    world.know(DESK)
    rows = [publish(ALICE.fingerprint, {"message": str(n)}, now=world.now) for n in range(3)]
    answer = given(world, *(reference(row) for row in reversed(rows)))
    assert found(answer) == [row.identifier for row in reversed(rows)]
    assert answer.handed == found(answer)
    assert answer.not_found == []
    assert answer.resources[0] == rows[2].envelope()


def test_what_one_may_not_have_looks_as_if_it_were_not_there(world: World) -> None:
    world.know(DESK)
    world.enrol(CAROL)
    secret = publish(CAROL.fingerprint, {"message": "not for Bob"}, now=world.now)
    forbidden, absent = reference(secret), (CAROL.fingerprint, ANOTHER)
    one, other = given(world, forbidden), given(world, absent)
    assert one.not_found == [forbidden]
    assert other.not_found == [absent]
    assert (one.resources, one.handed, one.size) == (other.resources, other.handed, other.size)


def test_a_resource_is_found_under_its_author_alone(world: World) -> None:
    world.know(DESK)
    row = publish(ALICE.fingerprint, {"message": "x"}, now=world.now)
    wrong = (BOB.fingerprint, row.identifier)
    assert given(world, wrong).not_found == [wrong]
    identity = (ALICE.fingerprint, "")
    assert given(world, identity).not_found == [identity]


@pytest.mark.parametrize(
    ("kind", "owner", "friend", "stranger"),
    [
        ("identity", True, True, True),
        ("revoke", True, True, True),
        ("message", True, True, False),
        ("user", True, True, False),
        ("node", True, True, False),
        ("schema", True, True, False),
    ],
)
def test_who_may_have_what(
    world: World, kind: str, owner: bool, friend: bool, stranger: bool
) -> None:
    """`owner` is another node of Alice's, `friend` one of Bob's whom she knows."""
    sections: dict[str, dict[str, Any]] = {
        "message": {"message": "x"},
        "user": {"user": {"name": "Alice A."}},
        "node": {"node": {"ips": [], "urls": []}},
        "schema": {"schema": {}},
    }
    world.know(DESK)
    world.accept(RELAY.authorisation(), RELAY.identity())
    world.accept(*EVIL.credentials(ALICE))
    if kind in sections:
        row = publish(ALICE.fingerprint, sections[kind], now=world.now)
    elif kind == "identity":
        row = Resource.objects.filter(author=ALICE.fingerprint, kind="identity")[0]
    else:
        gone = publish(ALICE.fingerprint, {"message": "x"}, now=world.now)
        row = revoke(gone.uri, now=world.now)
    answers = [bool(given(world, reference(row), to=node).resources) for node in
               (RELAY, DESK, EVIL)]  # fmt: skip
    assert answers == [owner, friend, stranger]


def test_a_trust_is_for_those_whom_it_is_about(world: World) -> None:
    world.know(DESK)
    world.accept(*EVIL.credentials(ALICE))
    trust = Resource.objects.get(author=ALICE.fingerprint, kind="trust", subject=BOB.fingerprint)
    for_node = Resource.objects.get(identifier=LAPTOP.authorisation().identifier)
    for_evil = ALICE.trust(EVIL.owner)
    assert found(given(world, reference(trust))) == [trust.identifier]
    assert found(given(world, reference(trust), to=EVIL)) == []
    assert found(given(world, reference(for_node))) == [for_node.identifier]
    assert found(given(world, reference(for_node), to=EVIL)) == []
    world.accept(for_evil)
    wanted = (ALICE.fingerprint, for_evil.identifier)
    assert found(given(world, wanted, to=EVIL)) == [for_evil.identifier]


def test_the_right_follows_the_trust(world: World) -> None:
    world.know(DESK)
    row = publish(ALICE.fingerprint, {"message": "x"}, now=world.now)
    trust = Resource.objects.get(author=ALICE.fingerprint, kind="trust", subject=BOB.fingerprint)
    assert found(given(world, reference(row)))
    revoke(trust.uri, now=world.now)
    assert not found(given(world, reference(row)))


def test_a_third_party_s_resource_is_passed_on_to_whom_it_is_for(world: World) -> None:
    """Carol, whom Bob trusts and who knows Alice, gets Bob's notice from Alice's node."""
    world.know(DESK)
    world.know(TABLET)
    post = notice()
    world.accept(post)
    wanted = (BOB.fingerprint, post.identifier)
    assert found(given(world, wanted, to=TABLET)) == []
    world.accept(BOB.trust(CAROL))
    assert found(given(world, wanted, to=TABLET)) == [post.identifier]


def test_a_revocation_takes_the_place_of_its_target(world: World) -> None:
    world.know(DESK)
    row = publish(ALICE.fingerprint, {"message": "x"}, now=world.now)
    revocation = revoke(row.uri, now=world.now)
    answer = given(world, reference(row))
    assert found(answer) == [revocation.identifier]
    assert answer.not_found == []


def test_a_message_that_was_revoked_does_not_count_as_handed_over(world: World) -> None:
    world.know(DESK)
    row = publish(ALICE.fingerprint, {"message": "x"}, now=world.now)
    revocation = revoke(row.uri, now=world.now)
    assert given(world, reference(row)).handed == [revocation.identifier]


def test_an_ended_trust_is_followed_by_its_revocation(world: World) -> None:
    world.know(DESK)
    world.accept(ALICE.trust(BOB))
    extra = Resource.objects.get(identifier=ALICE.trust(BOB).identifier)
    revocation = revoke(extra.uri, now=world.now)
    assert found(given(world, reference(extra))) == [extra.identifier, revocation.identifier]


def big(world: World, size: int) -> Resource:
    return publish(ALICE.fingerprint, {"message": "x" * size}, now=world.now)


def test_an_answer_has_at_most_8_mib_and_the_rest_is_in_neither_list(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert limits.BATCH_BYTES == 8 * 1024 * 1024
    monkeypatch.setattr(limits, "BATCH_BYTES", 6000)
    world.know(DESK)
    rows = [big(world, 1500 + number) for number in range(4)]
    missing = (ALICE.fingerprint, ANOTHER)
    answer = given(world, missing, *(reference(row) for row in rows), missing)
    assert found(answer) == [row.identifier for row in rows[: len(answer.resources)]]
    assert 1 <= len(answer.resources) < 4
    assert answer.size <= 6000
    assert answer.not_found == [missing]  # the last was not looked at any more


def test_the_first_is_given_whatever_its_size(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BATCH_BYTES", 1000)
    world.know(DESK)
    large, other = big(world, 5000), big(world, 10)
    assert found(given(world, reference(large), reference(other))) == [large.identifier]
