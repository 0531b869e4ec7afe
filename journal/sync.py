"""One session with a peer, whichever side opened it: the handshake, then traffic (protocol §10).

`converse` drives a `sdmp.session.Session` over a transport as one coroutine. It moves frames and
waits; what is said is decided in `journal.meeting` and `journal.desk`. Two doors lead here: the
consumer at `/sdmp`, and `journal.links`, which dials.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable
from typing import Final

import structlog
from channels.layers import get_channel_layer
from django.utils import timezone

from journal import presence
from journal.desk import Desk, Plan
from journal.meeting import Meeting
from journal.metering import Metered, TooMuch, used_within_a_day
from journal.threads import in_thread
from journal.transport import Closed, Transport
from journal.waking import CALL_BACK, END, SESSIONS
from nodes.counts import count
from sdmp import limits
from sdmp.errors import RemoteSessionError, SdmpError
from sdmp.session import Agreed, Event, Proved, RefusedByPeer, Session, State, Traffic

_log = structlog.get_logger(__name__)

_RECHECK_SECONDS: Final = 60.0  # trusts end by themselves
_SHORT_LINGER: Final = 5.0
_SECONDS_BETWEEN_LOOKS: Final = 0.02
_SECONDS_TO_FILE: Final = 1.0  # in which a peer files what it was shown
_LARGE_FRAME: Final = 64 * 1024  # from here on a frame is opened outside the loop


class Refused(Exception):
    """One of the two sides said no."""


async def converse(
    meeting: Meeting,
    transport: Transport,
    *,
    linger: float | None = None,
    proved: Callable[[], None] = lambda: None,
) -> None:
    """Meet a node and talk to it until either side ends.

    Args:
        meeting: who meets; made for a call out or for a call in.
        transport: the connection, already open.
        linger: seconds without anything to carry after which we close; never when `None`.
        proved: called when the session is open.

    Raises:
        Closed: the connection went away before the session was open.
        Refused: one side said no.
        RemoteSessionError: the peer broke the rules.
        TooMuch: the peer reached a limit (`nodes.bounds`), and the session has ended.
    """
    structlog.contextvars.bind_contextvars(session=secrets.token_hex(4))
    metered = Metered(transport)
    session = await _begin(meeting, metered, proved)
    if meeting.introduced:
        await transport.close()
        return
    desk = await in_thread(meeting.desk)
    metered.met(desk.node, await in_thread(used_within_a_day, desk.node, timezone.now()))
    try:
        await Dialogue(session, metered, desk, linger).run()
    finally:
        metered.note()
    if metered.reached is not None:
        raise TooMuch(metered.reached)


async def _begin(meeting: Meeting, transport: Transport, proved: Callable[[], None]) -> Session:
    """Shake hands, and count how that ended."""
    outcome = "failed"
    try:
        async with asyncio.timeout(limits.HANDSHAKE_SECONDS):
            session = await _shake_hands(meeting, transport, proved)
        outcome = "introduced" if meeting.introduced else "open"
    except TimeoutError:
        outcome = "slow"
        raise RemoteSessionError("The handshake took too long.") from None
    except Refused:
        outcome = "refused"
        raise
    except Closed:
        outcome = "closed"
        raise
    finally:
        count("handshakes", outcome)
    return session


async def _shake_hands(
    meeting: Meeting, transport: Transport, proved: Callable[[], None]
) -> Session:
    session: Session = await in_thread(meeting.begin)
    for frame in await in_thread(meeting.first_frames):
        await transport.send(frame)
    while not session.is_open:
        for event in session.receive(await transport.receive(session.frame_limit)):
            answer = await in_thread(_answer, meeting, event)
            if session.is_open:
                proved()  # before the peer, told so, may send large frames
            for frame in answer:
                await transport.send(frame)
        if session.state is State.CLOSED:
            await in_thread(meeting.parted)
            raise Refused(meeting.why_not)
    return session


def _answer(meeting: Meeting, event: Event) -> list[str]:
    match event:
        case Agreed():
            return meeting.agreed()
        case Proved(node, credentials):
            return meeting.proved(node, credentials)
        case RefusedByPeer(revocations):
            meeting.refused(revocations)
    return []


class _Over(Exception):
    """The session is to end; nothing is wrong."""


class Dialogue:
    """Traffic over an open session: answers, asks and broadcasts at once."""

    def __init__(
        self, session: Session, transport: Metered, desk: Desk, linger: float | None
    ) -> None:
        self._session = session
        self._transport = transport
        self._desk = desk
        self._linger = linger
        self._woken = asyncio.Event()
        self._sending = asyncio.Lock()
        self._working = asyncio.Lock()  # a desk does one thing at a time
        self._busy_at = time.monotonic()
        self._noting: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Talk until the connection or the right to talk is gone, or nothing more is due."""
        layer = get_channel_layer()
        assert layer is not None
        channel = await layer.new_channel()
        await layer.group_add(SESSIONS, channel)
        place = await presence.enter(self._desk.node, self.stop)
        try:
            async with self._working:
                await self._carry_out(await in_thread(self._desk.begin))
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._read())
                tasks.create_task(self._pump())
                tasks.create_task(self._listen(channel, place))
                tasks.create_task(self._beat())
        except* (_Over, Closed):
            pass
        except* SdmpError as errors:
            reason = str(errors.exceptions[0])
            _log.warning("session ended", peer=self._desk.node[:12], reason=reason)
        finally:
            self._session.close()
            await self._transport.close()
            with contextlib.suppress(Exception):
                await layer.group_discard(SESSIONS, channel)
            if self._noting:
                await asyncio.wait(self._noting)
            await in_thread(self._desk.end)
            await presence.leave(self._desk.node, place)

    async def stop(self) -> None:
        """End the session from outside."""
        await self._transport.close()

    async def _read(self) -> None:
        while True:
            frame = await self._transport.receive(self._session.frame_limit)
            self._busy_at = time.monotonic()
            if len(frame) < _LARGE_FRAME:
                events = self._session.receive(frame)
            else:
                async with self._sending:
                    events = await in_thread(self._session.receive, frame)
            for event in events:
                await self._take(event)

    async def _take(self, event: Event) -> None:
        match event:
            case Traffic(envelope):
                async with self._working:
                    await self._carry_out(await in_thread(self._desk.handle, envelope))
            case RefusedByPeer():
                raise _Over

    async def _pump(self) -> None:
        looked = 0.0
        while True:
            await self._woken.wait()
            # News that come in a swarm are told together.
            await asyncio.sleep(max(0.0, looked + _SECONDS_BETWEEN_LOOKS - time.monotonic()))
            self._woken.clear()
            async with self._working:
                looked = time.monotonic()
                await self._carry_out(await in_thread(self._desk.plan))

    async def _listen(self, channel: str, place: str) -> None:
        """Wake for news of the journal; a message that names peers is for those alone."""
        layer = get_channel_layer()
        assert layer is not None
        while True:
            message = await layer.receive(channel)
            if self._desk.node not in message.get("peers", (self._desk.node,)):
                continue
            if message.get("type") == END and place in message["places"]:
                raise _Over
            if message.get("type") == CALL_BACK:
                await self._ask_to_call()
            self._woken.set()

    async def _ask_to_call(self) -> None:
        """Show our address and end, so that the peer has a reason to call us."""
        async with self._working:
            await self._carry_out(await in_thread(self._desk.ask_to_call))
        await asyncio.sleep(_SECONDS_TO_FILE)
        raise _Over

    async def _beat(self) -> None:
        """End a session that has no work; ask again now and then whether we may talk."""
        step = _RECHECK_SECONDS
        if self._linger is not None:
            step = min(step, max(self._linger / 4, 0.25))
        asked_at = time.monotonic()
        while True:
            await asyncio.sleep(step)
            idle = time.monotonic() - self._busy_at
            if self._linger is not None and idle > self._linger:
                raise _Over
            if time.monotonic() - asked_at >= _RECHECK_SECONDS or self._linger_is_short():
                asked_at = time.monotonic()
                self._woken.set()
                self._transport.note()
                used = await in_thread(used_within_a_day, self._desk.node, timezone.now())
                self._transport.allow(used)

    def _linger_is_short(self) -> bool:
        """Tell whether a command holds the session, to which nobody else's wake-ups come."""
        return self._linger is not None and self._linger < _SHORT_LINGER

    async def _carry_out(self, plan: Plan) -> None:
        async with self._sending:
            for container in plan.send:
                self._busy_at = time.monotonic()
                for frame in self._session.send(container):
                    await self._transport.send(frame)
            if plan.refuse is not None:
                for frame in self._session.refuse(plan.refuse):
                    await self._transport.send(frame)
        if plan.handed:
            # Nobody waits for it, the peer least of all.
            noting = asyncio.create_task(self._note_handed(plan.handed))
            self._noting.add(noting)
            noting.add_done_callback(self._noting.discard)
        if plan.refuse is not None:
            await in_thread(self._desk.parted)
            raise _Over

    async def _note_handed(self, identifiers: list[str]) -> None:
        try:
            await in_thread(self._desk.handed, identifiers)
        except Exception:
            _log.exception("not noted what was handed over")
