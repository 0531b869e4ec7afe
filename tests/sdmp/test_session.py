"""The handshake and the open state, both sides, good and bad manners."""

import json
from typing import Any

import pytest

from sdmp import handshake, limits
from sdmp.container import build
from sdmp.encoding import b64, unb64, write_json
from sdmp.errors import LocalSessionError, RemoteSessionError
from sdmp.frames import Sealer
from sdmp.handshake import Role
from sdmp.session import Agreed, Proved, RefusedByPeer, Session, State, Traffic
from sdmp.signature import Envelope, sign
from tests.support.cast import ALICE, BOB, DESK, EVIL, LAPTOP, TABLET
from tests.support.pair import End, Pair, find_key, know_nobody

EMPTY: dict[str, Any] = {"since": LAPTOP.fingerprint, "entries": []}


def sealed(pair: Pair, role: Role, number: int = 0) -> Sealer:
    """A sealer that speaks for `role` in a session in progress, from frame `number` on."""
    keys = pair.end(role).session.keys or pair.end(role.other).session.keys
    assert keys is not None
    sealer = Sealer(keys.of(role), bytes)
    for _ in range(number):
        sealer.seal(b"")
    return sealer


def at_proof(**arguments: object) -> Pair:
    """A pair whose clear frames are exchanged; the initiator's proof is due, and not sent."""
    pair = Pair(**arguments)  # type: ignore[arg-type]
    initiator, responder = pair.initiator.session, pair.responder.session
    (frame1,) = initiator.start()
    assert responder.receive(frame1) == [Agreed()]
    (frame2,) = responder.start()
    assert initiator.receive(frame2) == [Agreed()]
    return pair


def proof(pair: Pair, side: Role, changes: dict[str, Any] | None = None) -> Envelope:
    """The session object that `side` would sign, with some of its members changed."""
    session = pair.end(side).session
    assert session.keys is not None
    value = session._value
    section: dict[str, Any] = {
        "group": "x25519",
        "N": b64(value),
        "transcript": b64(session.keys.transcript),
    }
    section |= {"role": side.value, **(changes or {})}
    return sign(build(shared_key=section), session._key)


def refused(end: End, frame: str, words: str) -> None:
    """The frame ends the session for good, and it is the peer's fault, for this reason."""
    with pytest.raises(RemoteSessionError, match=words):
        end.session.receive(frame)
    assert end.session.state is State.CLOSED
    with pytest.raises(RemoteSessionError, match="closed"):
        end.session.receive(frame)
    with pytest.raises(LocalSessionError):
        end.session.send(b"{}")


def test_two_nodes_that_know_each_other_talk() -> None:
    pair = Pair()
    question, answer = LAPTOP.resource(broadcast=EMPTY), DESK.resource(broadcast=EMPTY)
    pair.initiator.traffic, pair.responder.traffic = [question], [answer]
    assert pair.run().open
    assert pair.initiator.events == [Agreed(), Proved(DESK.fingerprint, ()), Traffic(answer)]
    assert pair.responder.events == [Agreed(), Proved(LAPTOP.fingerprint, ()), Traffic(question)]
    assert pair.initiator.session.peer == DESK.fingerprint


def test_two_nodes_meet_for_the_first_time_by_their_credentials() -> None:
    pair = Pair(keys=know_nobody)
    pair.initiator.credentials = LAPTOP.credentials(BOB)
    pair.responder.credentials = DESK.credentials(ALICE)
    assert pair.run().open
    assert pair.initiator.events[1] == Proved(DESK.fingerprint, tuple(DESK.credentials(ALICE)))
    assert pair.responder.events[1] == Proved(LAPTOP.fingerprint, tuple(LAPTOP.credentials(BOB)))


def test_a_key_that_nobody_knows_or_shows_proves_nothing() -> None:
    pair = Pair(keys=know_nobody)
    pair.initiator.credentials = [ALICE.identity(), DESK.identity()]
    pair.run()
    assert isinstance(pair.responder.error, RemoteSessionError)
    assert pair.initiator.error is None


