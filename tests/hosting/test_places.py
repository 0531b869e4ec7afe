"""Where backups lie: directories and fsspec's places, and what is deleted there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import fsspec
import pytest

from hosting import schedule
from hosting.backup import deeds, places
from hosting.backup.errors import BackupError
from nodes.models import LocalNode

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 22, 0, tzinfo=UTC)


@pytest.fixture(params=["directory", "memory"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A directory, and a place that fsspec reaches."""
    LocalNode.objects.create(fingerprint="A" * 86, name="A", head_line="A" * 86)
    return str(tmp_path) if request.param == "directory" else f"memory://{tmp_path.name}"


def _write(place: str, content: bytes = b"content") -> None:
    with places.open_to_write(place) as file:
        file.write(content)


def test_files_are_written_whole_or_not_at_all(place: str) -> None:
    name = places.join(place, places.new_name(NOW))
    with pytest.raises(ZeroDivisionError), places.open_to_write(name) as file:
        file.write(b"half" * (1 // 0))
    assert places.listed(place) == []
    _write(name)
    with places.open_to_read(name) as file:
        assert file.read() == b"content"
    with pytest.raises(BackupError, match="exists already"):
        _write(name, b"another")
    assert [each.bytes for each in places.listed(place)] == [7]


def test_rotation_deletes_only_what_is_ours(place: str) -> None:
    days = [NOW - timedelta(days=day) for day in range(5)]
    for day in days:
        _write(places.join(place, places.new_name(day)))
    others = ["sdmpweb-00000000-20200101T000000Z.age", "notes.txt", f"{places.new_name(NOW)}.old"]
    for name in others:
        _write(places.join(place, name))
    assert len(places.rotate(place, 2)) == 3
    assert [each.made for each in places.listed(place)] == days[:2]
    for name in others:
        with places.open_to_read(places.join(place, name)) as file:
            assert file.read()


def test_what_killed_ones_left_goes_with_the_next(place: str) -> None:
    """Of this node alone, and not what somebody still writes."""
    later = NOW + timedelta(days=2)
    mine = places._part("house.age", NOW if places.is_url(place) else None)
    others = [
        ".house.age.part",
        ".house.age.sdmpweb-00000000-20200101T000000Z.part",
        mine.removeprefix("."),
        mine.removesuffix(".part"),
    ]
    for name in (mine, *others):
        _put(place, name)
    with places.open_to_write(places.join(place, "next.age")) as file:
        file.write(b"content")
        if not places.is_url(place):
            assert places.clear_leftovers(place, later) == []
    if places.is_url(place):  # it may be written on another machine
        assert mine in _names(place)
        assert places.clear_leftovers(place, later) == [mine]
    assert _names(place) == sorted(["next.age", *others])


def test_a_directory_of_this_machine_is_looked_through_by_the_schedule(
    tmp_path: Path, settings: Any
) -> None:
    LocalNode.objects.create(fingerprint="A" * 86, name="A", head_line="A" * 86)
    settings.BACKUP_TO, settings.DATA = str(tmp_path / "kept"), tmp_path
    left = []
    for directory in (tmp_path / "kept", tmp_path / "snapshots"):
        directory.mkdir()
        left.append(directory / places._part("before"))
        left[-1].touch()
    schedule.ask_for_due(NOW)
    assert not any(path.exists() for path in left)


def test_places_that_end_with_the_process_are_refused(settings: Any) -> None:
    settings.BACKUP_PASSPHRASE = "nine words"
    for place in ("memory://x", "simplecache::memory://x/y.age"):
        with pytest.raises(BackupError, match="ends with this process"):
            deeds.back_up(place, "nine words", lambda done, total: None)
        settings.BACKUP_TO = place
        assert "name another place" in deeds.why_not()
    settings.BACKUP_TO = "/srv/memory"
    assert deeds.why_not() == ""


def _put(place: str, name: str) -> None:
    """Leave a file as a killed process does."""
    if places.is_url(place):
        fsspec.filesystem("memory").pipe(places.join(place, name), b"half")
    else:
        (Path(place) / name).write_bytes(b"half")


def _names(place: str) -> list[str]:
    return sorted(name for name, _ in places._entries(place))


def test_places_are_shown_without_secrets() -> None:
    assert places.shown("s3://key:secret@bucket/x?token=1") == "s3://bucket/x"
    assert places.shown("/srv/backups") == "/srv/backups"
