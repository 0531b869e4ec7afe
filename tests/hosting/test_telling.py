"""Owners hear of what is bad: once, quietly, and not at night."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from hosting import beats, needs, telling
from hosting.models import Beat, Run, Trouble
from mail import notices, selfcheck
from nodes.models import Account
from tests.mail.conftest import House
from tests.mail.conftest import browse as browse
from tests.mail.conftest import house as house
from tests.support.nodes import ROOT, NodeProcess

Browse = Callable[[Account], Client]
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def told(house: House, settings: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Who was notified, of a node that is Alice's and where all is well."""
    settings.BACKUP_TO = str(settings.DATA)
    settings.BACKUP_PASSPHRASE = "a long passphrase of a few words"
    settings.BACKUP_EVERY = 10_000
    monkeypatch.setattr(selfcheck, "LITTLE_SPACE", 0)
    monkeypatch.setattr(selfcheck, "NO_SPACE", 0)
    own(house.alice)
    end(Run.Kind.BACKUP, findings=[{"scheduled": True}])
    names: list[str] = []

    def notify_now(account: Account, kind: str) -> bool:
        assert kind == "node"
        names.append(account.username)
        return True

    monkeypatch.setattr(notices, "notify_now", notify_now)
    return names


def own(account: Account) -> None:
    """Make an account an owner."""
    account.is_staff = account.is_superuser = True
    account.save()


def end(kind: str, outcome: str = Run.Outcome.GOOD, **more: Any) -> None:
    """Let a piece of long work have ended now."""
    now = timezone.now()
    given = {"words": "So it went.", "started": now, "finished": now} | more
    Run.objects.create(kind=kind, outcome=outcome, **given)


def fail_backup() -> None:
    end(Run.Kind.BACKUP, Run.Outcome.FAILED, words="ana’s stick is full.")


