"""What the front page says of backups that do not come, of what ends, and of rewritten journals."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from hosting.backup import due
from hosting.models import Run
from journal.authorising import authorise
from mail.expiry import put_aside, shown
from mail.presentation import day_words, when_words
from nodes.models import Account, Peer
from nodes.peers import get_peer
from panel.today import Need, needs
from sdmp.trust import READ_RESOURCE
from tests.mail.conftest import House
from tests.panel.tables import get, text_of
from tests.support.cast import DESK, RELAY
from tests.support.world import World

Enter = Callable[[Account], Client]


def _needs(owner: Account, slug: str) -> list[Need]:
    return [need for need in needs(owner, timezone.now()) if need.slug == slug]


def _front(client: Client) -> str:
    return text_of(get(client, reverse("admin:index")))


# --- Backups ----------------------------------------------------------------------------------


@pytest.fixture
def backed_up(world: World, settings: Any) -> Callable[[datetime], None]:
    """Say when the last backup went well; they are made daily."""
    settings.BACKUP_TO, settings.BACKUP_EVERY = str(settings.DATA), 24
    settings.BACKUP_PASSPHRASE = "a long passphrase of a few words"

    def set_to(at: datetime) -> None:
        Run.objects.filter(kind=Run.Kind.BACKUP).delete()
        Run.objects.create(
            kind=Run.Kind.BACKUP, outcome=Run.Outcome.GOOD, words="Well.",
            started=at, finished=at, findings=[{"scheduled": True}],
        )  # fmt: skip

    return set_to


def test_a_backup_that_is_due_and_does_not_come(
    world: World, as_owner: Enter, backed_up: Callable[[datetime], None]
) -> None:
    now = world.now
    for hours in (1, 30, 71):  # done, just due, due for nearly two days
        backed_up(now - timedelta(hours=hours))
        assert _needs(world.alice, "backup") == [], hours
    backed_up(now - timedelta(hours=73))
    since = now - timedelta(hours=49)
    assert due.next_backup(now) == since
    [need] = _needs(world.alice, "backup")
    when = when_words(since, now, timezone.get_current_timezone())
    assert (need.state, need.address) == ("bad", reverse("admin:backups"))
    assert need.words == f"A backup is due since {when} and does not come."
    page = _front(as_owner(world.alice))
    assert need.words in page
    assert "All is well. Nothing" not in page


# --- What ends --------------------------------------------------------------------------------


def _lets_in(account: Account, node: str, days: int) -> None:
    now = timezone.now()
    until = now + timedelta(days=days)
    authorise(str(account.fingerprint), node, [READ_RESOURCE], until=until, now=now)


def test_what_ends_for_who_looks(house: House, as_owner: Enter) -> None:
    client = as_owner(house.alice)
    _lets_in(house.alice, DESK.fingerprint, 40)
    assert _needs(house.alice, "ends") == []
    _lets_in(house.alice, RELAY.fingerprint, 5)
    [need] = _needs(house.alice, "ends")
    day = day_words(timezone.now() + timedelta(days=5), timezone.get_current_timezone())
    assert need.words.startswith("What the node ")
    assert need.words.endswith(f"may do for you ends in 5 days, on {day}.")
    assert (need.state, need.address) == ("warn", reverse("mail:endings"))
    assert need.words in _front(client)
    [ending] = shown(house.alice, timezone.now())
    put_aside(house.alice, ending.about, timezone.now())
    assert _needs(house.alice, "ends") == []


def test_for_whom_else_something_ends(house: House, as_owner: Enter) -> None:
    client = as_owner(house.alice)
    assert _needs(house.alice, "ends-for-others") == []
    _lets_in(house.bob, DESK.fingerprint, 5)
    [need] = _needs(house.alice, "ends-for-others")
    words = "For Bob Brown something ends soon or has ended; their pages tell them."
    assert (need.state, need.words) == ("info", words)
    assert need.address == reverse("admin:nodes_trust_changelist")
    assert words in _front(client)
    # What it is stays Bob's: to himself it is told as his, and Alice is not among those named.
    assert _needs(house.alice, "ends") == []
    _lets_in(house.alice, DESK.fingerprint, 5)
    assert [need.words for need in _needs(house.alice, "ends-for-others")] == [words]
    Account.objects.filter(pk=house.bob.pk).update(is_active=False)
    assert _needs(house.alice, "ends-for-others") == []


# --- Rewritten journals -----------------------------------------------------------------------


def test_a_journal_that_was_rewritten(world: World, as_owner: Enter) -> None:
    world.know(DESK)
    row, now = get_peer(DESK.fingerprint), world.now
    assert _needs(world.alice, "rewritten") == []
    at = now - timedelta(days=29)
    Peer.objects.filter(pk=row.pk).update(rewritten=at)
    [need] = _needs(world.alice, "rewritten")
    when = when_words(at, now, timezone.get_current_timezone())
    assert need.words == (
        f"a node without a name has rewritten its journal {when}, so it was read again from the "
        "start; ask its owner why."
    )
    assert (need.state, need.address) == ("info", reverse("admin:map"))
    assert need.words in _front(as_owner(world.alice))
    Peer.objects.filter(pk=row.pk).update(rewritten=now - timedelta(days=31))
    assert _needs(world.alice, "rewritten") == []
