"""What the doctor says of backups."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from hosting.backup.overview import Overview
from hosting.checkup import backups
from hosting.checkup.lines import Line
from hosting.models import Run

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
WELL = Overview(
    beside="", missing="", to="/kept", every=24, keep=7, last=None, bytes=5, place="/kept/a.age",
    next_backup=NOW + timedelta(hours=5), tested=None, next_check=None, kept=[], unread="",
)  # fmt: skip


def _ended(kind: str, outcome: str = "good", **more: Any) -> Run:
    return Run(kind=kind, outcome=outcome, started=NOW, finished=NOW, **more)


@pytest.mark.parametrize(
    ("found", "state", "words", "todo"),
    [
        ({"missing": "Set a place."}, "warn", "There is no backup yet.", "Set a place."),
        (
            {"missing": "Set a place.", "last": _ended("backup")},
            "warn",
            "The last one was made today at 12:00. None has been tested yet.",
            "Set a place.",
        ),
        ({}, "unknown", "There is no backup yet. The next one is due today at 17:00.", ""),
        (
            {"last": _ended("backup"), "tested": _ended("check")},
            "ok",
            "The last one was made today at 12:00. The last test was today at 12:00. "
            "The next one is due today at 17:00.",
            "",
        ),
        ({"last": _ended("backup"), "next_backup": NOW}, "ok", "The next one is due now.", ""),
        ({"last": _ended("backup"), "beside": "Same disk."}, "warn", "None has been", "Same disk."),
    ],
)
def test_backups(found: dict[str, Any], state: str, words: str, todo: str) -> None:
    with timezone.override(UTC):
        line = backups.check_backups(replace(WELL, **found), [], NOW)
    assert (line.state, line.todo) == (state, todo)
    assert words in line.sentence


def test_backups_that_fail_or_do_not_open_come_first() -> None:
    wrong = [Line("backup", "bad", "Backups", "The last backup failed.", "Mend that.")]
    line = backups.check_backups(replace(WELL, beside="Same disk."), wrong, NOW)
    assert (line.slug, line.state, line.sentence) == ("backups", "bad", "The last backup failed.")


@pytest.mark.django_db
def test_faults_of_backups(settings: Any, tmp_path: Path) -> None:
    assert [(x.state, x.slug) for x in backups.faults(NOW)] == [("warn", "backup")]
    settings.BACKUP_TO, settings.BACKUP_PASSPHRASE = str(tmp_path), "a passphrase of nine words"
    assert backups.faults(NOW) == []
    settings.DATA = tmp_path
    [line] = backups.look_at_backups(NOW)
    assert (line.slug, line.state) == ("backups", "warn")
    assert "on the same disk" in line.todo
    _ended("backup", findings=[{"scheduled": True}]).save()
    later = NOW + timedelta(days=4)
    assert "does not come" in backups.faults(later)[0].sentence
    Run.objects.update(finished=NOW - timedelta(minutes=5))
    _ended("backup", "failed", words="The disk is full.").save()
    _ended("check", "bad", words="It has a fault.").save()
    assert [(x.state, x.slug) for x in backups.faults(NOW)] == [
        ("bad", "backup"),
        ("bad", "restore-test"),
    ]