def look_from(start: datetime, span: timedelta, every: timedelta = 5 * MINUTE) -> None:
    """Look again and again, as the schedule does."""
    for n in range(span // every + 1):
        telling.look(start + n * every)


def test_nothing_is_told_while_all_is_well(told: list[str]) -> None:
    end(Run.Kind.STORAGE, Run.Outcome.FAILED)  # to look at, and no alarm
    look_from(NOON, DAY, timedelta(hours=1))
    assert told == []
    assert not Trouble.objects.exists()


def test_a_failed_backup_is_told_once_and_again_after_a_week(told: list[str]) -> None:
    fail_backup()
    telling.look(NOON)
    assert told == []  # what passes within minutes is told to nobody
    look_from(NOON, timedelta(hours=2))
    assert told == ["alice"]
    look_from(NOON, 6 * DAY, timedelta(hours=1))
    assert told == ["alice"]
    look_from(NOON + 7 * DAY, DAY, timedelta(hours=1))
    assert told == ["alice", "alice"]


def test_several_things_at_once_are_one_notification(
    told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_backup()
    end(Run.Kind.JOURNAL, Run.Outcome.BAD)
    monkeypatch.setattr(selfcheck, "NO_SPACE", 10**18)
    look_from(NOON, timedelta(hours=1))
    assert told == ["alice"]
    assert set(Trouble.objects.values_list("slug", flat=True)) == {"backup", "journal", "disk"}


def test_what_comes_and_goes_is_told_once_a_day(
    told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for hour in range(10):
        for full in (True, False):
            monkeypatch.setattr(selfcheck, "NO_SPACE", 10**18 if full else 0)
            look_from(NOON + hour * timedelta(hours=1) + (not full) * 30 * MINUTE, 25 * MINUTE)
    assert told == ["alice"]
    monkeypatch.setattr(selfcheck, "NO_SPACE", 10**18)
    look_from(NOON + DAY + timedelta(hours=1), timedelta(hours=1))
    assert told == ["alice", "alice"]


def test_what_is_over_is_forgotten(told: list[str]) -> None:
    fail_backup()
    look_from(NOON, timedelta(hours=1))
    end(Run.Kind.BACKUP, finished=timezone.now() + MINUTE)
    look_from(NOON + timedelta(hours=2), 2 * DAY, timedelta(hours=1))
    assert not Trouble.objects.exists()
    assert told == ["alice"]


def test_nobody_is_woken_at_night(told: list[str], house: House) -> None:
    Account.objects.filter(pk=house.alice.pk).update(timezone="Asia/Tokyo")
    fail_backup()
    look_from(NOON + timedelta(hours=1), timedelta(hours=8, minutes=50))  # 22:00 to 6:50 there
    assert told == []
    look_from(NOON + timedelta(hours=10), timedelta(hours=1))
    assert told == ["alice"]


def test_owners_alone_and_who_wants_to_be_told(told: list[str], house: House) -> None:
    fail_backup()
    Account.objects.filter(pk=house.alice.pk).update(notify_node=False)
    look_from(NOON, timedelta(hours=1))
    assert told == []
    own(house.bob)
    look_from(NOON + timedelta(hours=1), timedelta(hours=1))
    assert told == ["bob"]
    Account.objects.filter(pk=house.bob.pk).update(is_superuser=False)
    look_from(NOON + timedelta(hours=2), timedelta(hours=1))
    assert not Trouble.objects.filter(account=house.bob).exists()


def test_two_that_look_tell_once(told: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    fail_backup()
    telling.look(NOON)
    later = NOON + 20 * MINUTE

    def look_meanwhile(account: Account, kind: str) -> bool:
        assert telling.look(later) == 0
        told.append(account.username)
        return True

    monkeypatch.setattr(notices, "notify_now", look_meanwhile)
    assert telling.look(later) == 1
    assert telling.look(later) == 0
    assert told == ["alice"]


def test_who_was_not_reached_is_told_later(
    told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_backup()
    telling.look(NOON)
    later = NOON + 20 * MINUTE

    def reach_nobody(account: Account, kind: str) -> bool:
        told.append("nobody")
        return False

    with monkeypatch.context() as away:
        away.setattr(notices, "notify_now", reach_nobody)
        assert telling.look(later) == 0
        assert telling.look(later) == 0  # not again and again
    assert told == ["nobody"]
    cache.clear()  # the hour is over
    assert telling.look(later) == 1
    assert told == ["nobody", "alice"]
    assert telling.look(later) == 0


def test_pages_look_in_the_place_of_dead_workers(told: list[str]) -> None:
    now = timezone.now().replace(hour=12)
    for name in beats.NAMES:
        Beat.objects.create(name=name, process="here:1", seen=now)
    fail_backup()
    telling.look_for_workers(now)
    assert not Trouble.objects.exists()  # workers see to it
    Beat.objects.filter(name=beats.WORKER).update(seen=now - 5 * MINUTE)
    telling.look_for_workers(now)
    assert {row.slug for row in Trouble.objects.all()} == {"backup", "worker"}
    Trouble.objects.update(since=now - 20 * MINUTE)
    assert telling.look_for_workers(now) == 1
    assert told == ["alice"]


_LOOK = """
import sys, time
from datetime import timedelta
from django.utils import timezone
from hosting import telling
from hosting.models import Trouble
from mail import notices
from nodes.models import Account
owner = Account.objects.get_or_create(username="ana", timezone="UTC", is_superuser=True)[0]
noon = timezone.now().replace(hour=12)
since = {"since": noon - timedelta(hours=1)}
Trouble.objects.get_or_create(account=owner, slug="backup", defaults=since)
telling.needs.of_the_node = lambda now: [type("Need", (), {"slug": "backup", "state": "bad"})]
notices._PATIENCE = 0
def push(account):
    print("there", flush=True)
    if %s:
        time.sleep(600)
notices.wake_browsers = push
print(telling.look(noon), telling.look(noon), flush=True)
"""


@pytest.mark.nodes
def test_what_a_killed_process_was_telling_is_told(make_node: Callable[..., NodeProcess]) -> None:
    node = make_node("killed")
    node.prepare()
    with subprocess.Popen(
        [sys.executable, "-m", "sdmpweb", "shell", "-v0", "-c", _LOOK % True],
        cwd=ROOT, env=node.environment, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "there\n"
        process.kill()
    assert node.command("shell", "-v0", "-c", _LOOK % False) == "there\n1 0\n"


def test_a_look_that_fails_ends_no_process(
    told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: datetime) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr(needs, "of_the_node", fails)
    assert telling.look_for_workers(NOON) == 0


# --- On the pages --------------------------------------------------------------------------


def test_a_line_stands_until_the_panel_was_looked_at(
    told: list[str], house: House, browse: Browse
) -> None:
    fail_backup()
    now = timezone.now()
    telling.look(now - 20 * MINUTE)
    pages = browse(house.alice)
    page = pages.get(reverse("mail:inbox")).content.decode()
    assert "Your node needs you." in page
    assert "stick" not in page
    bobs = browse(house.bob).get(reverse("mail:inbox"))
    assert bobs.status_code == 200
    assert "Your node needs you." not in bobs.content.decode()
    today = pages.get(reverse("admin:index")).content.decode()
    assert "stick is full" in today
    assert "data-node-needs" not in pages.get(reverse("mail:inbox")).content.decode()
    look_from(now, DAY, timedelta(hours=1))
    assert told == []  # who has looked is not told
    assert "data-node-needs" not in pages.get(reverse("mail:inbox")).content.decode()


def test_the_line_can_be_turned_off_where_notifications_are(
    told: list[str], house: House, browse: Browse
) -> None:
    fail_backup()
    telling.look(timezone.now() - 20 * MINUTE)
    pages, address = browse(house.alice), reverse("mail:settings_notifications")
    assert "notify_node" in pages.get(address).content.decode()
    assert "notify_node" not in browse(house.bob).get(address).content.decode()
    pages.post(address, {"notify": "who"})
    assert "data-node-needs" not in pages.get(reverse("mail:inbox")).content.decode()
    pages.post(address, {"notify": "who", "notify_node": "on"})
    assert "data-node-needs" in pages.get(reverse("mail:inbox")).content.decode()
    browse(house.bob).post(address, {"notify": "quiet"})
    assert Account.objects.get(username="bob").notify_node  # not for him to say


def test_the_notification_says_that_and_no_more(house: House, browse: Browse) -> None:
    cache.clear()
    own(house.alice)
    notices.notify(house.alice, "node")
    said = browse(house.alice).get(reverse("mail:notice_latest")).json()
    assert (said["title"], said["body"], said["url"], said["tag"]) == (
        "Your node needs you", "hearth", "/admin/", "node",
    )  # fmt: skip
    assert notices.describe(house.bob, "node") is None
    house.write()
    assert notices.latest(house.alice) is not None
    house.alice.notify_node = False
    assert notices.describe(house.alice, "node") is None


def test_a_letter_that_came_later_is_said_first(house: House) -> None:
    cache.clear()
    own(house.bob)
    notices.notify(house.bob, "node")
    house.write()
    said = notices.latest(house.bob)
    assert said is not None
    assert said.title == "Alice Adams wrote to you"
