"""A session between two nodes as a state machine without input or output (protocol §10).

Frames are fed into a `Session` and come out of it; what they mean comes out as events. The owner
moves the frames, keeps the time and judges the credentials:

    initiator                               responder
    start() -> frame 1                      receive(frame 1) -> Agreed
    receive(frame 2) -> Agreed              start() -> frame 2, or refuse()
    prove(credentials) -> step 3            receive(...) -> Proved
    receive(...) -> Proved                  prove(credentials) -> step 4, or refuse()
    open(), or refuse()
    send(), receive(...) -> Traffic         send(), receive(...) -> Traffic

An error ends the session for good, and nothing about it is told to the peer: the owner closes the
connection.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from sdmp import handshake, limits
from sdmp.encoding import JSON
from sdmp.errors import LocalSessionError, RemoteSessionError, SdmpError, SessionError
from sdmp.frames import Opener, Sealer
from sdmp.handshake import ClearValue, Keys, Role
from sdmp.keys import PublicKey, Signer
from sdmp.resource import peek_identity
from sdmp.signature import Envelope


class State(Enum):
    """Where a session stands."""

    NEW = auto()  # nothing sent, nothing received
    CALLING = auto()  # the initiator's value is sent
    CALLED = auto()  # the initiator's value is here; ours, or a refusal, is due
    AGREED = auto()  # both values are known; the initiator's proof is due
    WAITING = auto()  # the peer's credentials and proof are awaited
    JUDGING = auto()  # the peer has proved its key; our answer is due
    OPEN = auto()  # traffic both ways
    CLOSED = auto()


class Step(Enum):
    """What can happen: first what the owner does, then what the peer's frames mean."""

    START = auto()
    PROVE = auto()
    ACCEPT = auto()
    REFUSE = auto()
    SEND = auto()

    GOT_VALUE = auto()
    GOT_CREDENTIAL = auto()
    GOT_PROOF = auto()
    GOT_REFUSAL = auto()
    GOT_TRAFFIC = auto()


_OPEN = {
    Step.SEND: State.OPEN,
    Step.REFUSE: State.CLOSED,
    Step.GOT_TRAFFIC: State.OPEN,
    Step.GOT_REFUSAL: State.CLOSED,
}

# All that may happen. What is not here is a mistake of whoever does it, and closes the session.
TRANSITIONS: dict[tuple[Role, State], dict[Step, State]] = {
    (Role.INITIATOR, State.NEW): {Step.START: State.CALLING},
    (Role.INITIATOR, State.CALLING): {
        Step.GOT_VALUE: State.AGREED,
        Step.GOT_REFUSAL: State.CLOSED,
    },
    (Role.INITIATOR, State.AGREED): {Step.PROVE: State.WAITING},
    (Role.INITIATOR, State.WAITING): {
        Step.GOT_CREDENTIAL: State.WAITING,
        Step.GOT_PROOF: State.JUDGING,
        Step.GOT_REFUSAL: State.CLOSED,
    },
    (Role.INITIATOR, State.JUDGING): {Step.ACCEPT: State.OPEN, Step.REFUSE: State.CLOSED},
    (Role.INITIATOR, State.OPEN): _OPEN,
    (Role.RESPONDER, State.NEW): {Step.GOT_VALUE: State.CALLED},
    (Role.RESPONDER, State.CALLED): {Step.START: State.WAITING, Step.REFUSE: State.CLOSED},
    (Role.RESPONDER, State.WAITING): {
        Step.GOT_CREDENTIAL: State.WAITING,
        Step.GOT_PROOF: State.JUDGING,
    },
    (Role.RESPONDER, State.JUDGING): {Step.PROVE: State.OPEN, Step.REFUSE: State.CLOSED},
    (Role.RESPONDER, State.OPEN): _OPEN,
}


@dataclass(frozen=True, slots=True)
class Agreed:
    """Both values are known: the initiator now calls `prove`, the responder `start`."""


