"""What a session carries, and when that is too much."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from journal.metering import Metered, too_much_today, used_within_a_day
from journal.transport import Closed
from nodes import bounds, counts
from nodes.models import Exchange

PEER = "p" * 86


class Line:
    """A connection on which ten characters come again and again."""

    async def send(self, frame: str) -> None:
        """Take anything."""

    async def receive(self, limit: int) -> str:
        """Give ten characters."""
        return "0123456789"

    async def close(self) -> None:
        """Do nothing."""


@pytest.fixture(autouse=True)
def nothing_counted(settings: Settings) -> Iterator[None]:
    """Begin with small limits and nothing counted."""
    settings.LIMITS = {
        **settings.LIMITS,
        "session_frames": 5,
        "session_mb": 1,
        "day_frames": 20,
        "day_mb": 3,
    }
    counts._counts.clear()
    counts._exchanges.clear()
    yield
    counts._counts.clear()
    counts._exchanges.clear()


def carried() -> dict[str, int]:
    """What was counted of the peer."""
    return {name: n for (peer, _, name), n in counts._exchanges.items() if peer == PEER}


async def test_all_is_counted_once_the_peer_is_known() -> None:
    line = Metered(Line())
    await line.receive(100)
    await line.send("abc")
    assert carried() == {}
    line.met(PEER, (0, 0))
    await line.receive(100)
    line.note()
    line.note()
    assert carried() == {
        "sessions": 1, "frames_in": 2, "frames_out": 1, "bytes_in": 20, "bytes_out": 3,
    }  # fmt: skip


async def test_too_many_frames_in_a_session() -> None:
    line = Metered(Line())
    line.met(PEER, (0, 0))
    for _ in range(5):
        await line.receive(100)
    assert line.reached is None
    for _ in range(2):
        with pytest.raises(Closed):
            await line.receive(100)
    assert line.reached is bounds.SESSION_FRAMES
    assert counts._counts["limits", "session_frames"] == 1


async def test_too_many_bytes_whichever_way_they_go() -> None:
    line = Metered(Line())
    line.met(PEER, (0, 0))
    await line.receive(100)
    await line.send("x" * 1_000_000)
    with pytest.raises(Closed):
        await line.send("y")
    assert line.reached is bounds.SESSION_MB


async def test_what_came_before_counts_for_the_day() -> None:
    line = Metered(Line())
    line.met(PEER, (18, 0))
    for _ in range(2):
        await line.receive(100)
    line.note()
    line.allow((20, 20))  # what this session has written down is among that
    with pytest.raises(Closed):
        await line.receive(100)
    assert line.reached is bounds.DAY_FRAMES
    line = Metered(Line())
    line.met(PEER, (0, 3_000_000))
    with pytest.raises(Closed):
        await line.receive(100)
    assert line.reached is bounds.DAY_MB


@pytest.mark.django_db
def test_a_day_is_the_last_24_hours() -> None:
    now = timezone.now()
    for hours, frames in ((1, 12), (23, 7), (25, 100)):
        Exchange.objects.create(
            peer=PEER, hour=now - timedelta(hours=hours), frames_in=frames, bytes_out=hours
        )
    Exchange.objects.create(peer="q" * 86, hour=now, frames_in=1000)
    assert used_within_a_day(PEER, now) == (19, 24)
    assert too_much_today(PEER, now) is None
    Exchange.objects.create(peer=PEER, hour=now, frames_in=1)
    assert too_much_today(PEER, now) is bounds.DAY_FRAMES
    Exchange.objects.filter(peer=PEER).update(frames_in=0, bytes_in=1_000_000)
    assert too_much_today(PEER, now) is bounds.DAY_MB