def test_a_key_of_another_fingerprint_is_not_taken() -> None:
    pair = Pair(keys=lambda fingerprint: EVIL.public).run()
    assert isinstance(pair.responder.error, RemoteSessionError)


def test_each_session_has_its_own_secrets() -> None:
    first, second = Pair().run(), Pair().run()
    assert first.initiator.sent[0] != second.initiator.sent[0]
    assert first.initiator.session.keys != second.initiator.session.keys
    assert first.initiator.session.keys == first.responder.session.keys


# Refusals


def test_a_responder_refuses_in_the_clear() -> None:
    pair = Pair()
    (frame1,) = pair.initiator.session.start()
    pair.responder.session.receive(frame1)
    (refusal,) = pair.responder.session.refuse()
    assert refusal == (
        '{"sdmp":{"version":"0.12.0","schemas":["response"]},'
        '"response":{"status":"not_found","identifier":"session"}}'
    )
    assert pair.initiator.session.receive(refusal) == [RefusedByPeer()]
    assert pair.initiator.session.state is pair.responder.session.state is State.CLOSED


def test_a_cause_is_not_told_in_the_clear() -> None:
    pair = Pair()
    pair.responder.session.receive(pair.initiator.session.start()[0])
    with pytest.raises(LocalSessionError):
        pair.responder.session.refuse([BOB.revocation(BOB.trust(ALICE))])


@pytest.mark.parametrize("causes", [[], [BOB.trust(ALICE), BOB.trust(LAPTOP)]])
def test_a_responder_refuses_a_node_that_has_proved_itself(causes: list[Envelope]) -> None:
    pair = Pair()
    pair.responder.willing = False
    pair.responder.causes = revocations = [BOB.revocation(cause) for cause in causes]
    pair.run()
    assert pair.initiator.events == [Agreed(), RefusedByPeer(tuple(revocations))]
    assert pair.initiator.session.peer is None
    assert pair.initiator.session.state is pair.responder.session.state is State.CLOSED
    assert pair.initiator.error is pair.responder.error is None


def test_an_initiator_refuses_a_node_that_has_proved_itself() -> None:
    pair = Pair()
    pair.initiator.willing = False
    pair.initiator.causes = [cause] = [ALICE.revocation(ALICE.trust(BOB))]
    pair.run()
    assert pair.responder.events[2:] == [Traffic(cause), RefusedByPeer()]
    assert pair.initiator.session.state is pair.responder.session.state is State.CLOSED


@pytest.mark.parametrize("role", Role)
def test_an_open_session_ends_with_the_cause(role: Role) -> None:
    pair = Pair().run()
    cause = ALICE.revocation(ALICE.trust(BOB))
    pair.carry(role, pair.end(role).session.refuse([cause]))
    assert pair.end(role.other).events[2:] == [Traffic(cause), RefusedByPeer()]
    assert pair.initiator.session.state is pair.responder.session.state is State.CLOSED
    assert pair.initiator.session.keys is pair.responder.session.keys is None


def test_an_initiator_cannot_be_refused_by_the_one_it_has_not_proved_itself_to() -> None:
    pair = at_proof()
    refusal = sealed(pair, Role.INITIATOR).seal(handshake.REFUSAL)
    refused(pair.responder, refusal, "not due")


@pytest.mark.parametrize(
    "response",
    [
        {"status": "not_found", "identifier": "other"},
        {"status": "ok", "identifier": "session"},
        {"status": "bad_request", "identifier": "session"},
    ],
)
def test_a_refusal_has_one_wording(response: dict[str, str]) -> None:
    pair = Pair()
    pair.initiator.session.start()
    frame = write_json(build(response=response)).decode()
    refused(pair.initiator, frame, "refusal")
    pair = Pair().run()
    frame = sealed(pair, Role.RESPONDER, 1).seal(write_json(build(response=response)))
    refused(pair.initiator, frame, "refusal")


def test_a_connection_that_ends_without_a_refusal_leaves_the_initiator_waiting() -> None:
    session = at_proof().initiator.session
    session.prove()
    assert session.state is State.WAITING


