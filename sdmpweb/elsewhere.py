"""Another database than that of the settings: how it is reached, and what people are told it is."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from django.db import DEFAULT_DB_ALIAS
from django.db.utils import ConnectionHandler

from nodes.errors import UserError
from sdmpweb import databases
from sdmpweb.env import read_database


def connect(url: str) -> Any:
    """Give a connection to the database of a URL, as DATABASE_URL would name it; not opened yet.

    Raises UserError when that is not the URL of a database.
    """
    config: dict[str, Any] = {}
    with contextlib.suppress(ValueError):
        config = databases.database(read_database(url), Path(), 0) if url else {}
    if config.get("NAME", "") in ("", ":memory:"):
        raise UserError(
            "This is not the URL of a database; it is such as postgres://host/name or "
            "sqlite:////var/lib/sdmpweb/sdmpweb.sqlite3."
        )
    config["OPTIONS"].pop("pool", None)  # one connection is all
    return ConnectionHandler({DEFAULT_DB_ALIAS: config})[DEFAULT_DB_ALIAS]


def in_words(connection: Any) -> str:
    """Name the database of a connection by its URL, without user and password."""
    config = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{Path(config['NAME']).absolute()}"
    host = str(config["HOST"] or "")
    if host.startswith("/"):  # a socket in that directory
        return f"postgres:///{host}/{config['NAME']}"
    port = f":{config['PORT']}" if config["PORT"] else ""
    return f"postgres://{f'[{host}]' if ':' in host else host}{port}/{config['NAME']}"
