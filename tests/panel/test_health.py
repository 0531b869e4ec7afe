"""The page of the node's health."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from hosting import beats, runs
from hosting.checkup.lines import Line
from hosting.models import Beat, Run
from journal.accept import count_drops
from nodes import counts
from nodes.models import Account, Count
from tests.mail.conftest import House
from tests.mail.conftest import browse as browse
from tests.mail.conftest import house as house

Browse = Callable[[Account], Client]


@pytest.fixture
def owner(house: House, browse: Browse) -> Client:
    """The browser of an owner."""
    house.alice.is_staff = house.alice.is_superuser = True
    house.alice.save()
    return browse(house.alice)


def _page(owner: Client, name: str = "admin:health") -> str:
    answer = owner.get(reverse(name))
    assert answer.status_code == 200
    return answer.content.decode()


def _examined(*lines: Line) -> None:
    bad = any(line.state != "ok" for line in lines)
    Run.objects.create(
        kind=Run.Kind.DOCTOR,
        started=timezone.now(),
        finished=timezone.now(),
        outcome=Run.Outcome.BAD if bad else Run.Outcome.GOOD,
        words="1 line says what to do." if bad else "All is well.",
        findings=[line.to_json() for line in lines],
    )


def test_before_the_first_check(owner: Client) -> None:
    page = _page(owner)
    assert "The node has not been checked yet." in page
    assert "Check now" in page
    assert "None has been seen yet." in page


def test_what_was_found_stands_line_by_line(owner: Client) -> None:
    _examined(
        Line("disk", "ok", "Disk", "9 GB are free."),
        Line("call", "unknown", "Call from outside", "Nobody can be asked."),
        Line("tls", "warn", "Certificate", "It ends soon.", "Renew it."),
    )
    page = _page(owner)
    for words in ("9 GB are free.", "Nobody can be asked.", "It ends soon.", "Renew it."):
        assert words in page
    for state in ("pass", "not known", "to look at"):
        assert f">{state}</span>" in page
    assert page.index("Disk") < page.index("Certificate")


def test_a_check_is_asked_for_and_watched(owner: Client) -> None:
    answer = owner.post(reverse("admin:health"))
    assert answer.status_code == 302
    run = runs.current(Run.Kind.DOCTOR)
    assert run is not None
    assert run.asked_by == "alice"
    page = _page(owner)
    assert "no worker has been seen" in page
    assert 'hx-trigger="every 1s"' in page
    assert "Check now" not in page
    Beat.objects.create(name=beats.WORKER, process="here:1")
    assert "begins in a moment" in _page(owner)
    Run.objects.update(started=timezone.now(), done=3, total=15)
    part = _page(owner, "admin:health_examined")
    assert "3 of 15 done" in part
    assert "<progress" in part
    Run.objects.update(finished=timezone.now(), outcome=Run.Outcome.GOOD, words="All is well.")
    part = _page(owner, "admin:health_examined")
    assert "hx-get" not in part
    assert "All is well." in part


def test_processes_that_have_ended_are_told_apart(owner: Client) -> None:
    Beat.objects.create(name=beats.WEB, process="here:1")
    long_ago = timezone.now() - timedelta(minutes=10)
    Beat.objects.create(name=beats.SCHEDULE, process="here:2", seen=long_ago)
    page = _page(owner)
    assert page.index("here:1") < page.index("alive") < page.index("here:2")
    assert page.index("here:2") < page.index("has ended")


def test_what_came_and_went_is_told_in_words(owner: Client, house: House) -> None:
    counts.write()  # what other tests have left in memory
    Count.objects.all().delete()
    house.write()
    counts.exchanged("P" * 86, sessions=2, failures=1, bytes_in=2_000_000, bytes_out=500)
    counts.count("accepts", "encrypted", 7)
    count_drops(["revoked", "revoked", "expired"])
    page = _page(owner)
    for words in (
        "1 filed, 1 sent",
        "2 opened, 1 failed",
        "2.0 MB in, 500 bytes out",
        "7 accepted, 3 dropped (revoked: 2, expired: 1)",
    ):
        assert words in page, words


def test_members_do_not_come_here(house: House, browse: Browse) -> None:
    client = browse(house.bob)
    for name in ("admin:health", "admin:health_examined"):
        assert client.get(reverse(name)).status_code in (302, 403)
        assert client.post(reverse(name)).status_code in (302, 403)
    assert not Run.objects.exists()
