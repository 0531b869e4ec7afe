"""Backups, in the panel."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from hosting.backup import due, places
from hosting.models import AuditEntry, Run
from nodes.models import Account
from tests.mail.conftest import House

AsOwner = Callable[[Account], Client]


@pytest.fixture
def set_up(settings: Any, tmp_path: Path) -> Path:
    """Let backups go to a directory."""
    settings.BACKUP_TO, settings.BACKUP_PASSPHRASE = str(tmp_path), "a passphrase of nine words"
    settings.BACKUP_EVERY, settings.BACKUP_KEEP = 24, 2
    return tmp_path


def _good(kind: str, **more: Any) -> Run:
    now = timezone.now()
    return Run.objects.create(kind=kind, started=now, finished=now, outcome="good", **more)


def test_without_a_place_the_page_says_how(house: House, as_owner: AsOwner) -> None:
    owner, page = as_owner(house.alice), reverse("admin:backups")
    text = owner.get(page).content.decode()
    assert "SDMPWEB_BACKUP_TO" in text
    assert "There is no backup yet" in text
    answer = owner.post(page, {"do": "backup"}, follow=True)
    assert "Backups go nowhere yet" in answer.content.decode()
    assert not Run.objects.exists()


def test_what_the_owner_starts_is_asked_for_once_and_noted(
    house: House, as_owner: AsOwner, set_up: Path
) -> None:
    owner, page = as_owner(house.alice), reverse("admin:backups")
    for _ in range(2):
        assert owner.post(page, {"do": "backup"}).status_code == 302
    owner.post(page, {"do": "nothing of ours"})
    run = Run.objects.get()
    assert (run.kind, run.asked_by) == ("backup", "alice")
    assert {entry.action for entry in AuditEntry.objects.all()} == {"backup.write"}
    assert "hx-get" in owner.get(page).content.decode()


def test_the_page_shows_what_is_there(house: House, as_owner: AsOwner, set_up: Path) -> None:
    name = places.new_name(timezone.now())
    (set_up / name).write_bytes(b"x" * 5000)
    (set_up / "holiday.age").write_bytes(b"x")
    _good("backup", words="Backed up.", findings=[{"bytes": 5000, "place": "/there/x.age"}])
    _good("check", words="The backup was restored and is whole.", findings=[])
    text = as_owner(house.alice).get(reverse("admin:backups")).content.decode()
    assert name in text
    assert "/there/x.age" in text
    assert "restored and is whole" in text
    assert "holiday" not in text
    assert "on the same disk as the data" in text  # as all of a test is
    assert "nine words" not in text


def test_addresses_are_shown_without_what_is_secret(
    house: House, as_owner: AsOwner, set_up: Path, settings: Any
) -> None:
    settings.BACKUP_TO = "sftp://olga:geheim@box.example/backups?key=abc"
    text = as_owner(house.alice).get(reverse("admin:backups")).content.decode()
    assert "sftp://box.example/backups" in text
    assert "geheim" not in text
    assert "abc" not in text.partition("<main")[2].partition("csrf")[0]


def test_backups_and_tests_are_asked_for_when_they_are_due(house: House, set_up: Path) -> None:
    now = timezone.now()
    due.ask_for_due(now)
    assert [run.kind for run in Run.objects.all()] == ["backup"]
    Run.objects.all().delete()
    _good("backup", findings=[{"scheduled": True}])
    due.ask_for_due(now + timedelta(minutes=1))
    assert [run.kind for run in Run.objects.filter(finished=None)] == ["check"]
    Run.objects.filter(finished=None).delete()
    _good("check")
    due.ask_for_due(now + timedelta(hours=23))
    assert not Run.objects.filter(finished=None).exists()
    due.ask_for_due(now + timedelta(hours=25))
    assert Run.objects.get(finished=None).kind == "backup"
    Run.objects.filter(finished=None).delete()
    due.ask_for_due(now + timedelta(days=31))
    assert Run.objects.get(finished=None).kind == "backup"
    _good("backup", findings=[{"scheduled": True}])
    Run.objects.filter(kind="backup").update(started=now + timedelta(days=31))
    due.ask_for_due(now + timedelta(days=31, minutes=5))
    assert {r.kind for r in Run.objects.filter(finished=None)} == {"backup", "check"}


@pytest.mark.django_db
def test_without_an_owner_there_is_nothing_to_back_up(set_up: Path) -> None:
    due.ask_for_due(timezone.now())
    assert not Run.objects.exists()


def test_what_failed_is_tried_again_after_a_while(house: House, set_up: Path) -> None:
    now = timezone.now()
    Run.objects.create(kind="backup", started=now, finished=now, outcome="failed")
    due.ask_for_due(now + timedelta(minutes=30))
    assert not Run.objects.filter(finished=None).exists()
    due.ask_for_due(now + timedelta(minutes=61))
    assert Run.objects.filter(finished=None).exists()
