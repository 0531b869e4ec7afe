"""How large all is."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from hosting import sizes


@pytest.fixture
def data(db: None, settings: Any, tmp_path: Path) -> Path:
    """The data directory, in which nothing is; the database of the tests is in memory."""
    settings.DATA = tmp_path
    return tmp_path


def test_the_database_is_counted_once(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "NAME", data / "own.sqlite3")
    for end, size in (("", 5000), ("-wal", 700), ("-shm", 30)):
        (data / f"own.sqlite3{end}").write_bytes(b"x" * size)
    (data / "within" / "more").mkdir(parents=True)
    (data / "within" / "more" / "file").write_bytes(b"x" * 200)
    (data / "own.sqlite3-of-before").write_bytes(b"x" * 9)
    (data / "gone").symlink_to(data / "nowhere")
    found = sizes.measure()
    assert (found.database, found.files) == (5730, 209)
    assert sizes.database_bytes() == 5730
    assert sizes.data_bytes() == 5939
    assert found.free > 0


def test_a_directory_that_vanishes_meanwhile_is_passed_over(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (data / "lasts").write_bytes(b"x" * 10)
    place = data / ".check-1"
    (place / "within").mkdir(parents=True)
    for file in (place / "file", place / "within" / "file"):
        file.write_bytes(b"x")
    walk = os.walk

    def vanishing(top: Path) -> Iterator[Any]:
        for found in walk(top):
            if found[0] == str(place):  # its names are known, and nothing is there any more
                shutil.rmtree(place)
            yield found

    monkeypatch.setattr(os, "walk", vanishing)
    assert sizes.measure().files == 10
    assert not place.exists()
