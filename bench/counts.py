"""Looking into the database of a node that runs, to see how far it has come."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from typing import Any

import psycopg

from tests.support.nodes import NodeProcess

_LETTERS = "SELECT COUNT(*) FROM mail_letter WHERE NOT outgoing"
_RECEIPTS = "SELECT COUNT(*) FROM mail_delivery WHERE state = 'received'"

_ACCEPTED = (
    "SELECT received FROM journal_resource WHERE author = '{}' AND kind = 'encrypted' "
    "ORDER BY id DESC LIMIT 1"
)


class Counts:
    """Reads the two numbers that tell how far messages have come."""

    def __init__(self, node: NodeProcess) -> None:
        address = node.environment.get("DATABASE_URL")
        self._connection: Any = (
            psycopg.connect(address, autocommit=True)
            if address
            else sqlite3.connect(f"file:{node.data}/sdmpweb.sqlite3?mode=ro", uri=True)
        )

    def letters(self) -> int:
        """Count the letters from elsewhere that have been opened."""
        return self._one(_LETTERS)

    def receipts(self) -> int:
        """Count the deliveries for which a receipt has come."""
        return self._one(_RECEIPTS)

    def accepted(self, author: str) -> float:
        """Say when the last message of a user was accepted, in seconds since 1970."""
        [found] = self._connection.execute(_ACCEPTED.format(author)).fetchone()
        moment = datetime.fromisoformat(found) if isinstance(found, str) else found
        return float((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())

    def close(self) -> None:
        """Leave the database."""
        self._connection.close()

    def _one(self, query: str) -> int:
        return int(self._connection.execute(query).fetchone()[0])