def test_a_session_can_be_closed_without_a_word() -> None:
    session = at_proof().initiator.session
    session.close()
    assert session.state is State.CLOSED
    assert session.keys is None


# Clear frames


def test_frames_sent_back_are_refused() -> None:
    pair = Pair()
    (frame1,) = pair.initiator.session.start()
    refused(pair.initiator, frame1, "own value")
    pair = at_proof()
    frame1 = handshake.write_value(pair.initiator.session._value)
    refused(pair.initiator, frame1, "sealed")


@pytest.mark.parametrize("role", Role)
def test_sealed_frames_sent_back_are_refused(role: Role) -> None:
    pair = Pair().run()
    end = pair.end(role)
    refused(end, end.sent[-1], "Frame|decrypt|open")


def test_a_node_does_not_talk_to_itself() -> None:
    pair = Pair(LAPTOP, LAPTOP).run()
    assert isinstance(pair.responder.error, RemoteSessionError)
    assert "own key" in str(pair.responder.error)


@pytest.mark.parametrize("number", [0, 1, 2**255 - 19, 2**255 - 18])
def test_values_of_low_order_are_refused(number: int) -> None:
    frame = handshake.write_value(number.to_bytes(32, "little"))
    refused(Pair().responder, frame, "secret")
    pair = Pair()
    pair.initiator.session.start()
    refused(pair.initiator, frame, "secret")


def test_a_responder_is_not_refused_before_it_has_answered() -> None:
    refused(Pair().responder, handshake.REFUSAL.decode(), "not due")


def test_a_second_value_is_refused() -> None:
    pair = at_proof()
    refused(pair.initiator, handshake.write_value(b"\x09" * 32), "sealed")
    pair = Pair()
    pair.responder.session.receive(pair.initiator.session.start()[0])
    refused(pair.responder, handshake.write_value(b"\x09" * 32), "due")


def test_a_clear_frame_may_be_written_in_another_way() -> None:
    pair = Pair()
    (frame1,) = pair.initiator.session.start()
    spaced = json.dumps(json.loads(frame1), indent=1)
    pair.responder.session.receive(spaced)
    pair.initiator.session.receive(pair.responder.session.start()[0])
    mine, theirs = pair.initiator.session.keys, pair.responder.session.keys
    assert mine is not None
    assert theirs is not None
    # The transcript is over the bytes, so nothing was hidden by the spaces.
    assert mine.transcript != theirs.transcript


@pytest.mark.parametrize("frame", ["\ud800", b"\xff", "", "null", "{}", b"\xef\xbb\xbf{}"])
def test_what_is_no_frame_is_refused(frame: str) -> None:
    refused(Pair().responder, frame, ".")


# Proofs


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"role": "responder"}, "other side"),
        ({"transcript": b64(bytes(64))}, "another session"),
        ({"N": b64(bytes(range(32)))}, "another public value"),
        ({"group": "ffdhe2048"}, "."),
        ({"role": "observer"}, "."),
        ({"extra": "member"}, "."),
    ],
)
def test_a_session_object_that_does_not_fit_is_refused(changes: dict[str, Any], words: str) -> None:
    pair = at_proof()
    envelope = proof(pair, Role.INITIATOR, changes)
    refused(pair.responder, sealed(pair, Role.INITIATOR).seal(envelope.to_bytes()), words)


def test_the_session_object_that_fits_is_taken() -> None:
    pair = at_proof()
    frame = sealed(pair, Role.INITIATOR).seal(proof(pair, Role.INITIATOR).to_bytes())
    assert pair.responder.session.receive(frame) == [Proved(LAPTOP.fingerprint, ())]


def test_a_session_object_without_transcript_and_role_is_refused() -> None:
    pair = at_proof()
    value = pair.initiator.session._value
    bare = sign(build(shared_key={"group": "x25519", "N": b64(value)}), LAPTOP.key)
    refused(pair.responder, sealed(pair, Role.INITIATOR).seal(bare.to_bytes()), "shared_key")


def test_a_session_object_of_another_session_is_refused() -> None:
    old = at_proof()
    replayed = proof(old, Role.INITIATOR)
    pair = at_proof()
    refused(pair.responder, sealed(pair, Role.INITIATOR).seal(replayed.to_bytes()), "another")


