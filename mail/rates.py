"""How often something may be done that anybody can ask for."""

from __future__ import annotations

import hashlib

from django.core.cache import cache


def within(what: str, most: int, seconds: int) -> bool:
    """Count one more of `what`; false once there were more than `most` within `seconds`.

    The count begins anew when the time is over. In the embedded shape it is kept in memory.
    """
    key = f"rate-{hashlib.sha256(what.encode()).hexdigest()}"
    if cache.add(key, 1, timeout=seconds):
        return True
    try:
        return cache.incr(key) <= most
    except ValueError:  # it has just expired
        return True
