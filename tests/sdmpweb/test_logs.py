"""What must not stand in a log."""

import logging
from typing import Any

import pytest

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
