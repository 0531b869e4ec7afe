"""The paperwork of a session, against a peer that says what it is told to."""

from typing import Any

import pytest

from journal import answers, wanted
from journal.credentials import credentials_for
from journal.desk import Desk, Plan
from journal.models import DropCount, Resource, Wanted
from journal.publish import publish
from journal.revoke import revoke
from journal.trusts import trust_user, withdraw
from mail.models import Delivery
from mail.send import send
from nodes.models import ContactRequest, Farewell
from nodes.models import Peer as PeerRow
from nodes.peers import note_failure
from sdmp import limits, traffic
from sdmp.errors import Malformed, NotAuthorised, SdmpError
from sdmp.lines import make_line
from sdmp.resource import read_resource
from sdmp.signature import read_envelope
from tests.support.cast import ALICE, BOB, CAROL, DESK, EVIL, FULL, MALLORY, TABLET, Node
from tests.support.world import (
    ANOTHER,
    Peer,
    World,
    card_resources,
    heard,
    letter_to,
    notice,
    receipt_for,
    shown,
    signed,
)


@pytest.fixture
def desk(world: World) -> Desk:
    """Our desk in an open session with Bob's, where all is told."""
    world.know(DESK)
    opened = Desk(DESK.fingerprint, world_credentials(world))
    opened.begin()
    return opened


def world_credentials(world: World) -> list[Any]:
    return credentials_for(DESK.fingerprint, here=world.here, facts=world.facts, now=world.now)


@pytest.fixture
def peer() -> Peer:
    """Bob's desk."""
    return Peer(DESK)


def row() -> PeerRow:
    return PeerRow.objects.get(fingerprint=DESK.fingerprint)


def only(plan: Plan) -> Any:
    [message] = heard(plan)
    return message


def request_in(plan: Plan) -> Any:
    """The one request of a plan, news of our journal left out."""
    [message] = [each for each in heard(plan) if not isinstance(each, traffic.Broadcast)]
    return message


# Telling


def test_the_first_thing_said_is_a_broadcast(world: World) -> None:
    world.know(DESK)
    note_failure(DESK.fingerprint, "nothing listens there", world.now, world.now)
    plan = Desk(DESK.fingerprint, world_credentials(world)).begin()
    first = heard(plan)[0]
    assert isinstance(first, traffic.Broadcast)
    assert first.since == world.here
    assert list(first.entries) == world.journal()[1:]
    assert (row().failures, row().last_error) == (0, "")
    assert row().last_contact is not None


def test_it_is_empty_when_there_is_nothing_new(world: World, desk: Desk) -> None:
    again = Desk(DESK.fingerprint, world_credentials(world))
    last = world.journal()[-1].partition("@")[0]
    assert heard(again.begin()) == [traffic.Broadcast(last, ())]
    assert heard(again.plan()) == []  # and said once


def test_traffic_is_signed_for_a_user_through_whom_we_may_talk(world: World) -> None:
    world.enrol(CAROL)
    world.know(DESK)
    plan = Desk(DESK.fingerprint).begin()
    for data in plan.send:
        resource = read_resource(read_envelope(data), traffic=True)
        if resource.kind == "broadcast":
            assert (resource.user, resource.signer) == (ALICE.fingerprint, world.here)


def test_news_is_told(world: World, desk: Desk) -> None:
    publish(ALICE.fingerprint, {"message": "x"}, now=world.now)
    message = only(desk.plan())
    assert isinstance(message, traffic.Broadcast)
    assert list(message.entries) == world.journal()[-1:]
    assert heard(desk.plan()) == []


def test_much_news_is_told_in_parts(
    world: World, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "JOURNAL_LINES", 2)
    monkeypatch.setattr(answers.lines_after, "__defaults__", (2,))
    for number in range(5):
        publish(ALICE.fingerprint, {"message": str(number)}, now=world.now)
    told = heard(desk.plan())
    parts = [message.entries for message in told if isinstance(message, traffic.Broadcast)]
    assert [len(part) for part in parts] == [2, 2, 1]
    assert [line for part in parts for line in part] == world.journal()[-5:]


