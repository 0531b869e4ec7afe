"""What is logged, and how: plain lines for people or JSON for machines, on stderr.

No names, no texts and no keys are logged: request lines and their addresses stay out, exceptions
are written without local variables.
"""

import re
from collections.abc import MutableMapping
from typing import Any, Final

import structlog

_WORD: Final = "[A-Za-z0-9_-]"
# What lets its reader in, or says whose it is. Django names the path of a request that failed, and
# what a library says of an error may hold anything.
_HIDDEN: Final = (
    # The tokens of links for set-up, guests and new passwords.
    (re.compile(r"(/(?:invite|welcome|new-password)/)[A-Za-z0-9_-]{20,}"), r"\1…"),
    # Fingerprints and identifiers: their beginning is enough to find something.
    (
        re.compile(r"(?<![A-Za-z0-9_-])([A-Za-z0-9_-]{12})[A-Za-z0-9_-]{74}(?![A-Za-z0-9_-])"),
        r"\1…",
    ),
    (re.compile(r"-----BEGIN [^-]+-----.*?(?:-----END [^-]+-----|\Z)", re.DOTALL), "a key"),
    # PostgreSQL says which value an error is about.
    (re.compile(r"(DETAIL: +)[^\n]*"), r"\1…"),
)
_FIRST: Final = ("time", "level", "logger", "event")


def hide(_logger: Any, _method: str, said: MutableMapping[str, Any]) -> Any:
    """Take out of what is logged what would let its reader in, or say whose it is."""
    return {name: _hidden(value) for name, value in said.items()}


def _hidden(value: Any) -> Any:
    if isinstance(value, str):
        for pattern, instead in _HIDDEN:
            value = pattern.sub(instead, value)
        return value
    if isinstance(value, list | tuple | set | frozenset):
        return [_hidden(each) for each in value]
    if isinstance(value, dict):
        return {_hidden(name): _hidden(each) for name, each in value.items()}
    return value if isinstance(value, int | float) or value is None else _hidden(str(value))


def in_order(_logger: Any, _method: str, said: MutableMapping[str, Any]) -> Any:
    """Put first what every line has: time, level, logger and event."""
    return {**{name: said[name] for name in _FIRST if name in said}, **said}


_ADDED: list[Any] = [
    # What ties the lines of one request, session or job together: a number made up for it.
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
]


def join_structlog() -> None:
    """Let what structlog's loggers say go the way of Python's own logging."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_ADDED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def logging_config(form: str, level: str) -> dict[str, Any]:
    """Return a `logging.config.dictConfig` for form "plain" or "json" from `level` up."""
    last: list[Any] = (
        [in_order, structlog.processors.JSONRenderer()]
        if form == "json"
        else [
            structlog.dev.ConsoleRenderer(
                colors=False,
                exception_formatter=structlog.dev.plain_traceback,
                timestamp_key="time",
            )
        ]
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "sdmpweb": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": _ADDED,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,
                    hide,
                    *last,
                ],
            }
        },
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": "sdmpweb"},
        },
        "root": {"handlers": ["stderr"], "level": level.upper()},
        "loggers": {
            "asyncio": {"level": "WARNING"},
            "celery": {"level": "WARNING"},
            "kombu": {"level": "WARNING"},
            "uvicorn": {"level": "WARNING"},
            "websockets": {"level": "WARNING"},
            # It tells of every attempt; that none succeeded comes as an error.
            "psycopg.pool": {"level": "ERROR"},
            "httpx": {"level": "WARNING"},
            "httpcore": {"level": "WARNING"},
            # Django logs the path of every refused request, which may hold a person's link.
            "django.request": {"level": "ERROR"},
            "django.security.csrf": {"level": "ERROR"},
            "django.channels": {"level": "WARNING"},
        },
    }
