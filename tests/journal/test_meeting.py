"""Handshakes from our side: who is let in, what is shown, and farewells."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from journal.meeting import Meeting
from journal.models import Resource
from journal.trusts import trust_user, withdraw
from nodes.models import ContactRequest, Farewell, Peer
from nodes.peers import get_peer
from sdmp.handshake import Role
from sdmp.keys import PublicKey
from sdmp.session import Agreed, Event, Proved, RefusedByPeer, Session, State
from sdmp.signature import Envelope
from tests.support.cast import ALICE, BOB, CAROL, DESK, EVIL, LAPTOP, MALLORY, TABLET, Node
from tests.support.pair import find_key, know_nobody
from tests.support.world import World, card_resources


@dataclass
class Stranger:
    """The other side: a session that shows what it is told to and lets everybody in."""

    node: Node
    shows: Sequence[Envelope] = ()
    refuses: Sequence[Envelope] | None = None
    seen: list[Envelope] = field(default_factory=list)
    refused: tuple[Envelope, ...] | None = None
    knows: Callable[[str], PublicKey | None] = know_nobody

    def react(self, session: Session, event: Event) -> list[str]:
        """Do what comes next."""
        match event:
            case Agreed():
                started = session.role is Role.RESPONDER
                return session.start() if started else session.prove(self.shows)
            case Proved(_, credentials):
                self.seen = list(credentials)
                if self.refuses is not None:
                    return session.refuse(self.refuses)
                if session.role is Role.RESPONDER:
                    return session.prove(self.shows)
                session.open()
            case RefusedByPeer(revocations):
                self.refused = revocations
            case _:
                pass
        return []


def answer(meeting: Meeting, event: Event) -> list[str]:
    """Do on our side what the engine does."""
    match event:
        case Agreed():
            return meeting.agreed()
        case Proved(node, credentials):
            return meeting.proved(node, credentials)
        case RefusedByPeer(revocations):
            meeting.refused(revocations)
    return []


def meet(stranger: Stranger, *, called: bool, expected: Node | None = None) -> Meeting:
    """Carry the frames of a handshake; `called` when the stranger calls us."""
    meeting = Meeting(None if called else (expected or stranger.node).fingerprint)
    ours = meeting.begin()
    role = Role.INITIATOR if called else Role.RESPONDER
    whom = LAPTOP.fingerprint if called else None
    theirs = Session(role, stranger.node.key, stranger.knows, expected=whom)
    to_us, to_them = (theirs.start(), []) if called else ([], meeting.first_frames())
    while to_us or to_them:
        while to_us:
            for event in ours.receive(to_us.pop(0)):
                to_them += answer(meeting, event)
        while to_them:
            for event in theirs.receive(to_them.pop(0)):
                to_us += stranger.react(theirs, event)
    return meeting


def state(meeting: Meeting) -> State:
    return meeting.session.state


BOTH = pytest.mark.parametrize("called", [True, False])


@BOTH
def test_two_who_know_each_other_meet(world: World, called: bool) -> None:
    world.know(DESK)
    stranger = Stranger(DESK, DESK.credentials(ALICE))
    meeting = meet(stranger, called=called)
    assert state(meeting) is State.OPEN
    assert [e.signer for e in stranger.seen[:1]] == [ALICE.fingerprint]
    assert len(stranger.seen) == 5
    assert meeting.desk().node == DESK.fingerprint
    assert Peer.objects.exclude(last_called=None).exists() is called


@BOTH
def test_two_nodes_meet_for_the_first_time(world: World, called: bool) -> None:
    """We hold Bob's card and trust him; that he trusts us shows in the credentials."""
    world.accept(*card_resources(DESK))
    trust_user(ALICE.fingerprint, BOB.fingerprint, now=world.now)
    assert not world.facts.may_talk(world.here, DESK.fingerprint, world.now)
    meeting = meet(Stranger(DESK, DESK.credentials(ALICE)), called=called)
    assert state(meeting) is State.OPEN
    assert world.facts.may_talk(world.here, DESK.fingerprint, world.now)


