"""Who may come in to prove itself: how many at once, and how often (protocol §11).

What one process has let in by itself is in its memory, so that a flood costs next to nothing. Only
what would fit is counted together with the other processes that take calls.
"""

from __future__ import annotations

import secrets
from collections import Counter
from typing import Final

import structlog

from nodes import bounds, together
from nodes.bounds import HANDSHAKES, Minute, network
from nodes.counts import count
from sdmp import limits

_log = structlog.get_logger(__name__)
_SECONDS: Final = int(limits.HANDSHAKE_SECONDS) + 5  # after which a killed process's are forgotten
_ALL: Final = "unproved"
_waiting: Final[Counter[str]] = Counter()  # connections that have not proved themselves
_calls: Final = Minute(HANDSHAKES)


class Visitor:
    """A connection from outside, until it has proved itself or is gone.

    Args:
        address: from where it comes; behind a believed proxy that of the client.
    """

    def __init__(self, address: str) -> None:
        self._network = network(address)
        self._counted = False
        self._place = secrets.token_hex(8)
        self._beside = f"{_ALL} {self._network}"

    async def enter(self) -> bool:
        """Let it in to prove itself; false when it has to go, with the reason in the log."""
        if not _calls.within(self._network):
            return self._turn_away_for_now()
        if _waiting[self._network] >= limits.UNPROVED_PER_ADDRESS:
            return self._turn_away("too many of the address")
        if _waiting.total() >= limits.UNPROVED_TOTAL:
            return self._turn_away("too many in all")
        _waiting[self._network] += 1
        self._counted = True
        if not await together.within(
            f"{HANDSHAKES.name} {self._network}", HANDSHAKES.most, HANDSHAKES.seconds
        ):
            return self._turn_away_for_now()
        beside = await together.enter(self._beside, self._place, _SECONDS)
        if len(beside) > limits.UNPROVED_PER_ADDRESS:
            return self._turn_away("too many of the address")
        if len(await together.enter(_ALL, self._place, _SECONDS)) > limits.UNPROVED_TOTAL:
            return self._turn_away("too many in all")
        return True

    def leave(self) -> None:
        """Count it no longer among those that have not proved themselves; may be called twice."""
        if self._counted:
            self._counted = False
            _waiting[self._network] -= 1
            if not _waiting[self._network]:
                del _waiting[self._network]
            together.leave_soon(self._beside, self._place)
            together.leave_soon(_ALL, self._place)

    def _turn_away_for_now(self) -> bool:
        bounds.reached(HANDSHAKES, address=self._network)
        return self._turn_away("too often")

    def _turn_away(self, reason: str) -> bool:
        self.leave()
        count("calls_refused", reason)
        if bounds.seldom(f"calls {reason}"):
            _log.info("call turned away", reason=reason, address=self._network)
        return False
