"""Who may come in to prove itself: how many at once, and how often (protocol §11).

Everything here is in the memory of one process, so that a flood costs next to nothing.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

import structlog

from nodes import bounds
from nodes.bounds import HANDSHAKES, Minute, network
from nodes.counts import count
from sdmp import limits

_log = structlog.get_logger(__name__)
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

    def enter(self) -> bool:
        """Let it in to prove itself; false when it has to go, with the reason in the log."""
        if not _calls.within(self._network):
            bounds.reached(HANDSHAKES, address=self._network)
            return self._turn_away("too often")
        if _waiting[self._network] >= limits.UNPROVED_PER_ADDRESS:
            return self._turn_away("too many of the address")
        if _waiting.total() >= limits.UNPROVED_TOTAL:
            return self._turn_away("too many in all")
        _waiting[self._network] += 1
        self._counted = True
        return True

    def leave(self) -> None:
        """Count it no longer among those that have not proved themselves; may be called twice."""
        if self._counted:
            self._counted = False
            _waiting[self._network] -= 1
            if not _waiting[self._network]:
                del _waiting[self._network]

    def _turn_away(self, reason: str) -> bool:
        count("calls_refused", reason)
        if bounds.seldom(f"calls {reason}"):
            _log.info("call turned away", reason=reason, address=self._network)
        return False
