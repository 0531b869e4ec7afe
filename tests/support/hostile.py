"""A node without a server behind it, which can tell the truth and can lie.

Written with the protocol package and `websockets` alone. An `Actor` is a user and the user's one
node, with real keys and a journal; a `Link` is one session of it with a node under test. Left to
itself a link is honest: it broadcasts the actor's journal, answers what it is asked and fetches
what it hears of. A test makes it lie by setting `answer` or by saying what it likes.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from sdmp import limits, traffic
from sdmp.card import write_card
from sdmp.container import build_from
from sdmp.encoding import JSON, read_json
from sdmp.encrypted import open_sealed, read_inner, seal
from sdmp.errors import SdmpError
from sdmp.handshake import Role
from sdmp.keys import PrivateKey, PublicKey, generate
from sdmp.letter import Letter, write_letter
from sdmp.lines import first_line, make_line
from sdmp.resource import make_resource, read_resource
from sdmp.session import Agreed, Event, Proved, RefusedByPeer, Session, State, Traffic
from sdmp.signature import Envelope, read_envelope
from tests.support.cast import EXPIRES, FULL, HOST

PATIENCE = 30.0
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Target:
    """A node under test as others know it, and the keys of its user and of itself."""

    port: int
    user: PublicKey
    node: PublicKey

    @property
    def url(self) -> str:
        """Where it is called."""
        return f"ws://127.0.0.1:{self.port}/sdmp"


class Actor:
    """A user with one node, and the node's journal."""

    def __init__(self, name: str, *, port: int = 9, powers: Sequence[str] = FULL) -> None:
        """Make the keys, and the resources of a card; `port` is what the address says."""
        self.name = name
        self.user = generate(2048)
        self.node = generate(2048)
        self.store: dict[str, Envelope] = {}
        self.lines = [first_line(self.node.fingerprint)]
        self.identity = self.by_user(identity=_identity("user", self.user))
        self.trust = self.by_user(trust=_trust(self.node.fingerprint, "node", powers))
        self.node_identity = self.by_node(identity=_identity("node", self.node))
        self.address = self.by_node(node={"ips": [f"127.0.0.1:{port}"]})
        self.profile = self.by_user(user={"name": name})
        self.about = [self.identity, self.trust, self.node_identity, self.address, self.profile]
        for envelope in self.about:
            self.publish(envelope)

    def by_user(self, **sections: Any) -> Envelope:
        """A resource signed with the user's own key."""
        return make_resource(self.user.fingerprint, self.user, sections).envelope

    def by_node(self, *, as_user: str = "", by: str = "", **sections: Any) -> Envelope:
        """A resource signed by the node, for `as_user`, naming the trust `by`."""
        user = as_user or self.user.fingerprint
        named = by or self.trust.identifier
        return make_resource(user, self.node, sections, trust=named).envelope

    def trusts(self, user: str) -> Envelope:
        """The trust for another user."""
        return self.by_user(trust=_trust(user, "user", HOST))

    def card(self) -> bytes:
        """What the user hands to others."""
        return write_card(self.about)

    def credentials(self, user: str) -> list[Envelope]:
        """What a node of `user` must see to let this one in."""
        about = [self.identity, self.trust, self.node_identity]
        return [*about, self.trusts(user), self.address]

    def publish(self, envelope: Envelope, *, user: str = "") -> Envelope:
        """Keep a resource and add its line to the journal, as one of `user`."""
        self.store[envelope.identifier] = envelope
        author = user or self.user.fingerprint
        self.lines.append(make_line(self.lines[-1], author, envelope.identifier))
        return envelope

    def sealed(self, keys: Sequence[PublicKey], **inner: JSON) -> Envelope:
        """A resource whose content is encrypted for `keys`."""
        content = build_from({"resource": {"user": self.user.fingerprint}, **inner})
        return self.by_node(encrypted=seal(content, keys))

    def letter(self, target: Target, title: str, to: Sequence[str] | None = None) -> Envelope:
        """A private message that the target can open, addressed to its user unless `to` says."""
        addressed = (target.user.fingerprint,) if to is None else tuple(to)
        letter = Letter(date=datetime.now(UTC), to=addressed, title=title, body="body of " + title)
        keys = [target.user, target.node, self.user.public, self.node.public]
        return self.sealed(keys, message=write_letter(letter))


