"""What a bad wire does: each side finds out by itself, and blames the right one."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdmp.errors import RemoteSessionError
from sdmp.handshake import Role
from sdmp.session import State, Traffic
from sdmp.signature import Envelope
from tests.support.cast import ALICE, BOB, DESK, LAPTOP, Node
from tests.support.pair import Pair, Wire, faithful

SENT = 5
"""Frames that each side sends: the clear one, a credential, the proof, two of traffic."""

ROLES = st.sampled_from(list(Role))
NUMBERS = st.integers(0, SENT - 1)
# No figure here depends on the time that a test takes.
unhurried = settings(deadline=None, max_examples=60)


@cache
def credential(role: Role) -> Envelope:
    return (ALICE if role is Role.INITIATOR else BOB).identity()


@cache
def traffic(role: Role) -> list[Envelope]:
    node: Node = LAPTOP if role is Role.INITIATOR else DESK
    first: Any = {"since": node.fingerprint, "entries": []}
    return [
        node.resource(broadcast=first),
        node.resource(request_journal={"identifier": "1", "since": node.fingerprint}),
    ]


def run(wire: Wire) -> Pair:
    """A whole session over a wire: handshake, and two frames of traffic each way."""
    pair = Pair(wire=wire)
    for role in Role:
        pair.end(role).credentials = [credential(role)]
        pair.end(role).traffic = traffic(role)
    return pair.run()


def heard(pair: Pair, role: Role) -> list[Envelope]:
    """The traffic that `role` has received."""
    events = pair.end(role).events
    return [event.envelope for event in events if isinstance(event, Traffic)]


def only_blames_the_peer(pair: Pair, role: Role) -> None:
    """`role` ended the session as the peer's fault; the other side has seen no fault."""
    end, other = pair.end(role), pair.end(role.other)
    assert isinstance(end.error, RemoteSessionError)
    assert end.session.state is State.CLOSED
    assert other.error is None
    assert heard(pair, role) == traffic(role.other)[: len(heard(pair, role))]


def test_a_faithful_wire_carries_all() -> None:
    pair = run(faithful)
    for role in Role:
        assert len(pair.end(role).sent) == SENT
        assert pair.end(role).error is None
        assert heard(pair, role) == traffic(role.other)


@unhurried
@given(ROLES, NUMBERS)
def test_a_dropped_frame_is_missed_when_the_next_comes(sender: Role, lost: int) -> None:
    def wire(source: Role, number: int, frame: str) -> Sequence[str]:
        return [] if (source, number) == (sender, lost) else [frame]

    pair = run(wire)
    if len(pair.end(sender).sent) > lost + 1:
        only_blames_the_peer(pair, sender.other)
    else:
        # Nothing came after it, so nobody can know: what was in it is missing.
        assert len(heard(pair, sender.other)) < len(traffic(sender))
        assert pair.initiator.error is pair.responder.error is None


@unhurried
@given(ROLES, NUMBERS)
def test_a_repeated_frame_ends_the_session(sender: Role, doubled: int) -> None:
    def wire(source: Role, number: int, frame: str) -> Sequence[str]:
        return [frame] * 2 if (source, number) == (sender, doubled) else [frame]

    only_blames_the_peer(run(wire), sender.other)


@unhurried
@given(ROLES, NUMBERS, NUMBERS)
def test_a_frame_that_comes_again_later_ends_the_session(
    sender: Role, early: int, late: int
) -> None:
    kept: list[str] = []

    def wire(source: Role, number: int, frame: str) -> Sequence[str]:
        if source is sender and number == early:
            kept.append(frame)
        return [frame, *kept] if source is sender and number == max(early, late) else [frame]

    only_blames_the_peer(run(wire), sender.other)


@unhurried
@given(ROLES, NUMBERS)
def test_frames_in_another_order_end_the_session(sender: Role, first: int) -> None:
    kept: list[str] = []

    def wire(source: Role, number: int, frame: str) -> Sequence[str]:
        if (source, number) == (sender, first):
            kept.append(frame)
            return []
        return [frame, *kept] if (source, number) == (sender, first + 1) else [frame]

    pair = run(wire)
    if len(pair.end(sender).sent) > first + 1:
        only_blames_the_peer(pair, sender.other)
    else:
        assert len(heard(pair, sender.other)) < len(traffic(sender))