def test_the_initiators_own_session_object_is_no_answer() -> None:
    pair = at_proof()
    mine = proof(pair, Role.INITIATOR)
    pair.initiator.session.prove()
    refused(pair.initiator, sealed(pair, Role.RESPONDER).seal(mine.to_bytes()), "own key")


def test_a_session_object_with_another_signature_is_refused() -> None:
    pair = at_proof()
    good: Any = proof(pair, Role.INITIATOR).to_json()
    signature = good["signature"]["signatures"][0]
    signature["signature"] = b64(bytes(256))
    refused(pair.responder, sealed(pair, Role.INITIATOR).seal(write_json(good)), "signature")


def test_an_initiator_takes_no_other_node_than_the_one_it_means_to_reach() -> None:
    pair = Pair(LAPTOP, EVIL, expected=DESK).run()
    assert isinstance(pair.initiator.error, RemoteSessionError)
    assert "Another node" in str(pair.initiator.error)
    assert pair.responder.error is None


def test_an_initiator_says_whom_it_means_to_reach() -> None:
    with pytest.raises(LocalSessionError):
        Session(Role.INITIATOR, LAPTOP.key, find_key)


# Credentials


def test_32_credentials_are_taken_and_33_are_not() -> None:
    pair = Pair()
    pair.initiator.credentials = [ALICE.identity()] * 32
    assert pair.run().open
    pair = at_proof()
    sealer = sealed(pair, Role.INITIATOR)
    for _ in range(32):
        assert pair.responder.session.receive(sealer.seal(ALICE.identity().to_bytes())) == []
    refused(pair.responder, sealer.seal(ALICE.identity().to_bytes()), "32")


def test_we_do_not_show_33_credentials() -> None:
    pair = at_proof()
    with pytest.raises(LocalSessionError, match="32"):
        pair.initiator.session.prove([ALICE.identity()] * 33)
    assert pair.initiator.session.state is State.CLOSED


def test_we_do_not_tell_33_causes() -> None:
    pair = Pair().run()
    with pytest.raises(LocalSessionError):
        pair.initiator.session.refuse([ALICE.revocation(ALICE.identity())] * 33)


def test_a_credential_must_be_signed() -> None:
    pair = at_proof()
    bare = write_json(build(message="hello"))
    refused(pair.responder, sealed(pair, Role.INITIATOR).seal(bare), ".")


# Frames


def test_nothing_is_sent_between_the_two_proofs() -> None:
    pair = at_proof()
    frames = pair.initiator.session.prove()
    extra = sealed(pair, Role.INITIATOR, 1).seal(ALICE.identity().to_bytes())
    pair.responder.session.receive(frames[0])
    refused(pair.responder, extra, "due")


def test_an_initiator_answers_before_it_receives_more() -> None:
    pair = at_proof()
    pair.responder.session.receive(pair.initiator.session.prove()[0])
    pair.initiator.session.receive(pair.responder.session.prove()[0])
    traffic = pair.responder.session.send(DESK.resource(broadcast=EMPTY).to_bytes())
    with pytest.raises(LocalSessionError):
        pair.initiator.session.receive(traffic[0])
    assert pair.initiator.session.state is State.CLOSED


@pytest.mark.parametrize("seq", ["0.0", '"0"', "false", "null", "1", "-1", "[0]", "0e0", "1" * 400])
def test_the_number_of_a_frame_is_the_next_integer(seq: str) -> None:
    header = f'{{"alg":"dir","enc":"A256CBC-HS512","seq":{seq}}}'
    pair = at_proof()
    refused(pair.responder, with_header(pair, header), ".")


