"""Where backups lie: directories and fsspec's places, and what is deleted there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hosting.backup import places
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
    left = f".{places.new_name(NOW)}.part"  # of a killed process
    others = ["sdmpweb-00000000-20200101T000000Z.age", "notes.txt", f"{places.new_name(NOW)}.old"]
    for name in (left, *others):
        _write(places.join(place, name))
    assert len(places.rotate(place, 2)) == 3
    assert [each.made for each in places.listed(place)] == days[:2]
    for name in others:
        with places.open_to_read(places.join(place, name)) as file:
            assert file.read()
    with pytest.raises(BackupError):
        places.open_to_read(places.join(place, left)).__enter__()


def test_places_are_shown_without_secrets() -> None:
    assert places.shown("s3://key:secret@bucket/x?token=1") == "s3://bucket/x"
    assert places.shown("/srv/backups") == "/srv/backups"
