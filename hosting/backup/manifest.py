"""What a backup says of itself: `manifest.json`, the first thing in it."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import orjson

from hosting.backup.errors import BackupError, Damaged

FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds, and of which node and moment."""

    version: str  # of sdmpweb
    vendor: str  # sqlite or postgresql
    made: str  # such as 2026-11-22T22:13:00Z
    migrations: list[list[str]]  # those applied: app, name
    node: str = ""  # fingerprint; empty where no node was set up
    node_name: str = ""
    head_position: int = 0  # of the journal
    head_line: str = ""
    rows: dict[str, int] = field(default_factory=dict)  # by table
    columns: dict[str, list[str]] = field(default_factory=dict)  # by table, in a dump
    format: int = FORMAT

    def to_bytes(self) -> bytes:
        """Write it as JSON."""
        return orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2)

    @classmethod
    def from_bytes(cls, data: bytes) -> Manifest:
        """Read it.

        Raises:
            BackupError: it is of a later form.
            Damaged: it is no manifest.
        """
        try:
            read: Any = orjson.loads(data)
        except orjson.JSONDecodeError:
            read = None
        if not isinstance(read, dict) or not isinstance(read.get("format"), int):
            raise Damaged("The backup has no manifest that can be read; use another one.")
        if read["format"] > FORMAT:
            raise BackupError(
                f"The backup was made by a later version of sdmpweb ({read.get('version')}); "
                "install that version to open it."
            )
        try:
            manifest = cls(**read)
        except TypeError:
            manifest = None
        if manifest is None or not manifest._is_sound():
            raise Damaged("The backup has no manifest that can be read; use another one.")
        return manifest

    def _is_sound(self) -> bool:
        name = re.compile(r"[a-z][a-z0-9_]{0,62}")
        tables = [*self.rows, *self.columns, *(c for each in self.columns.values() for c in each)]
        return self.vendor in ("sqlite", "postgresql") and all(
            isinstance(each, str) and name.fullmatch(each) for each in tables
        )
