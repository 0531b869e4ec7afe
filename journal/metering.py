"""Measuring what goes to and fro in a session, and ending it when that is too much.

The engine reads and writes through a `Metered` transport. What it counts is written down every few
seconds (`nodes.counts`), so a frame costs a few additions.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Sum

from journal.transport import Closed, Transport
from nodes.bounds import DAY_FRAMES, DAY_MB, SESSION_FRAMES, SESSION_MB, Bound, reached
from nodes.counts import exchanged
from nodes.models import Exchange

_SECONDS_BETWEEN_NOTES: Final = 5.0
_A_DAY: Final = timedelta(hours=24)
REST: Final = timedelta(minutes=15)
"""For how long a peer is not called that has reached a limit."""


class TooMuch(Exception):
    """A peer has reached a limit; `bound` says which."""

    def __init__(self, bound: Bound) -> None:
        self.bound = bound
        super().__init__(f"The limit {bound.setting} was reached; it is called again later.")


class Metered:
    """A transport that counts, and goes no further than the limits. Sizes are in bytes."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._frames_in = self._frames_out = self._bytes_in = self._bytes_out = 0
        self._written = (0, 0, 0, 0)
        self._peer = ""
        self._not_before = 0.0
        self._frames_left = SESSION_FRAMES.most
        self._bytes_left = SESSION_MB.most
        self._frames_bound, self._bytes_bound = SESSION_FRAMES, SESSION_MB
        self.reached: Bound | None = None

    async def send(self, frame: str) -> None:
        """Send one frame. Raises Closed, also when that would be too much."""
        self._check()
        await self._transport.send(frame)
        self._frames_out += 1
        self._bytes_out += len(frame)  # a frame is ASCII: the protocol's JSON is base64 inside
        self._note_now_and_then()

    async def receive(self, limit: int) -> str:
        """Wait for a frame of at most `limit` bytes. Raises Closed, also when it is too much."""
        frame = await self._transport.receive(limit)
        self._frames_in += 1
        self._bytes_in += len(frame)
        self._check()
        self._note_now_and_then()
        return frame

    async def close(self) -> None:
        """Close the connection; may be called twice."""
        await self._transport.close()

    def met(self, peer: str, used: tuple[int, int]) -> None:
        """Learn who it is, and how many frames and bytes went to and fro within a day before."""
        self._peer = peer
        exchanged(peer, sessions=1)
        self.allow(used)

    def allow(self, used: tuple[int, int]) -> None:
        """Set anew what this session may still carry; `used` is what all carried within a day."""
        # What this session has written down is among what was used.
        frames_in, _, bytes_in, bytes_out = self._written
        frames = DAY_FRAMES.most - used[0] + frames_in
        size = DAY_MB.most - used[1] + bytes_in + bytes_out
        self._frames_left, self._frames_bound = min(
            (SESSION_FRAMES.most, SESSION_FRAMES), (frames, DAY_FRAMES), key=_first
        )
        self._bytes_left, self._bytes_bound = min(
            (SESSION_MB.most, SESSION_MB), (size, DAY_MB), key=_first
        )

    def note(self) -> None:
        """Write down what was counted since the last time."""
        if not self._peer:
            return
        now = (self._frames_in, self._frames_out, self._bytes_in, self._bytes_out)
        names = ("frames_in", "frames_out", "bytes_in", "bytes_out")
        more = [new - old for new, old in zip(now, self._written, strict=True)]
        self._written = now
        if any(more):
            exchanged(self._peer, **dict(zip(names, more, strict=True)))

    def _note_now_and_then(self) -> None:
        moment = time.monotonic()
        if moment >= self._not_before:
            self._not_before = moment + _SECONDS_BETWEEN_NOTES
            self.note()

    def _check(self) -> None:
        if self._frames_in > self._frames_left:
            self._stop(self._frames_bound)
        if self._bytes_in + self._bytes_out > self._bytes_left:
            self._stop(self._bytes_bound)

    def _stop(self, bound: Bound) -> None:
        if self.reached is None:
            self.reached = bound
            reached(bound)
        raise Closed


def used_within_a_day(peer: str, now: datetime) -> tuple[int, int]:
    """Say how many frames of a peer and how many bytes to and from it the last 24 hours had."""
    found = Exchange.objects.filter(peer=peer, hour__gt=now - _A_DAY).aggregate(
        frames=Sum("frames_in", default=0),
        received=Sum("bytes_in", default=0),
        sent=Sum("bytes_out", default=0),
    )
    return found["frames"], found["received"] + found["sent"]


def too_much_today(peer: str, now: datetime) -> Bound | None:
    """Say which limit of a day a peer has reached, if one; it is refused and not called then."""
    frames, size = used_within_a_day(peer, now)
    if frames >= DAY_FRAMES.most:
        return DAY_FRAMES
    return DAY_MB if size >= DAY_MB.most else None


def _first(pair: tuple[int, Bound]) -> int:
    return pair[0]
