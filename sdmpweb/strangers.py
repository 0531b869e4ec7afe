"""Requests that no browser and no node makes: counted, and one line a minute of each kind.

Django and the server write each of them down, some as an error with where in the program it was
noticed. Anybody can send such; so the log tells that they come, and the metrics how many.
"""

from __future__ import annotations

import logging
from typing import Final

import structlog

from nodes.bounds import seldom
from nodes.counts import count

_log = structlog.get_logger(__name__)
_LONGEST: Final = 100
# What uvicorn says of them.
_REASONS: Final = {
    "Invalid HTTP request received.": "not HTTP",
    "Unsupported upgrade request.": "unknown upgrade",
    "Invalid UTF-8 sequence received from client.": "not UTF-8",
}


def watch() -> None:
    """Take over what Django and the server would say of such requests."""
    security = logging.getLogger("django.security")
    security.addHandler(_Suspicious())
    security.propagate = False
    logging.getLogger("uvicorn.error").addFilter(_misunderstood)


class _Suspicious(logging.Handler):
    """What Django refuses by itself; its loggers are named for the exception."""

    def emit(self, record: logging.LogRecord) -> None:
        reason = record.name.rpartition(".")[2]
        if reason == "DisallowedHost":
            # By this the owner sees that the name is one of his that no setting names.
            named = record.__dict__["request"].META.get("HTTP_HOST", "")
            _refused(reason, host=named[:_LONGEST])
        else:
            _refused(reason)


def _misunderstood(record: logging.LogRecord) -> bool:
    """Let all be said but what the server says of such requests."""
    reason = "gone" if _is_gone(record) else _REASONS.get(str(record.msg))
    if reason is not None:
        _refused(reason)
    return reason is None


def _is_gone(record: logging.LogRecord) -> bool:
    """Tell whether an answer found nobody: who asked had asked for more, and is gone (uvloop)."""
    error = record.exc_info[1] if record.exc_info else None
    return isinstance(error, RuntimeError) and "the handler is closed" in str(error)


def _refused(reason: str, **about: str) -> None:
    count("requests_refused", reason)
    if seldom(f"request {reason}"):
        _log.warning("request refused", reason=reason, **about)
