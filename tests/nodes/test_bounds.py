"""Limits: what counts as one address, and when there was too much."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from pytest_django.fixtures import Settings

from nodes import bounds, counts
from sdmpweb.env import SETTINGS


@pytest.fixture(autouse=True)
def nothing_counted() -> Iterator[None]:
    """Begin with nothing counted, and leave nothing."""
    for _ in (0, 1):
        cache.clear()
        bounds._said.clear()
        counts._counts.clear()
        if _ == 0:
            yield


@pytest.mark.parametrize(
    ("address", "one"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("", ""),
        ("unix:", "unix:"),
    ],
)
def test_what_counts_as_one_address(address: str, one: str) -> None:
    assert bounds.network(address) == one


def hits(bound: bounds.Bound) -> int:
    """How often a limit was reached since the test began."""
    return counts._counts["limits", bound.name]


def test_so_many_and_no_more(settings: Settings) -> None:
    settings.LIMITS = {**settings.LIMITS, "work": 3}
    assert [bounds.within(bounds.WORK, 1) for _ in range(5)] == [True] * 3 + [False] * 2
    assert bounds.within(bounds.WORK, 2)  # somebody else
    assert hits(bounds.WORK) == 2


def test_the_log_says_so_once_a_minute(settings: Settings, caplog: Any) -> None:
    settings.LIMITS = {**settings.LIMITS, "work": 1}
    for _ in range(10):
        bounds.within(bounds.WORK, "somebody")
    said = [record.getMessage() for record in caplog.records]
    assert len([text for text in said if "limit reached" in text]) == 1
    assert "somebody" not in str(said)
    assert hits(bounds.WORK) == 9


def test_a_minute_begins_anew(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.LIMITS = {**settings.LIMITS, "handshakes": 2}
    now = 600.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    minute = bounds.Minute(bounds.HANDSHAKES)
    assert [minute.within("a") for _ in range(3)] == [True, True, False]
    assert minute.within("b")
    now = 661.0
    assert minute.within("a")


def test_floods_from_everywhere_do_not_fill_the_memory() -> None:
    minute = bounds.Minute(bounds.HANDSHAKES)
    for number in range(50_000):
        minute.within(str(number))
    assert len(minute._counts) <= bounds._MOST_KEPT


def test_every_limit_has_a_setting_and_every_setting_a_limit() -> None:
    names = {setting.name for setting in SETTINGS if setting.name.startswith("SDMPWEB_LIMIT_")}
    assert {bound.setting for bound in bounds.BOUNDS} == names


def test_a_first_look_at_a_million_resources_reaches_no_limit() -> None:
    """Batches of 256, lines of 5,000 at a time; 24 KB for each, which is a letter of some pages."""
    resources, size = 1_000_000, 24_000
    frames = resources // 256 + resources // 5_000 + 1_000
    assert frames < bounds.SESSION_FRAMES.most / 10
    assert resources * size < bounds.SESSION_MB.most
    assert 3 * resources * size < bounds.DAY_MB.most
