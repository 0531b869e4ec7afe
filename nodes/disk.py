"""Whether there is room on the disk that the data directory is on.

When less than `SDMPWEB_DISK_RESERVE` is free the node takes in no more content: it asks peers for
nothing, and people can neither send nor upload. All else goes on, and what was wanted stays wanted.
"""

from __future__ import annotations

import shutil
import threading
import time
from typing import Final

import structlog
from django.conf import settings

_log = structlog.get_logger(__name__)
_SECONDS: Final = 2.0
_lock = threading.Lock()
_looked = float("-inf")
_free = 0
_short = False


def free() -> int:
    """Say how many bytes are free, as of the last two seconds."""
    return _look()[0]


def is_short() -> bool:
    """Tell whether so little is free that no content is taken in. Cheap: ask whenever."""
    return _look()[1]


def _look() -> tuple[int, bool]:
    global _looked, _free, _short
    with _lock:
        now = time.monotonic()
        if now - _looked >= _SECONDS:
            _looked = now
            _free = shutil.disk_usage(settings.DATA).free
            short = _free < settings.DISK_RESERVE
            if short != _short:
                _say(short=short)
            _short = short
        return _free, _short


def _say(*, short: bool) -> None:
    megabytes = {"free_mb": _free // 1_000_000, "reserve_mb": settings.DISK_RESERVE // 1_000_000}
    if short:
        _log.warning("the disk is nearly full: no content is taken in", **megabytes)
    else:
        _log.warning("the disk has room again: content is taken in", **megabytes)
