"""What must not stand in a log."""

import json
import logging
from datetime import datetime, timedelta
from typing import Any

import pytest
import structlog

from sdmpweb.logs import logging_config

TOKEN = "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4"


@pytest.mark.parametrize("form", ["plain", "json"])
def test_links_that_let_in_are_not_logged(form: str) -> None:
    config: dict[str, Any] = logging_config(form, "info")["formatters"]["sdmpweb"]
    formatter = config.pop("()")(**config)
    for path in (
        f"/invite/{TOKEN}",
        f"/welcome/{TOKEN}/",
        f"/invite/{TOKEN}/recover",
        f"/new-password/{TOKEN}",
    ):
        record = logging.LogRecord(
            "django.request", logging.ERROR, "", 0, "%s: %s", ("Internal Server Error", path), None
        )
        said = formatter.format(record)
        assert "Internal Server Error" in said
        assert TOKEN not in said
    record = logging.LogRecord("x", logging.INFO, "", 0, "/welcome/words/ is fine", (), None)
    assert "/welcome/words/" in formatter.format(record)


def formatted(form: str, message: str, *arguments: object, error: Exception | None = None) -> str:
    """Write one line as the node does."""
    config: dict[str, Any] = logging_config(form, "info")["formatters"]["sdmpweb"]
    formatter = config.pop("()")(**config)
    exc_info = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord("lib", logging.ERROR, "", 0, message, arguments, exc_info)
    return str(formatter.format(record))


def test_a_line_of_json_has_time_level_logger_and_event_first() -> None:
    with structlog.contextvars.bound_contextvars(request="0a1b2c3d"):
        line = formatted("json", "it %s", "happened\nhere")
    said = json.loads(line)
    assert list(said)[:4] == ["time", "level", "logger", "event"]
    assert datetime.fromisoformat(said["time"]).utcoffset() == timedelta(0)
    assert (said["level"], said["logger"]) == ("error", "lib")
    assert said["event"] == "it happened\nhere"
    assert said["request"] == "0a1b2c3d"
    assert "\n" not in line


@pytest.mark.parametrize("form", ["plain", "json"])
def test_whose_it_is_is_not_logged(form: str) -> None:
    fingerprint, key = (
        "Ab3-" * 21 + "x_",
        "-----BEGIN PRIVATE KEY-----\nMIIsecret\n-----END PRIVATE",
    )
    said = formatted(form, "%s", f"no /contacts/{fingerprint}/ with {key} KEY----- here")
    assert fingerprint not in said
    assert fingerprint[:12] + "…" in said or fingerprint[:12] + "\\u2026" in said
    assert "MIIsecret" not in said
    error = ValueError(f"key of {fingerprint}\nDETAIL:  Key (username)=(zaphod) already exists.")
    said = formatted(form, "failed", error=error)
    assert "Traceback" in said or "ValueError" in said
    assert fingerprint not in said
    assert "zaphod" not in said