@pytest.mark.parametrize(
    "header",
    [
        '{"alg":"dir","enc":"A256CBC-HS512"}',
        '{"alg":"dir","enc":"A256CBC-HS512","seq":0,"seq":0}',
        '{"alg":"dir","enc":"A256CBC-HS512","seq":0,"kid":"me"}',
        '{"alg":"none","enc":"A256CBC-HS512","seq":0}',
        '{"alg":"dir","enc":"A128CBC-HS256","seq":0}',
        '{"alg":"dir","enc":"A256CBC-HS512","seq":0,"zip":"DEF"}',
        '["dir","A256CBC-HS512",0]',
        "0",
    ],
)
def test_the_header_of_a_frame_holds_three_members(header: str) -> None:
    pair = at_proof()
    refused(pair.responder, with_header(pair, header), ".")


def test_the_header_of_a_frame_may_be_written_in_another_way() -> None:
    pair = at_proof()
    header = '{ "seq": 0, "enc": "A256CBC-HS512", "alg": "dir" }'
    assert pair.responder.session.receive(with_header(pair, header)) == []


def with_header(pair: Pair, header: str, plaintext: bytes | None = None) -> str:
    """A first frame of the initiator, good but for its header (or its plaintext)."""
    from sdmp.encrypted import seal_bytes

    keys = pair.initiator.session.keys
    assert keys is not None
    if plaintext is None:
        identity = ALICE.identity().to_bytes()
        plaintext = identity + bytes(-len(identity) % 256)
    protected = b64(header.encode())
    payload, tag = seal_bytes(keys.initiator, plaintext, protected.encode(), bytes(16))
    section = {
        "protected": protected,
        "iv": b64(bytes(16)),
        "payload": b64(payload),
        "tag": b64(tag),
    }
    return write_json(build(encrypted=section)).decode()


@pytest.mark.parametrize("extra", [1, 255])
def test_the_padding_of_a_frame_is_exact(extra: int) -> None:
    pair = at_proof()
    identity = ALICE.identity().to_bytes()
    padded = identity + bytes(-len(identity) % 256 + extra)
    header = '{"alg":"dir","enc":"A256CBC-HS512","seq":0}'
    refused(pair.responder, with_header(pair, header, padded), "256")


def test_frames_hide_the_length_of_what_they_hold() -> None:
    pair = at_proof()
    sealer = sealed(pair, Role.INITIATOR)
    assert len(sealer.seal(b"x")) == len(sealer.seal(b"x" * 256))
    assert len(sealer.seal(b"x")) < len(sealer.seal(b"x" * 257))


def test_a_sealed_frame_has_no_recipients() -> None:
    pair = at_proof()
    (frame,) = pair.initiator.session.prove()
    value = json.loads(frame)
    value["encrypted"]["recipients"] = [{"key": b64(bytes(256))}]
    refused(pair.responder, json.dumps(value), "recipients")


def test_a_sealed_frame_keeps_the_version_of_the_session() -> None:
    pair = at_proof()
    (frame,) = pair.initiator.session.prove()
    refused(pair.responder, frame.replace("0.12.0", "0.12.1", 1), "version")


def test_a_later_version_is_spoken_with() -> None:
    pair = at_proof()
    later = Pair().responder
    frame1 = handshake.write_value(pair.initiator.session._value).replace("0.12.0", "0.12.7")
    assert later.session.receive(frame1) == [Agreed()]


# Sizes


def test_frames_are_short_until_the_peer_has_proved_itself() -> None:
    pair = at_proof()
    for session in (pair.initiator.session, pair.responder.session):
        assert session.frame_limit == 16 * 1024
    (frame,) = pair.initiator.session.prove()
    pair.responder.session.receive(frame)
    assert pair.responder.session.frame_limit == 16 * 1024
    pair.initiator.session.receive(pair.responder.session.prove()[0])
    assert pair.initiator.session.frame_limit == 48 * 1024 * 1024
    pair.initiator.session.open()
    for session in (pair.initiator.session, pair.responder.session):
        assert session.frame_limit == 48 * 1024 * 1024


def test_a_long_credential_is_refused_and_not_sent() -> None:
    long = LAPTOP.resource(node={"ips": [], "note": "x" * 16_384})
    pair = at_proof()
    frame = sealed(pair, Role.INITIATOR).seal(long.to_bytes())
    refused(pair.responder, frame, "too large")
    with pytest.raises(LocalSessionError, match="larger"):
        pair.initiator.session.prove([long])


