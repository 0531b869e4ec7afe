"""What is logged, and how: plain lines for people or JSON for machines, on stderr.

No names, no texts and no keys are logged: request lines and their addresses stay out, exceptions
are written without local variables.
"""

from typing import Any

import structlog


def logging_config(form: str, level: str) -> dict[str, Any]:
    """Return a `logging.config.dictConfig` for form "plain" or "json" from `level` up."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
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
                "foreign_pre_chain": shared,
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
            "httpx": {"level": "WARNING"},
            "httpcore": {"level": "WARNING"},
            # Django logs the path of every refused request, which may hold a person's link.
            "django.request": {"level": "ERROR"},
            "django.channels": {"level": "WARNING"},
        },
    }
