"""Counting in memory, and writing it down now and then."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.utils import timezone

from nodes import counts
from nodes.models import Count, Exchange

pytestmark = pytest.mark.django_db
PEER = "p" * 86


@pytest.fixture(autouse=True)
def nothing_counted() -> Iterator[None]:
    """Begin with nothing in memory, and leave nothing there."""
    counts.write()
    Count.objects.all().delete()
    Exchange.objects.all().delete()
    yield
    counts._counts.clear()
    counts._exchanges.clear()


def test_what_is_counted_adds_up_in_memory_and_in_the_database() -> None:
    counts.count("drops", "expired")
    counts.count("drops", "expired", by=2)
    counts.count("drops", by=0)
    assert not Count.objects.exists()
    assert counts.totals() == {("drops", "expired"): 3}
    counts.write()
    counts.count("drops", "expired")
    assert counts.totals() == {("drops", "expired"): 4}
    counts.write()
    assert Count.objects.get(name="drops", label="expired").count == 4


def test_what_went_to_and_fro_is_kept_by_the_hour_and_added_up() -> None:
    counts.exchanged(PEER, frames_in=2, bytes_in=100)
    counts.write()
    counts.exchanged(PEER, frames_in=1, sessions=1)
    counts.write()
    row = Exchange.objects.get(peer=PEER)
    assert (row.frames_in, row.bytes_in, row.sessions, row.frames_out) == (3, 100, 1, 0)
    assert counts.totals()["exchanged", "frames_in"] == 3


def test_what_cannot_be_written_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise DatabaseError

    counts.count("letters", "filed", 5)
    counts.exchanged(PEER, bytes_out=7)
    with monkeypatch.context() as patched:
        patched.setattr(counts, "_add_exchanges", away)
        counts.write()
    assert not Count.objects.exists()  # all or nothing
    counts.write()
    assert Count.objects.get(name="letters").count == 5
    assert Exchange.objects.get().bytes_out == 7


def test_old_exchanges_are_deleted() -> None:
    now = timezone.now()
    for days in (0, 7, 9, 30):
        Exchange.objects.create(peer=PEER, hour=now - timedelta(days=days), frames_in=days)
    assert counts.forget_old(now) == 2
    assert set(Exchange.objects.values_list("frames_in", flat=True)) == {0, 7}


def test_many_threads_count_together() -> None:
    def count_on() -> None:
        for _ in range(500):
            counts.count("many")

    threads = [threading.Thread(target=count_on) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts.totals()["many", ""] == 4000