@pytest.mark.parametrize("role", Role)
def test_only_a_response_may_be_longer_than_4_mib(role: Role) -> None:
    text = "x" * limits.FRAME_BYTES
    answer = LAPTOP.resource(response={"status": "ok", "identifier": "1", "data": {"text": text}})
    notice = LAPTOP.resource(message=text)
    pair = Pair().run()
    pair.carry(role, pair.end(role).session.send(answer.to_bytes()))
    assert pair.end(role.other).events[2:] == [Traffic(answer)]

    frame = sealed(pair, role, len(pair.end(role).sent) - 1).seal(notice.to_bytes())
    with pytest.raises(LocalSessionError, match="too large"):
        pair.end(role).session.send(notice.to_bytes())
    refused(pair.end(role.other), frame, "too large")


def test_not_even_a_response_may_be_longer_than_48_mib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "RESPONSE_FRAME_BYTES", 5_000)
    data: Any = {"status": "ok", "identifier": "1", "data": {"text": "x" * 5_000}}
    answer = LAPTOP.resource(response=data)
    pair = Pair().run()
    frame = sealed(pair, Role.INITIATOR, 1).seal(answer.to_bytes())
    with pytest.raises(LocalSessionError, match="larger"):
        pair.initiator.session.send(answer.to_bytes())
    refused(pair.responder, frame, "too large")


# Our own mistakes


def test_a_large_frame_of_nonsense_is_not_sent() -> None:
    session = Pair().run().initiator.session
    with pytest.raises(LocalSessionError, match="no resource"):
        session.send(b"x" * limits.FRAME_BYTES)
    assert session.state is State.CLOSED


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(
    ("mistake", "arguments"),
    [("prove", ()), ("open", ()), ("refuse", ()), ("send", (b"{}",))],
)
def test_what_is_not_due_is_our_own_mistake(role: Role, mistake: str, arguments: Any) -> None:
    session = Pair().end(role).session
    with pytest.raises(LocalSessionError):
        getattr(session, mistake)(*arguments)
    assert session.state is State.CLOSED


def test_a_session_is_started_once_and_by_the_initiator() -> None:
    pair = Pair()
    with pytest.raises(LocalSessionError):
        pair.responder.session.start()
    pair.initiator.session.start()
    with pytest.raises(LocalSessionError):
        pair.initiator.session.start()


def test_a_session_is_closed_when_looking_for_a_key_fails() -> None:
    def broken(fingerprint: str) -> None:
        raise OSError(fingerprint)

    pair = Pair(keys=broken)
    with pytest.raises(OSError, match=LAPTOP.fingerprint):
        pair.run()
    assert pair.responder.session.state is State.CLOSED


def test_traffic_of_others_is_handed_up_for_the_owner_to_judge() -> None:
    pair = Pair().run()
    credential = TABLET.identity()
    pair.carry(Role.INITIATOR, pair.initiator.session.send(credential.to_bytes()))
    assert pair.responder.events[2:] == [Traffic(credential)]


def test_an_envelope_whose_parts_do_not_fit_ends_the_session() -> None:
    pair = Pair().run()
    value: Any = LAPTOP.resource(broadcast=EMPTY).to_json()
    value["signature"]["identifier"] = b64(bytes(64))
    refused(pair.responder, sealed(pair, Role.INITIATOR, 1).seal(write_json(value)), ".")


def test_another_library_opens_our_frames() -> None:
    from jwcrypto.jwe import JWE
    from jwcrypto.jwk import JWK

    pair = at_proof()
    (frame,) = pair.initiator.session.prove([])
    keys = pair.responder.session.keys
    assert keys is not None
    section = json.loads(frame)["encrypted"]
    section["ciphertext"] = section.pop("payload")
    box = JWE(algs=["dir", "A256CBC-HS512"])
    box.deserialize(json.dumps(section), JWK(kty="oct", k=b64(keys.initiator)))
    assert json.loads(box.payload.rstrip(b"\0"))["signature"]
    assert json.loads(unb64(section["protected"]))["seq"] == 0