def test_a_stranger_is_refused_silently_and_leaves_a_request(world: World) -> None:
    stranger = Stranger(EVIL, EVIL.credentials(ALICE))
    meeting = meet(stranger, called=True)
    assert state(meeting) is State.CLOSED
    assert stranger.refused == ()  # no cause is told
    assert stranger.seen == []  # and nothing of who is here
    assert ContactRequest.objects.get().stranger == MALLORY.fingerprint
    assert not Peer.objects.filter(fingerprint=EVIL.fingerprint).exists()
    assert not Resource.objects.filter(author=MALLORY.fingerprint).exists()


def test_one_who_shows_nothing_is_refused_alike(world: World) -> None:
    known = Stranger(EVIL, [MALLORY.identity(), EVIL.authorisation(), EVIL.identity()])
    meeting = meet(known, called=True)
    assert state(meeting) is State.CLOSED
    assert known.refused == ()
    assert not ContactRequest.objects.exists()


@BOTH
def test_one_who_does_not_trust_us_yet_is_refused(world: World, called: bool) -> None:
    world.accept(*card_resources(DESK))
    trust_user(ALICE.fingerprint, BOB.fingerprint, now=world.now)
    shown = [e for e in DESK.credentials(ALICE) if e != BOB.trust(ALICE)]
    meeting = meet(Stranger(DESK, shown), called=called)
    assert state(meeting) is State.CLOSED
    assert meeting.why_not


def test_a_caller_makes_itself_known_and_the_other_may_refuse(world: World) -> None:
    world.accept(*card_resources(DESK))
    trust_user(ALICE.fingerprint, BOB.fingerprint, now=world.now)
    stranger = Stranger(DESK, refuses=())
    meeting = meet(stranger, called=False)
    assert state(meeting) is State.CLOSED
    assert len(stranger.seen) == 5  # by which Bob may decide
    assert meeting.why_not == "The other node does not let us in yet."


def test_a_refusal_s_cause_is_kept(world: World) -> None:
    world.know(DESK)
    gone = BOB.revocation(BOB.trust(ALICE))
    meet(Stranger(DESK, refuses=[gone]), called=False)
    assert not world.facts.gives(BOB.fingerprint, ALICE.fingerprint, world.now)


def test_a_refusal_by_a_stranger_carries_nothing_in(world: World) -> None:
    world.know(DESK)
    false = MALLORY.revocation(BOB.trust(ALICE))
    meet(Stranger(DESK, refuses=[MALLORY.identity(), false]), called=False)
    assert world.facts.gives(BOB.fingerprint, ALICE.fingerprint, world.now)
    assert not Resource.objects.filter(author=MALLORY.fingerprint).exists()


def test_another_node_than_the_one_called_is_not_talked_to(world: World) -> None:
    world.know(DESK)
    world.know(TABLET)
    with pytest.raises(Exception, match="Another node answers"):
        meet(Stranger(TABLET, TABLET.credentials(ALICE)), called=False, expected=DESK)


# Farewells


def withdrawn(world: World) -> Envelope:
    world.know(DESK)
    get_peer(DESK.fingerprint)
    [revocation] = withdraw(ALICE.fingerprint, BOB.fingerprint, now=world.now)
    assert Farewell.objects.count() == 1
    return revocation.envelope()


def test_one_who_was_cut_off_is_told_why_when_it_calls(world: World) -> None:
    revocation = withdrawn(world)
    stranger = Stranger(DESK, DESK.credentials(ALICE))
    meeting = meet(stranger, called=True)
    assert state(meeting) is State.CLOSED
    assert stranger.refused == (revocation,)
    assert Farewell.objects.exists()  # until it is sent
    meeting.parted()
    assert not Farewell.objects.exists()
    again = Stranger(DESK, DESK.credentials(ALICE))
    meet(again, called=True)
    assert again.refused == ()  # told once


def test_one_who_was_cut_off_is_told_when_we_call(world: World) -> None:
    revocation = withdrawn(world)
    stranger = Stranger(DESK, refuses=(), knows=find_key)
    meet(stranger, called=False).parted()
    assert stranger.seen == [revocation]
    assert not Farewell.objects.exists()


def test_another_who_calls_is_told_nothing_of_it(world: World) -> None:
    withdrawn(world)
    stranger = Stranger(EVIL, EVIL.credentials(ALICE))
    meet(stranger, called=True)
    assert stranger.refused == ()
    assert Farewell.objects.count() == 1
    assert CAROL.fingerprint not in world.facts.users_of(world.here, world.now)