@dataclass
class Link:
    """One session of an actor with a target."""

    actor: Actor
    target: Target
    connection: ClientConnection
    session: Session
    fetches: bool = True
    known: str = ""
    told: int = 0
    heard: list[str] = field(default_factory=list)
    asked: list[traffic.Request] = field(default_factory=list)
    responses: dict[str, traffic.Response] = field(default_factory=dict)
    received: dict[str, Envelope] = field(default_factory=dict)
    bare: list[Envelope] = field(default_factory=list)
    receipts: set[str] = field(default_factory=set)
    refused: RefusedByPeer | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    # What a liar puts in the place of honest answers; None stands for no answer at all.
    answer: "Callable[[Link, traffic.Request], traffic.Section | None] | None" = None

    # Saying

    async def raw(self, frame: str | bytes) -> None:
        """Send a WebSocket message as it is."""
        with suppress(ConnectionClosed):
            await self.connection.send(frame)

    async def say(self, *envelopes: Envelope) -> None:
        """Send resources, sealed and numbered as they should be."""
        for envelope in envelopes:
            await self.say_bytes(envelope.to_bytes())

    async def say_bytes(self, container: bytes) -> None:
        """Send any bytes as the content of the next frame."""
        assert self.session._sealer is not None
        await self.raw(self.session._sealer.seal(container))

    async def speak(self, **section: Any) -> None:
        """Send traffic signed as it should be."""
        await self.say(self.actor.by_node(**section))

    async def broadcast(self) -> None:
        """Tell the lines of the actor's journal that were not told yet."""
        since = self.actor.lines[self.told].partition("@")[0]
        entries = self.actor.lines[self.told + 1 :]
        self.told = len(self.actor.lines) - 1
        await self.speak(broadcast=traffic.broadcast(since, entries))

    async def publish(self, envelope: Envelope) -> Envelope:
        """Publish a resource and tell its line."""
        self.actor.publish(envelope)
        await self.broadcast()
        return envelope

    async def ask(self, wanted: Sequence[traffic.Reference]) -> traffic.Response:
        """Ask for a batch of resources and wait for the answer."""
        identifier = f"r{next(_numbers)}"
        await self.speak(request_resource=traffic.request_batch(identifier, wanted))
        await self.until(lambda: identifier in self.responses)
        return self.responses[identifier]

    async def ask_one(self, author: str, resource: str) -> traffic.Response:
        """Ask for one resource and wait for the answer."""
        identifier = f"r{next(_numbers)}"
        await self.speak(request_resource=traffic.request_one(identifier, author, resource))
        await self.until(lambda: identifier in self.responses)
        return self.responses[identifier]

    async def ask_journal(self, since: str, limit: int | None = None) -> traffic.Response:
        """Ask for journal lines and wait for the answer."""
        identifier = f"j{next(_numbers)}"
        await self.speak(request_journal=traffic.request_journal(identifier, since, limit))
        await self.until(lambda: identifier in self.responses)
        return self.responses[identifier]

    # Waiting

    async def until(self, true: Callable[[], bool], seconds: float = PATIENCE) -> None:
        """Wait for something to become true; raises TimeoutError, or EOFError at the end."""
        async with asyncio.timeout(seconds):
            while not true():
                if self.ended.is_set():
                    raise EOFError("the node ended the session")
                self.changed.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.changed.wait(), 0.5)

    async def end(self, seconds: float = PATIENCE) -> None:
        """Wait until the node has ended the session."""
        async with asyncio.timeout(seconds):
            await self.ended.wait()

    # Hearing

    async def listen(self) -> None:
        """Take in frames until the connection is gone."""
        try:
            async for frame in self.connection:
                for event in self.session.receive(frame):
                    await self._take(event)
                self.changed.set()
        except (ConnectionClosed, SdmpError):
            pass
        finally:
            self.ended.set()
            self.changed.set()

    async def _take(self, event: Event) -> None:
        match event:
            case RefusedByPeer():
                self.refused = event
            case Traffic(envelope):
                await self._traffic(envelope)

    async def _traffic(self, envelope: Envelope) -> None:
        resource = read_resource(envelope, traffic=True, resolve=lambda _: True)
        if resource.kind not in ("broadcast", "request_journal", "request_resource", "response"):
            self.bare.append(envelope)
            return
        message = traffic.read_traffic(resource)
        match message:
            case traffic.Response():
                self.responses[message.identifier] = message
                self._keep(message)
            case traffic.Broadcast():
                await self._hear(message.since, message.entries)
            case _:
                self.asked.append(message)
                section = (self.answer or honest)(self, message)
                if section is not None:
                    await self.speak(response=section)

    async def _hear(self, since: str, entries: Sequence[str]) -> None:
        self.heard += entries
        news = [(line[87:173], line[174:]) for line in entries]
        if self.fetches and news:
            for start in range(0, len(news), limits.BATCH_RESOURCES):
                batch = news[start : start + limits.BATCH_RESOURCES]
                request = traffic.request_batch(f"f{next(_numbers)}", batch)
                await self.speak(request_resource=request)

    def _keep(self, message: traffic.Response) -> None:
        if isinstance(message.data, traffic.Batch):
            for value in message.data.resources:
                envelope = read_envelope(value)
                self.received[envelope.identifier] = envelope
                self._open(envelope)

    def _open(self, envelope: Envelope) -> None:
        """Note what a receipt says."""
        resource = read_resource(envelope, resolve=lambda _: True)
        if resource.kind != "encrypted":
            return
        try:
            plain = open_sealed(resource.sections["encrypted"], [self.actor.node])
            inner = read_inner(plain, resource.user)
        except SdmpError:
            return
        if "receipt" in inner.schemas:
            self.receipts.add(str(inner.section("receipt")))