def test_a_request_for_lines_is_answered(world: World, desk: Desk, peer: Peer) -> None:
    answer = only(desk.handle(peer.ask_journal(world.here, 3)))
    assert (answer.status, answer.identifier) == ("ok", "r1")
    assert list(answer.data.entries) == world.journal()[1:4]
    assert answer.data.since == world.here
    unknown = only(desk.handle(peer.ask_journal(ANOTHER)))
    assert (unknown.status, unknown.data) == ("not_found", None)


def test_a_batch_is_answered_and_counts_as_handed(world: World, desk: Desk, peer: Peer) -> None:
    post = publish(ALICE.fingerprint, {"message": "x"}, now=world.now)
    plan = desk.handle(peer.ask((ALICE.fingerprint, post.identifier), (ALICE.fingerprint, ANOTHER)))
    answer = only(plan)
    assert isinstance(answer.data, traffic.Batch)
    assert [read_envelope(value) for value in answer.data.resources] == [
        Resource.objects.get(pk=post.pk).envelope()
    ]
    assert answer.data.not_found == ((ALICE.fingerprint, ANOTHER),)
    assert plan.handed == [post.identifier]


def test_one_is_answered_by_itself(world: World, desk: Desk, peer: Peer) -> None:
    post = publish(ALICE.fingerprint, {"message": "x"}, now=world.now)
    answer = only(desk.handle(peer.ask_one(ALICE.fingerprint, post.identifier)))
    assert isinstance(answer.data, traffic.One)
    revocation = revoke(post.uri, now=world.now)
    answer = only(desk.handle(peer.ask_one(ALICE.fingerprint, post.identifier)))
    assert answer.data.resource["signature"]["identifier"] == revocation.identifier
    answer = only(desk.handle(peer.ask_one(ALICE.fingerprint, ANOTHER)))
    assert (answer.status, answer.data) == ("not_found", None)


def test_handing_over_shows_in_the_delivery(world: World, desk: Desk, peer: Peer) -> None:
    uri = send(world.alice, to=[BOB.fingerprint], body="Hello")
    plan = desk.handle(peer.ask((ALICE.fingerprint, uri.rpartition("/")[2])))
    assert Delivery.objects.get().state == "waiting"  # not yet: it is still to be sent
    desk.handed(plan.handed)
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.node) == ("handed", DESK.fingerprint)


def test_a_node_of_somebody_else_takes_over_nothing(world: World, desk: Desk) -> None:
    uri = send(world.alice, to=[BOB.fingerprint], body="Hello")
    world.know(TABLET)
    Desk(TABLET.fingerprint).handed([uri.rpartition("/")[2]])
    assert Delivery.objects.get().state == "waiting"


# Hearing


def test_what_is_new_is_asked_for_and_accepted(world: World, desk: Desk, peer: Peer) -> None:
    posts = [notice(text=str(number)) for number in range(3)]
    peer.write(*posts)
    request = only(desk.handle(peer.broadcast()))
    assert request.wanted == tuple((BOB.fingerprint, post.identifier) for post in posts)
    desk.handle(peer.give(request))
    held = world.our_resources(author=BOB.fingerprint, kind="message")
    assert [post.identifier for post in posts] == [one.identifier for one in held]
    assert not Wanted.objects.exists()
    assert row().known_line == peer.lines[-1]


def test_strangers_lines_are_passed_over(world: World, desk: Desk, peer: Peer) -> None:
    peer.write(notice(EVIL))
    assert heard(desk.handle(peer.broadcast())) == []
    assert Wanted.objects.get().passed_over


def test_one_request_at_a_time(world: World, desk: Desk, peer: Peer) -> None:
    peer.write(notice(text="1"))
    first = only(desk.handle(peer.broadcast()))
    peer.write(notice(text="2"))
    assert heard(desk.handle(peer.broadcast(2))) == []
    second = request_in(desk.handle(peer.give(first)))
    assert len(second.wanted) == 1


def test_a_gap_is_filled_by_asking(world: World, desk: Desk, peer: Peer) -> None:
    posts = [notice(text=str(number)) for number in range(3)]
    peer.write(*posts)
    request = only(desk.handle(peer.broadcast(3)))
    assert isinstance(request, traffic.RequestJournal)
    assert request.since == DESK.fingerprint
    assert request.limit == limits.JOURNAL_LINES
    peer.serve(desk, desk.handle(peer.read_out(request)))
    assert len(world.our_resources(author=BOB.fingerprint, kind="message")) == 3


