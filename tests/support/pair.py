"""Two sessions joined in memory, so that a test of a handshake is five lines."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sdmp.errors import SessionError
from sdmp.handshake import Role
from sdmp.keys import PublicKey
from sdmp.session import Agreed, Event, Proved, Session, State
from sdmp.signature import Envelope
from tests.support.cast import DESK, EVERYONE, LAPTOP, Member

Wire = Callable[[Role, int, str], Sequence[str]]
"""What becomes of a frame on its way, given who sent it as which of its frames, counting from 0."""


def find_key(fingerprint: str) -> PublicKey | None:
    """Find the key of anybody in the cast."""
    return next((one.public for one in EVERYONE if one.fingerprint == fingerprint), None)


def know_nobody(fingerprint: str) -> None:
    """Find no key, as a node that has met nobody."""


def faithful(sender: Role, number: int, frame: str) -> Sequence[str]:
    """Carry each frame as it is."""
    return [frame]


@dataclass
class End:
    """One side: its session, what it says when it may, and what it has come to know."""

    session: Session
    credentials: Sequence[Envelope] = ()
    traffic: Sequence[Envelope] = ()
    willing: bool = True
    causes: Sequence[Envelope] = ()
    sent: list[str] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    error: SessionError | None = None

    def react(self, event: Event) -> list[str]:
        """Do what the protocol wants next, and return the frames."""
        session = self.session
        initiator = session.role is Role.INITIATOR
        match event:
            case Agreed():
                return session.prove(self.credentials) if initiator else session.start()
            case Proved() if not self.willing:
                return session.refuse(self.causes)
            case Proved() if initiator:
                session.open()
                return self.say()
            case Proved():
                return session.prove(self.credentials) + self.say()
            case _:
                return []

    def say(self) -> list[str]:
        """Return the frames of the traffic that is due."""
        return [frame for each in self.traffic for frame in self.session.send(each.to_bytes())]

    def receive(self, frame: str) -> list[str]:
        """Take in a frame and return the frames to answer with; an error is kept."""
        if self.error is not None:
            return []
        try:
            events = self.session.receive(frame)
            self.events += events
            return [answer for event in events for answer in self.react(event)]
        except SessionError as error:
            self.error = error
            return []


class Pair:
    """An initiator and a responder, and the wire between them."""

    def __init__(
        self,
        initiator: Member = LAPTOP,
        responder: Member = DESK,
        *,
        expected: Member | None = None,
        keys: Callable[[str], PublicKey | None] = find_key,
        wire: Wire = faithful,
    ) -> None:
        """Join two members of the cast; `expected` is whom the initiator means to reach."""
        target = (expected or responder).fingerprint
        self.initiator = End(Session(Role.INITIATOR, initiator.key, keys, expected=target))
        self.responder = End(Session(Role.RESPONDER, responder.key, keys))
        self.wire = wire

    def end(self, role: Role) -> End:
        """Return the end that plays `role`."""
        return self.initiator if role is Role.INITIATOR else self.responder

    def run(self) -> "Pair":
        """Start the handshake and carry frames until nobody has anything more to say."""
        return self.carry(Role.INITIATOR, self.initiator.session.start())

    def carry(self, sender: Role, frames: Sequence[str]) -> "Pair":
        """Carry the frames of `sender`, and all that follows from them."""
        queue = deque((sender, frame) for frame in frames)
        while queue:
            source, frame = queue.popleft()
            sent = self.end(source).sent
            sent.append(frame)
            for arriving in self.wire(source, len(sent) - 1, frame):
                answers = self.end(source.other).receive(arriving)
                queue.extend((source.other, answer) for answer in answers)
        return self

    @property
    def open(self) -> bool:
        """Whether both sides are in the open state."""
        return all(end.session.state is State.OPEN for end in (self.initiator, self.responder))
