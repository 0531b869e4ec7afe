"""What takes room, in the panel."""

from __future__ import annotations

from django.test import Client
from django.urls import reverse

from hosting import runs
from hosting.models import AuditEntry, Run, Stored
from hosting.work import WORK
from panel.charts import bars
from tests.mail.conftest import House
from tests.mail.conftest import house as house


def _owner(house: House) -> Client:
    house.alice.is_staff = house.alice.is_superuser = True
    house.alice.save()
    client = Client()
    client.force_login(house.alice, "allauth.account.auth_backends.AuthenticationBackend")
    return client


def test_the_page_shows_what_was_counted(house: House) -> None:
    owner, page = _owner(house), reverse("admin:storage")
    assert "Nothing has been counted yet" in owner.get(page).content.decode()
    assert owner.post(page).status_code == 302
    assert AuditEntry.objects.get().action == "storage.count"
    assert Run.objects.get(kind="storage").asked_by == "alice"
    runs.do_asked("here", WORK)
    Stored.objects.create(author="E" * 86, kind="encrypted", count=3, bytes=5_000_000)
    text = owner.get(page).content.decode()
    for words in ("Alice Adams", "Bob Brown", "EEEEEEEEEEEE", "5.0 MB", "Trusts", "<svg"):
        assert words in text, words


def test_bars_are_in_proportion_and_names_are_cut() -> None:
    chart = bars([("a" * 60, 100), ("b", 50), ("c", 0)])
    whole, half, none = (bar.width for bar in chart.bars)
    assert abs(whole - 2 * half) <= 1
    assert none == 0
    assert len(chart.bars[0].name) < 50
    assert bars([]).bars == []