@dataclass(frozen=True, slots=True)
class Proved:
    """The peer has proved the key `node` (a fingerprint) in this session.

    Whether we may talk to it is for the owner to answer: `prove` (responder) or `open`
    (initiator), or `refuse`. The credentials are envelopes and no more: nothing in them has been
    checked, their signatures included.
    """

    node: str
    credentials: tuple[Envelope, ...]


@dataclass(frozen=True, slots=True)
class Traffic:
    """A resource came: traffic, or a credential. Its signature has not been checked."""

    envelope: Envelope


@dataclass(frozen=True, slots=True)
class RefusedByPeer:
    """The peer said no, and the session is closed.

    `revocations` are the resources that came before the refusal instead of a proof, unchecked.
    Anyone who answers the call can send them, but only what is signed counts.
    """

    revocations: tuple[Envelope, ...] = ()


Event = Agreed | Proved | Traffic | RefusedByPeer


class Session:
    """One end of a session (protocol §10).

    `state` tells where it stands, `peer` is the fingerprint that the peer has proved, or None,
    `keys` what both sides have computed, or None.
    """

    def __init__(
        self,
        role: Role,
        key: Signer,
        find_key: Callable[[str], PublicKey | None],
        *,
        expected: str | None = None,
        private_value: bytes | None = None,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """Prepare a session; nothing happens yet.

        `key` signs our proof. `find_key` gives the public key of a fingerprint, or None where it
        is not known; it is then looked for among the peer's credentials. `expected` is the
        fingerprint of the node that an initiator means to reach, which it has to name.
        `private_value` (32 octets) is drawn from `random` unless given.

        Raises LocalSessionError for an initiator that does not say whom it calls.
        """
        if role is Role.INITIATOR and expected is None:
            raise LocalSessionError("An initiator must say which node it means to reach.")
        self.role = role
        self.state = State.NEW
        self.peer: str | None = None
        self.keys: Keys | None = None
        self._key = key
        self._find_key = find_key
        self._expected = expected
        self._random = random
        self._private = random(handshake.VALUE_BYTES) if private_value is None else private_value
        self._value = handshake.public_value(self._private)
        self._peer_value = ClearValue(b"", "")
        self._secret = b""
        self._first_frame = b""
        self._credentials: list[Envelope] = []
        self._sealer: Sealer | None = None
        self._opener: Opener | None = None

    @property
    def is_open(self) -> bool:
        """Whether traffic may go both ways."""
        return self.state is State.OPEN

    @property
    def frame_limit(self) -> int:
        """How many bytes a frame may have that the transport takes in now (protocol §11)."""
        proved = self.state is State.OPEN or (
            # The responder's traffic may come right behind its proof.
            self.state is State.JUDGING and self.role is Role.INITIATOR
        )
        return limits.RESPONSE_FRAME_BYTES if proved else limits.FRAME_BYTES_UNPROVED

    def start(self) -> list[str]:
        """Return our value in the clear: frame 1 of an initiator, frame 2 of a responder."""
        self._own_step(Step.START)
        frame = handshake.write_value(self._value)
        if self.role is Role.INITIATOR:
            self._first_frame = frame.encode()
        else:
            self._agree(self._first_frame, frame.encode())
        return [frame]

    def speak_as(self, key: Signer) -> None:
        """Prove another key than the one given at first; for a responder that has several.

        The caller has not said whom it means to reach, and we have not said who we are.

        Raises LocalSessionError once our proof is sent.
        """
        if self.state is not State.JUDGING or self.role is not Role.RESPONDER:
            raise self._misuse("Only a responder that has not proved itself can choose its key.")
        self._key = key

    def prove(self, credentials: Sequence[Envelope] = ()) -> list[str]:
        """Return the frames of step 3 or 4: at most 32 credentials, then our session object.

        Raises LocalSessionError where they are too many, or one does not fit its frame.
        """
        self._own_step(Step.PROVE)
        if len(credentials) > limits.CREDENTIALS:
            raise self._misuse(f"At most {limits.CREDENTIALS} credentials can be shown.")
        keys = self.keys
        assert keys is not None  # holds in every state from which one can prove
        proof = handshake.make_proof(self._key, self.role, self._value, keys.transcript)
        containers = [envelope.to_bytes() for envelope in (*credentials, proof)]
        return [self._seal(container, limits.FRAME_BYTES_UNPROVED) for container in containers]

    def open(self) -> None:
        """Say yes to the responder that has proved itself; traffic may begin."""
        self._own_step(Step.ACCEPT)

    def refuse(self, revocations: Sequence[Envelope] = ()) -> list[str]:
        """Return the frames that say no to the peer, and close the session.

        `revocations` (at most 32) are the cause, told only to a node that has proved itself; the
        owner sees to it that they are for this node. Raises LocalSessionError where no refusal
        can be said, or none with a cause.
        """
        clear = self.state is State.CALLED
        # To an initiator in step 3 we have not proved ourselves.
        unproved = self.state is State.JUDGING and self.role is Role.RESPONDER
        limit = limits.FRAME_BYTES_UNPROVED if unproved else limits.FRAME_BYTES
        if len(revocations) > (0 if clear else limits.CREDENTIALS):
            raise self._misuse("These revocations cannot be told to the peer.")
        self._own_step(Step.REFUSE)
        if clear:
            frames = [handshake.REFUSAL.decode("ascii")]
        else:
            causes = [envelope.to_bytes() for envelope in revocations]
            frames = [self._seal(cause, limit) for cause in (*causes, handshake.REFUSAL)]
        self.close()
        return frames

    def send(self, container_json: bytes) -> list[str]:
        """Return the frames that carry one resource, given as the JSON of its container.

        Raises LocalSessionError unless the session is open, and for a resource whose frame would
        be larger than the peer takes (protocol §11).
        """
        self._own_step(Step.SEND)
        frame = self._seal(container_json, limits.RESPONSE_FRAME_BYTES)
        if len(frame) > limits.FRAME_BYTES:
            try:
                response = handshake.lists_response(handshake.read_sealed(container_json))
            except SdmpError as error:
                raise self._misuse(f"What is to be sent is no resource: {error}") from error
            if not response:
                raise self._misuse("The frame is too large for anything but a response.")
        return [frame]

    def receive(self, frame: str | bytes) -> list[Event]:
        """Take in one frame of the peer, a text or its UTF-8, and return what it means.

        Raises RemoteSessionError for any frame that is malformed, unexpected, too large or not
        authentic, and LocalSessionError where an initiator feeds frames before it has answered
        the responder's proof; the session is then closed.
        """
        if self.state is State.JUDGING and self.role is Role.INITIATOR:
            raise self._misuse("Answer the peer's proof before receiving more.")
        if self.state is State.CLOSED:
            raise RemoteSessionError("A frame came after the session was closed.")
        try:
            data = frame if isinstance(frame, bytes) else frame.encode()
            if len(data) > self.frame_limit:
                raise RemoteSessionError(f"A frame of {len(data)} bytes is too large now.")
            return self._receive(data)
        except UnicodeEncodeError as error:
            self.close()
            raise RemoteSessionError("A frame is not Unicode text.") from error
        except SessionError:
            self.close()
            raise
        except SdmpError as error:
            self.close()
            raise RemoteSessionError(str(error)) from error
        except BaseException:  # find_key failed, or we did: in no case go on half way
            self.close()
            raise

    def close(self) -> None:
        """End the session without a word, as when the connection is gone; forgets its secrets."""
        self.state = State.CLOSED
        self.keys = self._sealer = self._opener = None
        self._private = self._secret = b""
        self._credentials = []

    def _receive(self, data: bytes) -> list[Event]:
        if self.state in (State.NEW, State.CALLING):
            return self._receive_clear(data)
        if self._opener is None:
            raise RemoteSessionError(f"No frame was due in the state {self.state.name}.")
        envelope = handshake.read_sealed(self._opener.open(data))
        if envelope is None:
            return self._refused()
        if self.state is State.WAITING:
            return self._receive_credential(envelope)
        if len(data) > limits.FRAME_BYTES and not handshake.lists_response(envelope):
            raise RemoteSessionError("A frame is too large for anything but a response.")
        self._peer_step(Step.GOT_TRAFFIC)
        return [Traffic(envelope)]

    def _receive_clear(self, data: bytes) -> list[Event]:
        value = handshake.read_value(data)
        if value is None:
            return self._refused()
        if value.octets == self._value:
            raise RemoteSessionError("The peer sends our own value back.")
        self._peer_step(Step.GOT_VALUE)
        self._peer_value = value
        self._secret = handshake.shared_secret(self._private, value.octets)
        if self.role is Role.INITIATOR:
            self._agree(self._first_frame, data)
        else:
            self._first_frame = data
        return [Agreed()]

    def _agree(self, frame1: bytes, frame2: bytes) -> None:
        self.keys = handshake.derive_keys(frame1, frame2, self._secret)
        self._sealer = Sealer(self.keys.of(self.role), self._random)
        self._opener = Opener(self.keys.of(self.role.other), self._peer_value.version)
        self._private = self._secret = b""

    def _receive_credential(self, envelope: Envelope) -> list[Event]:
        payload = handshake.read_payload(envelope)
        if handshake.is_proof(payload):
            return self._receive_proof(envelope, payload)
        self._peer_step(Step.GOT_CREDENTIAL)
        if len(self._credentials) == limits.CREDENTIALS:
            raise RemoteSessionError(f"The peer shows more than {limits.CREDENTIALS} credentials.")
        self._credentials.append(envelope)
        return []

    def _receive_proof(self, envelope: Envelope, payload: JSON) -> list[Event]:
        keys = self.keys
        assert keys is not None  # frames could not be opened without
        if envelope.signer == self._key.fingerprint:
            raise RemoteSessionError("The peer claims our own key.")
        if self._expected is not None and envelope.signer != self._expected:
            raise RemoteSessionError("Another node answers than the one meant to be reached.")
        key = self._find_key(envelope.signer) or self._shown_key(envelope.signer)
        if key is None:
            raise RemoteSessionError("The key of the peer is not known.")
        shown = self._peer_value.octets
        handshake.check_proof(envelope, payload, key, self.role.other, shown, keys.transcript)
        self._peer_step(Step.GOT_PROOF)
        self.peer = envelope.signer
        credentials, self._credentials = tuple(self._credentials), []
        return [Proved(self.peer, credentials)]

    def _shown_key(self, fingerprint: str) -> PublicKey | None:
        # An identity shows which key a fingerprint means. Whether it counts, the owner judges.
        for envelope in self._credentials:
            if envelope.signer == fingerprint and (key := peek_identity(envelope)) is not None:
                return key
        return None

    def _refused(self) -> list[Event]:
        revocations = tuple(self._credentials)
        self._peer_step(Step.GOT_REFUSAL)
        self.close()
        return [RefusedByPeer(revocations)]

    def _seal(self, plaintext: bytes, limit: int) -> str:
        assert self._sealer is not None  # holds in every state from which one can send
        frame = self._sealer.seal(plaintext)
        if len(frame) > limit:
            raise self._misuse(f"A frame of {len(frame)} bytes is larger than the peer takes now.")
        return frame

    def _own_step(self, step: Step) -> None:
        after = TRANSITIONS.get((self.role, self.state), {}).get(step)
        if after is None:
            raise self._misuse(f"{step.name} cannot be done in the state {self.state.name}.")
        self.state = after

    def _peer_step(self, step: Step) -> None:
        after = TRANSITIONS.get((self.role, self.state), {}).get(step)
        if after is None:
            raise RemoteSessionError(f"{step.name} was not due in the state {self.state.name}.")
        self.state = after

    def _misuse(self, sentence: str) -> LocalSessionError:
        self.close()
        return LocalSessionError(sentence)
