"""How much others may make this node do: every limit that its owner can set.

The caps of the protocol are in `sdmp.limits`, and nobody is told more than the protocol says: a
connection ends, or a call is refused. That a limit was reached is counted by its name, and the log
says so at most once a minute for each.
"""

from __future__ import annotations

import hashlib
import ipaddress
import threading
import time
from dataclasses import dataclass
from typing import Final

import structlog
from django.conf import settings
from django.core.cache import cache
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from nodes.counts import count

_log = structlog.get_logger(__name__)
_MEGABYTE: Final = 1_000_000
_SECONDS_BETWEEN_WORDS: Final = 60.0
_MOST_KEPT: Final = 20_000
_lock = threading.Lock()
_said: dict[str, float] = {}


@dataclass(frozen=True, slots=True)
class Bound:
    """A limit. `name` is its metric's label and, in capitals, the end of its setting's name.

    `words` say what is limited; `unit` is what one of it counts, `seconds` within which time:
    0 means at once, or in one session.
    """

    name: str
    words: str | Promise
    seconds: int = 60
    unit: int = 1

    @property
    def setting(self) -> str:
        """The name of its setting."""
        return f"SDMPWEB_LIMIT_{self.name.upper()}"

    @property
    def value(self) -> int:
        """What its setting says."""
        return int(settings.LIMITS[self.name])

    @property
    def most(self) -> int:
        """How much there may be, such as in bytes."""
        return self.value * self.unit


HANDSHAKES: Final = Bound("handshakes", _("calls of other nodes from one address in a minute"))
SESSIONS: Final = Bound("sessions", _("open sessions with one peer; the oldest is closed"), 0)
SESSION_FRAMES: Final = Bound("session_frames", _("frames of a peer in one session"), 0)
SESSION_MB: Final = Bound(
    "session_mb", _("megabytes to and from a peer in one session"), 0, _MEGABYTE
)
DAY_FRAMES: Final = Bound("day_frames", _("frames of a peer in 24 hours"), 86_400)
DAY_MB: Final = Bound("day_mb", _("megabytes to and from a peer in 24 hours"), 86_400, _MEGABYTE)
SIGN_INS: Final = Bound("sign_ins", _("failed sign-ins from one address in a minute"))
CARDS: Final = Bound("cards", _("cards, invitations and links opened from one address in a minute"))
GUESTS: Final = Bound("guests", _("accounts and cards of guests from one address in a minute"))
CARDS_LEFT: Final = Bound("cards_left", _("cards that all guests’ nodes leave in a minute"))
WORK: Final = Bound(
    "work", _("cards, pictures and recovery phrases that one account has read in a minute")
)

BOUNDS: Final = (
    HANDSHAKES,
    SESSIONS,
    SESSION_FRAMES,
    SESSION_MB,
    DAY_FRAMES,
    DAY_MB,
    SIGN_INS,
    CARDS,
    GUESTS,
    CARDS_LEFT,
    WORK,
)


def within(bound: Bound, whom: object = "") -> bool:
    """Count one more for somebody; false once there were more than the limit within its time.

    The count begins anew when the time is over. In the embedded shape it is kept in memory.

    Args:
        bound: the limit.
        whom: whose count it is: an account's key, what `network` gives, nothing for all together.
    """
    key = f"rate-{hashlib.sha256(f'{bound.name} {whom}'.encode()).hexdigest()}"
    if cache.add(key, 1, timeout=bound.seconds):
        return True
    try:
        fits = int(cache.incr(key)) <= bound.most
    except ValueError:  # it has just expired
        return True
    if not fits:
        reached(bound)
    return fits


def reached(bound: Bound, **about: str) -> None:
    """Note that a limit was reached: in the counts, and now and then in the log.

    Args:
        bound: the limit.
        about: what else the log may say: never a name, a key or what somebody wrote.
    """
    count("limits", bound.name)
    if seldom(bound.name):
        _log.warning("limit reached", limit=bound.name, setting=bound.setting, **about)


def seldom(what: str) -> bool:
    """Tell, at most once a minute for each, that something is worth a line in the log.

    Args:
        what: from a small closed set, since it is kept.
    """
    now = time.monotonic()
    with _lock:
        last = _said.get(what)
        if last is not None and now - last < _SECONDS_BETWEEN_WORDS:
            return False
        _said[what] = now
    return True


def network(address: str) -> str:
    """Give what counts as one address: of IPv6 the first 64 bits, which one house has together."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.IPv6Network((parsed, 64), strict=False).network_address)
    return str(parsed)


class Minute:
    """Counts by address within the present minute, in the memory of one process.

    For the door where floods come: nobody waits for a database or a cache there.
    """

    def __init__(self, bound: Bound) -> None:
        self._bound = bound
        self._minute = 0
        self._counts: dict[str, int] = {}

    def within(self, address: str) -> bool:
        """Count one more of an address; false once there were too many."""
        minute = int(time.monotonic() // 60)
        if minute != self._minute or len(self._counts) >= _MOST_KEPT:
            self._minute = minute
            self._counts.clear()
        number = self._counts.get(address, 0) + 1
        self._counts[address] = number
        return number <= self._bound.most