def honest(link: Link, request: traffic.Request) -> traffic.Section | None:
    """Answer as an honest node would."""
    actor = link.actor
    if isinstance(request, traffic.RequestJournal):
        since = [line.partition("@")[0] for line in actor.lines]
        if request.since not in since:
            return traffic.answer_no(request.identifier)
        rest = actor.lines[since.index(request.since) + 1 :][: request.limit or 5000]
        return traffic.answer_journal(request.identifier, request.since, rest)
    found = [actor.store[each[1]] for each in request.wanted if each[1] in actor.store]
    missing = [each for each in request.wanted if each[1] not in actor.store]
    return traffic.answer_batch(request.identifier, found, missing)


class Call:
    """A handshake, step by step, from the initiator's side."""

    def __init__(
        self, actor: Actor, target: Target, connection: ClientConnection, key: PrivateKey
    ) -> None:
        self.actor = actor
        self.target = target
        self.connection = connection
        keys = {key.fingerprint: key for key in (target.user, target.node)}
        self.session = Session(Role.INITIATOR, key, keys.get, expected=target.node.fingerprint)
        self.refused: RefusedByPeer | None = None
        self.frames: list[str] = []

    async def agree(self) -> Self:
        """Steps 1 and 2."""
        for frame in self.session.start():
            await self.connection.send(frame)
        await self._receive()
        return self

    async def show(self, credentials: Sequence[Envelope]) -> bool:
        """Steps 3 and 4; whether the node has let us in."""
        for frame in self.session.prove(credentials):
            await self.connection.send(frame)
        while self.session.state is State.WAITING:
            for event in await self._receive():
                if isinstance(event, Proved):
                    self.session.open()
                    return True
        return False

    async def closed(self, seconds: float = PATIENCE) -> bool:
        """Wait until the node closes the connection; whatever it says before is kept."""
        with suppress(ConnectionClosed):
            async with asyncio.timeout(seconds):
                while True:
                    self.frames.append(str(await self.connection.recv()))
        return True

    async def _receive(self) -> list[Event]:
        async with asyncio.timeout(PATIENCE):
            frame = await self.connection.recv()
        assert isinstance(frame, str)
        self.frames.append(frame)
        events = self.session.receive(frame)
        for event in events:
            assert isinstance(event, Agreed | Proved | RefusedByPeer)
            if isinstance(event, RefusedByPeer):
                self.refused = event
        return events


@asynccontextmanager
async def calling(
    actor: Actor,
    target: Target,
    *,
    key: PrivateKey | None = None,
    source: str = "127.0.0.1",
    path: str = "",
    headers: Mapping[str, str] | None = None,
) -> AsyncIterator[Call]:
    """Connect and give the handshake in hand, nothing sent yet."""
    async with connect(
        target.url + path,
        max_size=limits.RESPONSE_FRAME_BYTES,
        compression=None,
        proxy=None,
        local_addr=(source, 0),
        additional_headers=headers,
        close_timeout=1,
        max_queue=64,
    ) as connection:
        yield Call(actor, target, connection, key or actor.node)


@asynccontextmanager
async def linked(
    actor: Actor,
    target: Target,
    *,
    answer: Callable[[Link, traffic.Request], traffic.Section | None] | None = None,
    credentials: Sequence[Envelope] | None = None,
    fetches: bool = True,
    greets: bool = True,
) -> AsyncIterator[Link]:
    """Open a session as the actor's node, greet, and listen in the background."""
    shown = actor.credentials(target.user.fingerprint) if credentials is None else credentials
    async with calling(actor, target) as call:
        await call.agree()
        assert await call.show(shown), "the node refused the session"
        link = Link(actor, target, call.connection, call.session, fetches, answer=answer)
        listening = asyncio.create_task(link.listen())
        try:
            if greets:
                await link.broadcast()
            yield link
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening


async def exchange(honest_link: Link, title: str = "still there?") -> None:
    """Send a letter over an honest session and wait for its receipt: the node serves others."""
    actor, target = honest_link.actor, honest_link.target
    letter = await honest_link.publish(actor.letter(target, title))
    await honest_link.until(lambda: letter.identifier in honest_link.receipts)


def parse(frame: str | bytes) -> Any:
    """Read a frame as JSON."""
    return read_json(frame)


def _identity(kind: str, key: PrivateKey) -> dict[str, JSON]:
    return {
        "type": kind,
        "expires": EXPIRES,
        "key": key.public.pem,
        "fingerprint": key.fingerprint,
    }


def _trust(trustee: str, kind: str, powers: Sequence[str]) -> dict[str, JSON]:
    return {"trustee": trustee, "type": kind, "authorization": list(powers)}
