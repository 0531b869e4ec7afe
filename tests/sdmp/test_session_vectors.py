"""Whole sessions with fixed private values, replayed in both roles."""

import json
from typing import Any

import pytest

from sdmp.encoding import b64, unb64
from sdmp.errors import RemoteSessionError
from sdmp.frames import Opener, Sealer
from sdmp.handshake import Role, read_value
from sdmp.keys import PrivateKey
from sdmp.session import Agreed, Event, Proved, Session, State, Traffic
from sdmp.signature import Envelope, read_envelope
from tests.support.vectors import load_vectors, vector_key

SESSIONS = load_vectors("session.json")
BY_NAME = pytest.mark.parametrize("vector", SESSIONS, ids=lambda vector: vector["name"])


def key(vector: Any, role: Role) -> PrivateKey:
    """The key with which `role` proves itself."""
    return vector_key(vector[role.value]["key"])


def session(vector: Any, role: Role) -> Session:
    """A session for `role` that draws the private value of the vector."""
    public = key(vector, role.other).public
    return Session(
        role,
        key(vector, role),
        lambda fingerprint: public if fingerprint == public.fingerprint else None,
        expected=public.fingerprint if role is Role.INITIATOR else None,
        private_value=unb64(vector[role.value]["private_value"]),
    )


def agree(vector: Any, role: Role) -> Session:
    """Exchange the clear frames and compare all that follows from them."""
    mine = session(vector, role)
    if role is Role.INITIATOR:
        assert mine.start() == [vector["frame1"]]
        assert mine.receive(vector["frame2"]) == [Agreed()]
    else:
        assert mine.receive(vector["frame1"]) == [Agreed()]
        assert mine.start() == [vector["frame2"]]
    assert mine.keys is not None
    assert b64(mine.keys.transcript) == vector["transcript"]
    assert b64(mine.keys.initiator) == vector["initiator_key"]
    assert b64(mine.keys.responder) == vector["responder_key"]
    return mine


def frames(vector: Any, role: Role) -> list[tuple[str, Envelope]]:
    """The sealed frames of `role` in order, and what each holds."""
    return [
        (each["frame"], read_envelope(each["container"]))
        for each in vector["frames"]
        if each["from"] == role.value
    ]


def is_proof(envelope: Envelope) -> bool:
    """Whether this is a session object."""
    return bool(json.loads(envelope.content)["sdmp"]["schemas"] == ["shared_key"])


@pytest.mark.parametrize("role", Role)
@BY_NAME
def test_session_vector_is_replayed(vector: Any, role: Role) -> None:
    mine, peer = agree(vector, role), key(vector, role.other).fingerprint
    own = [envelope for _, envelope in frames(vector, role)]
    step = next(place for place, envelope in enumerate(own) if is_proof(envelope))
    if role is Role.INITIATOR:
        assert len(mine.prove(own[:step])) == step + 1
    expected: list[Event] = []
    events: list[Event] = []
    shown: list[Envelope] = []
    for frame, envelope in frames(vector, role.other):
        came = mine.receive(frame)
        events += came
        if mine.state is State.WAITING:
            shown.append(envelope)
        elif is_proof(envelope):
            expected.append(Proved(peer, tuple(shown)))
            if role is Role.INITIATOR:
                mine.open()
            else:
                assert len(mine.prove(own[:step])) == step + 1
        else:
            expected.append(Traffic(envelope))
    assert events == expected
    assert mine.state is State.OPEN
    assert mine.peer == peer
    for envelope in own[step + 1 :]:
        assert len(mine.send(envelope.to_bytes())) == 1


@pytest.mark.parametrize("role", Role)
@BY_NAME
def test_session_vector_frames_open_in_order(vector: Any, role: Role) -> None:
    keys = agree(vector, Role.INITIATOR).keys
    clear = read_value(vector["frame1" if role is Role.INITIATOR else "frame2"].encode())
    assert keys is not None
    assert clear is not None
    opener = Opener(keys.of(role), clear.version)
    for each in vector["frames"]:
        if each["from"] == role.value:
            assert json.loads(opener.open(each["frame"].encode())) == each["container"]


@pytest.mark.parametrize("role", Role)
@BY_NAME
def test_session_vector_proofs_are_the_ones_we_make(vector: Any, role: Role) -> None:
    mine = agree(vector, role)
    keys = mine.keys
    assert keys is not None
    (theirs,) = (envelope for _, envelope in frames(vector, role) if is_proof(envelope))
    if role is Role.RESPONDER:
        for frame, _ in frames(vector, Role.INITIATOR):
            if mine.receive(frame):
                break
    (frame,) = mine.prove()
    ours = read_envelope(Opener(keys.of(role), "0.12.0").open(frame.encode()))
    assert json.loads(ours.content) == json.loads(theirs.content)
    assert ours.signer == theirs.signer


@pytest.mark.parametrize("role", Role)
@BY_NAME
def test_session_vector_frames_are_sealed_alike(vector: Any, role: Role) -> None:
    keys = agree(vector, Role.INITIATOR).keys
    assert keys is not None
    theirs = [json.loads(frame) for frame, _ in frames(vector, role)]
    ivs = iter([unb64(frame["encrypted"]["iv"]) for frame in theirs])
    sealer = Sealer(keys.of(role), lambda _: next(ivs))
    opener = Opener(keys.of(role), "0.12.0")
    for frame in theirs:
        ours = json.loads(sealer.seal(opener.open(json.dumps(frame).encode())))
        ours_head, head = (json.loads(unb64(f["encrypted"]["protected"])) for f in (ours, frame))
        assert ours_head == head
        assert ours["encrypted"]["payload"] == frame["encrypted"]["payload"]


@pytest.mark.parametrize("role", Role)
@BY_NAME
def test_session_vector_frames_of_another_session_are_refused(vector: Any, role: Role) -> None:
    for other in SESSIONS:
        if other is not vector:
            mine = agree(vector, role)
            if role is Role.INITIATOR:
                mine.prove()
            with pytest.raises(RemoteSessionError):
                mine.receive(frames(other, role.other)[0][0])


@pytest.mark.parametrize(
    "vector", load_vectors("session_reject.json"), ids=lambda vector: vector["name"]
)
def test_session_reject_vector_is_refused(vector: Any) -> None:
    mine = Session(Role.RESPONDER, vector_key("desk"), lambda fingerprint: None)
    with pytest.raises(RemoteSessionError):
        mine.receive(vector["frame1"])
    assert mine.state is State.CLOSED
