"""Whether there is room."""

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from nodes import disk


@pytest.fixture(autouse=True)
def looked_at_now(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Look at the disk each time, and forget afterwards what was seen."""
    monkeypatch.setattr(disk, "_SECONDS", 0.0)
    yield
    disk._looked, disk._short = float("-inf"), False


def test_a_reserve_larger_than_the_disk(settings: Settings, caplog: Any) -> None:
    settings.DISK_RESERVE = 1
    assert not disk.is_short()
    settings.DISK_RESERVE = 10**18
    assert disk.is_short()
    assert disk.is_short()
    settings.DISK_RESERVE = 1
    assert not disk.is_short()
    said = [record.getMessage() for record in caplog.records]
    assert ["nearly full" in text for text in said] == [True, False]
    assert 0 < disk.free() < 10**18