def test_the_journal_is_asked_for_once(world: World, desk: Desk, peer: Peer) -> None:
    peer.write(notice(text="1"), notice(text="2"))
    assert len(heard(desk.handle(peer.broadcast(2)))) == 1
    assert heard(desk.handle(peer.broadcast(2))) == []


def test_a_broadcast_that_does_not_chain_is_asked_about(
    world: World, desk: Desk, peer: Peer
) -> None:
    peer.write(notice())
    broken = make_line(ANOTHER, BOB.fingerprint, ANOTHER)
    request = only(desk.handle(peer.broadcast(1, [broken])))
    assert isinstance(request, traffic.RequestJournal)
    assert row().known_position == 1


def test_a_long_journal_is_read_in_parts(
    world: World, desk: Desk, peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "JOURNAL_LINES", 2)
    peer.write(*(notice(text=str(number)) for number in range(5)))
    peer.serve(desk, desk.handle(peer.broadcast(4)))
    assert row().known_position == 6
    assert len(world.our_resources(author=BOB.fingerprint, kind="message")) == 5


def test_a_full_list_of_wishes_is_read_on_when_it_is_empty(
    world: World, desk: Desk, peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "WANTED_LINES", 2)
    monkeypatch.setattr(limits, "JOURNAL_LINES", 2)
    peer.write(*(notice(text=str(number)) for number in range(5)))
    peer.serve(desk, desk.handle(peer.broadcast(4)))
    assert len(world.our_resources(author=BOB.fingerprint, kind="message")) == 5


# Rewritten journals (§8)


@pytest.fixture
def read(world: World, desk: Desk, peer: Peer) -> Peer:
    """Bob's desk, whose journal we have read to the end."""
    peer.write(notice(text="1"), notice(text="2"))
    peer.serve(desk, desk.handle(peer.broadcast()))
    return peer


def test_a_rewritten_journal_is_read_from_line_1(world: World, desk: Desk, read: Peer) -> None:
    again = Peer(DESK)
    again.write(notice(text="3"), notice(text="4"), notice(text="5"))
    said = again.serve(desk, desk.handle(again.broadcast(3)))
    asked = [message.since for message in said if isinstance(message, traffic.RequestJournal)]
    assert asked == [read.lines[-1].partition("@")[0], DESK.fingerprint]
    assert row().rewritten is not None
    assert row().known_line == again.lines[-1]
    assert len(world.our_resources(author=BOB.fingerprint, kind="message")) == 5


def test_one_whose_answer_does_not_chain_is_read_again_once(
    world: World, desk: Desk, read: Peer
) -> None:
    request = only(desk.handle(read.broadcast(1, [])))
    broken = make_line(ANOTHER, BOB.fingerprint, ANOTHER)

    def lie(asked: traffic.RequestJournal) -> Plan:
        section = traffic.answer_journal(asked.identifier, asked.since, [broken])
        return desk.handle(read.answer(section))

    second = only(lie(request))
    assert second.since == DESK.fingerprint
    assert heard(lie(second)) == []
    assert heard(desk.handle(read.broadcast(2))) == []  # it has been given up
    assert len(world.our_resources(author=BOB.fingerprint, kind="message")) == 2


# Answers


def test_what_nobody_asked_for_is_ignored(world: World, desk: Desk, peer: Peer) -> None:
    post = notice()
    section = traffic.answer_batch("never asked", [post], [])
    assert heard(desk.handle(peer.answer(section))) == []
    assert not Resource.objects.filter(identifier=post.identifier).exists()
    lines = traffic.answer_journal("never asked", DESK.fingerprint, peer.lines[1:])
    assert heard(desk.handle(peer.answer(lines))) == []


def test_what_comes_beside_what_was_asked_for_is_dropped(
    world: World, desk: Desk, peer: Peer
) -> None:
    post, beside = notice(text="asked"), notice(text="beside")
    peer.write(post)
    request = only(desk.handle(peer.broadcast()))
    desk.handle(peer.answer(traffic.answer_batch(request.identifier, [beside, post])))
    assert Resource.objects.filter(identifier=post.identifier).exists()
    assert not Resource.objects.filter(identifier=beside.identifier).exists()