@unhurried
@given(ROLES, NUMBERS, st.floats(0, 1, exclude_max=True))
def test_a_truncated_frame_ends_the_session(sender: Role, cut: int, share: float) -> None:
    def wire(source: Role, number: int, frame: str) -> Sequence[str]:
        return [frame[: int(share * len(frame))]] if (source, number) == (sender, cut) else [frame]

    only_blames_the_peer(run(wire), sender.other)


def flip(frame: str, place: int, bit: int) -> str:
    """Change one bit of a frame; every character of one is ASCII and stays so."""
    return frame[:place] + chr(ord(frame[place]) ^ 1 << bit) + frame[place + 1 :]


def a_changed_bit_ends_the_session(sender: Role, changed: int, place: int, bit: int) -> None:
    def wire(source: Role, number: int, frame: str) -> Sequence[str]:
        if (source, number) != (sender, changed):
            return [frame]
        return [flip(frame, place % len(frame), bit)]

    pair = run(wire)
    if changed:
        only_blames_the_peer(pair, sender.other)
        return
    # Another value or version in a clear frame looks as good as any. Then the transcripts differ,
    # and the responder cannot open what the initiator seals.
    assert not pair.open
    faults = [role for role in Role if pair.end(role).error is not None]
    assert faults in ([sender.other], [Role.RESPONDER])
    assert all(isinstance(pair.end(role).error, RemoteSessionError) for role in faults)
    assert all(pair.end(role).session.peer is None for role in Role)


@settings(deadline=None, max_examples=300)
@given(ROLES, NUMBERS, st.integers(0, 4_000), st.integers(0, 6))
def test_a_changed_bit_ends_the_session(sender: Role, changed: int, place: int, bit: int) -> None:
    a_changed_bit_ends_the_session(sender, changed, place, bit)


@pytest.mark.parametrize("sender", Role)
@pytest.mark.parametrize("changed", [0, 1])
def test_any_bit_outside_the_ciphertext_counts(sender: Role, changed: int) -> None:
    """Every bit of the clear frame, and of all of a sealed one that no tag covers."""
    frame = run(faithful).end(sender).sent[changed]
    for place in range(min(len(frame), 90)):
        for bit in range(7):
            a_changed_bit_ends_the_session(sender, changed, place, bit)


@unhurried
@given(ROLES, NUMBERS, st.text(max_size=50))
def test_anything_else_in_the_place_of_a_frame_ends_the_session(
    sender: Role, changed: int, text: str
) -> None:
    def wire(source: Role, number: int, frame: str) -> Sequence[str]:
        return [text] if (source, number) == (sender, changed) else [frame]

    only_blames_the_peer(run(wire), sender.other)


@unhurried
@given(ROLES, NUMBERS)
def test_the_frames_of_another_session_end_the_session(sender: Role, changed: int) -> None:
    other = run(faithful).end(sender).sent

    def wire(source: Role, number: int, frame: str) -> Sequence[str]:
        return [other[number]] if (source, number) == (sender, changed) else [frame]

    pair = run(wire)
    if changed:
        only_blames_the_peer(pair, sender.other)
    else:  # a good value of somebody else, but the secret is not
        only_blames_the_peer(pair, Role.RESPONDER)
        assert pair.responder.session.peer is None


@unhurried
@given(ROLES, NUMBERS)
def test_frames_sent_back_end_the_session(sender: Role, returned: int) -> None:
    def wire(source: Role, number: int, frame: str) -> Sequence[str]:
        return pair_sent(source, number) if (source, number) == (sender, returned) else [frame]

    sent: dict[Role, list[str]] = {role: [] for role in Role}

    def pair_sent(source: Role, number: int) -> Sequence[str]:
        return sent[source.other][-1:] or ["{}"]

    def remembering(source: Role, number: int, frame: str) -> Sequence[str]:
        sent[source].append(frame)
        return wire(source, number, frame)

    only_blames_the_peer(run(remembering), sender.other)
