"""Dates that authors may write and no calendar of a reader can show."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from mail.presentation import day_words, in_zone, when_short, when_words


@pytest.mark.parametrize(
    ("moment", "zone"),
    [
        (datetime(1, 1, 1, tzinfo=UTC), "America/New_York"),
        (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), "Europe/Berlin"),
    ],
)
def test_the_ends_of_the_calendar_are_shown(moment: datetime, zone: str) -> None:
    there, now = ZoneInfo(zone), datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert in_zone(moment, there) == moment
    for words in (
        when_short(moment, now, there),
        when_words(moment, now, there),
        day_words(moment, there),
    ):
        assert str(moment.year) in words