def test_an_answer_of_another_kind_ends_the_session(world: World, desk: Desk, peer: Peer) -> None:
    peer.write(notice())
    request = only(desk.handle(peer.broadcast()))
    section = traffic.answer_journal(request.identifier, DESK.fingerprint, [])
    with pytest.raises(Malformed):
        desk.handle(peer.answer(section))


def test_a_revocation_counts_as_asked_for(world: World, desk: Desk, peer: Peer) -> None:
    post = notice()
    peer.write(post)
    request = only(desk.handle(peer.broadcast()))
    revocation = BOB.revocation(post)
    desk.handle(peer.answer(traffic.answer_batch(request.identifier, [revocation])))
    assert Resource.objects.filter(identifier=revocation.identifier).exists()
    assert not Wanted.objects.exists()


def test_what_is_not_found_stays_wanted_with_patience(world: World, desk: Desk, peer: Peer) -> None:
    post = notice()
    peer.write(post)
    request = only(desk.handle(peer.broadcast()))
    peer.held.clear()
    assert heard(desk.handle(peer.give(request))) == []
    one = Wanted.objects.get()
    assert (one.attempts, one.reason) == (1, "not_found")
    assert one.not_before > world.now


def test_what_is_refused_stays_wanted_with_its_reason(world: World, desk: Desk, peer: Peer) -> None:
    forged = signed(BOB, EVIL, ANOTHER, message="forged")
    peer.write(forged)
    peer.serve(desk, desk.handle(peer.broadcast()))
    assert Wanted.objects.get().reason == "unknown_signer"
    assert not Resource.objects.filter(identifier=forged.identifier).exists()
    assert DropCount.objects.get().reason == "unknown_signer"


@pytest.mark.parametrize("answer", ["nothing", "nonsense", "bad_request"])
def test_one_who_does_not_answer_is_not_asked_in_a_circle(
    world: World, desk: Desk, peer: Peer, answer: str
) -> None:
    peer.write(notice())
    request = only(desk.handle(peer.broadcast()))
    sections: dict[str, Any] = {
        "nothing": traffic.answer_batch(request.identifier, []),
        "nonsense": {
            "status": "ok",
            "identifier": request.identifier,
            "data": {"resources": [{"nonsense": True}], "not_found": []},
        },
        "bad_request": traffic.answer_no(request.identifier, "bad_request"),
    }
    assert heard(desk.handle(peer.answer(sections[answer]))) == []
    assert Wanted.objects.get().attempts == 1


def test_what_did_not_fit_is_asked_for_again_at_once(world: World, desk: Desk, peer: Peer) -> None:
    posts = [notice(text=str(number)) for number in range(3)]
    peer.write(*posts)
    request = only(desk.handle(peer.broadcast()))
    rest = request_in(desk.handle(peer.answer(traffic.answer_batch(request.identifier, posts[:1]))))
    assert [identifier for _, identifier in rest.wanted] == [post.identifier for post in posts[1:]]


def test_when_a_session_ends_others_may_be_asked(world: World, desk: Desk, peer: Peer) -> None:
    peer.write(notice())
    desk.handle(peer.broadcast())
    assert wanted.next_to_ask(DESK.fingerprint, world.now) == []
    desk.end()
    assert len(wanted.next_to_ask(DESK.fingerprint, world.now)) == 1


def test_a_third_party_s_mail_comes_through_a_peer(world: World, desk: Desk, peer: Peer) -> None:
    """Carol's letter to Alice, from Bob's desk, while Carol's tablet is down."""
    world.know(TABLET)
    letter = letter_to(ALICE, node=TABLET)
    peer.write(letter)
    peer.serve(desk, desk.handle(peer.broadcast()))
    assert Resource.objects.get(identifier=letter.identifier).author == CAROL.fingerprint


# Whose traffic it is


def test_traffic_must_be_signed_by_the_peer(world: World, desk: Desk) -> None:
    world.know(TABLET)
    with pytest.raises(NotAuthorised):
        desk.handle(Peer(TABLET).broadcast())


