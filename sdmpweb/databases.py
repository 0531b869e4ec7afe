"""How Django reaches its database: SQLite in one file, or PostgreSQL through a pool."""

from pathlib import Path
from typing import Any

import environ

_SQLITE_PRAGMAS = (
    "PRAGMA journal_mode = WAL;"
    # A journal line that a peer has seen must survive a power cut: FULL syncs each commit.
    "PRAGMA synchronous = FULL;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA cache_size = -4000;"
)


def database(url: str, data: Path, worker_threads: int) -> dict[str, Any]:
    """Return the entry of DATABASES for a database URL; an empty one means SQLite in `data`.

    `worker_threads` is how many jobs may want a connection at once.
    """
    if not url:
        return _sqlite({"NAME": data / "sdmpweb.sqlite3"})
    config: dict[str, Any] = environ.Env.db_url_config(url)
    if "sqlite" in config["ENGINE"]:
        return _sqlite(config)
    # A pool hands out connections itself, so none may be kept by a thread beyond its request;
    # django-environ leaves `?pool=true` a word, which Django would take for the pool's options.
    config.setdefault("OPTIONS", {})["pool"] = {
        "min_size": 1,
        "max_size": worker_threads + 12,
        "timeout": 10,
    }
    config["CONN_MAX_AGE"] = 0
    return config


def _sqlite(config: dict[str, Any]) -> dict[str, Any]:
    return {
        **config,
        "ENGINE": "sdmpweb.sqlite",
        # A read that turns into a write cannot wait for a lock in SQLite's default mode.
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": _SQLITE_PRAGMAS,
        },
        "CONN_MAX_AGE": None,
    }
