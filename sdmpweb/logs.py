"""What is logged, and how: plain lines for people or JSON for machines, on stderr.

No names, no texts and no keys are logged: request lines and their addresses stay out, exceptions
are written without local variables.
"""

import re
from collections.abc import MutableMapping
from typing import Any, Final

import structlog

# The tokens of links for set-up, guests and new passwords: Django names the path of a request
# that failed.
_LINKS: Final = re.compile(r"(/(?:invite|welcome|new-password)/)[A-Za-z0-9_-]{20,}")


def hide_links(_logger: Any, _method: str, said: MutableMapping[str, Any]) -> Any:
    """Take out of what is logged what would let its reader in."""
    for name, value in said.items():
        if isinstance(value, str) and "/" in value:
            said[name] = _LINKS.sub(r"\1…", value)
    return said


_ADDED: list[Any] = [
    hide_links,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
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
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if form == "json"
        else [
            structlog.dev.ConsoleRenderer(
                colors=False, exception_formatter=structlog.dev.plain_traceback
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
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
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