def test_traffic_for_a_user_through_whom_we_may_not_talk_ends_the_session(
    world: World, desk: Desk
) -> None:
    """The desk is Mallory's node too, whom nobody here knows."""
    also = Node("desk", MALLORY, FULL, DESK.address)
    world.accept(MALLORY.identity(), also.authorisation(), also.identity())
    with pytest.raises(NotAuthorised):
        desk.handle(Peer(also).broadcast())


def test_a_peer_that_does_not_know_yet_of_a_parting_is_told(world: World, desk: Desk) -> None:
    """The desk is Mallory's node too, so the two nodes go on talking when Alice leaves Bob."""
    world.know(Node("desk", MALLORY, FULL, DESK.address))
    [parting] = withdraw(ALICE.fingerprint, BOB.fingerprint, now=world.now)
    plan = desk.handle(Peer(DESK).broadcast())
    assert plan.refuse is not None
    assert [envelope.identifier for envelope in plan.refuse] == [parting.identifier]


def test_traffic_naming_no_trust_ends_the_session(world: World, desk: Desk) -> None:
    section = traffic.broadcast(DESK.fingerprint, [])
    for named in (None, ANOTHER):
        with pytest.raises(SdmpError):
            desk.handle(signed(BOB, DESK, named, broadcast=section))


def test_malformed_traffic_ends_the_session(world: World, desk: Desk) -> None:
    with pytest.raises(Malformed):
        desk.handle(DESK.resource(broadcast={"since": "x", "entries": []}))


# Credentials within a session


def test_a_second_pair_of_users_meets_over_an_open_session(world: World, desk: Desk) -> None:
    """Carol's account is here, and trusts Mallory, whose node is the desk too."""
    also = Node("desk", MALLORY, FULL, DESK.address)
    world.enrol(CAROL)
    world.accept(*card_resources(also))
    trust_user(CAROL.fingerprint, MALLORY.fingerprint, now=world.now)
    plan = desk.plan()
    assert CAROL.fingerprint in {resource.user for resource in shown(plan)}
    assert not world.facts.know_each_other(CAROL.fingerprint, MALLORY.fingerprint, world.now)
    desk.handle(MALLORY.trust(CAROL))
    assert world.facts.know_each_other(CAROL.fingerprint, MALLORY.fingerprint, world.now)


def test_a_stranger_s_credentials_in_a_session_become_a_request(world: World, desk: Desk) -> None:
    for credential in EVIL.credentials(ALICE):
        desk.handle(credential)
    assert ContactRequest.objects.get().stranger == MALLORY.fingerprint
    assert not Resource.objects.filter(author=MALLORY.fingerprint).exists()


def test_mail_that_nobody_asked_for_is_dropped(world: World, desk: Desk) -> None:
    for post in (notice(), letter_to(ALICE), receipt_for(ANOTHER)):
        desk.handle(post)
        assert not Resource.objects.filter(identifier=post.identifier).exists()


def test_nothing_is_shown_twice(world: World, desk: Desk) -> None:
    assert shown(desk.plan()) == []
    publish(ALICE.fingerprint, {"message": "x"}, now=world.now)
    assert shown(desk.plan()) == []


# The end


def test_withdrawn_trust_ends_the_session_with_the_revocation(world: World, desk: Desk) -> None:
    [revocation] = withdraw(ALICE.fingerprint, BOB.fingerprint, now=world.now)
    plan = desk.plan()
    assert plan.refuse == [revocation.envelope()]
    assert plan.send == []
    assert Farewell.objects.exists()  # until it is sent
    desk.parted()
    assert not Farewell.objects.exists()


def test_a_revocation_shown_by_the_peer_ends_the_session(world: World, desk: Desk) -> None:
    plan = desk.handle(BOB.revocation(BOB.trust(ALICE)))
    assert plan.refuse == []
    assert not world.facts.gives(BOB.fingerprint, ALICE.fingerprint, world.now)


def test_a_session_that_goes_on_through_others_does_not_end(world: World, desk: Desk) -> None:
    world.enrol(CAROL)
    trust_user(CAROL.fingerprint, BOB.fingerprint, now=world.now)
    world.accept(BOB.trust(CAROL))
    withdraw(ALICE.fingerprint, BOB.fingerprint, now=world.now)
    assert desk.plan().refuse is None
