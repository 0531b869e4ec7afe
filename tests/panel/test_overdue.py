"""Which peers have been silent for too long."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from nodes.models import Peer
from nodes.peers import get_peer, note_contact
from panel.overdue import overdue_peers
from tests.support.cast import DESK, TABLET
from tests.support.world import World


def _set(world: World, **fields: Any) -> None:
    get_peer(DESK.fingerprint)
    Peer.objects.filter(fingerprint=DESK.fingerprint).update(**fields)


def test_silent_for_days(world: World) -> None:
    world.know(DESK)
    _set(world, failures=3, last_contact=world.now - timedelta(days=3))
    [found] = overdue_peers(world.now)
    assert (found.fingerprint, found.failures) == (DESK.fingerprint, 3)


@pytest.mark.parametrize(
    "fields",
    [
        {"failures": 3, "hours": 20},  # switched off at night
        {"failures": 0, "hours": 90},  # nothing has failed
        {"failures": 3},  # never reached, and not tried for long
    ],
)
def test_not_overdue(world: World, fields: dict[str, int]) -> None:
    world.know(DESK)
    now = world.now
    hours = fields.get("hours")
    _set(
        world,
        failures=fields["failures"],
        last_contact=now - timedelta(hours=hours) if hours else None,
    )
    assert overdue_peers(now) == []


def test_it_is_overdue_while_it_is_called_once_more(world: World) -> None:
    world.know(DESK)
    now = world.now
    _set(
        world, failures=3, last_contact=now - timedelta(hours=90),
        lease_until=now + timedelta(seconds=10),
    )  # fmt: skip
    assert len(overdue_peers(now)) == 1
    note_contact(DESK.fingerprint, now)
    assert overdue_peers(now) == []


def test_never_reached_comes_first(world: World) -> None:
    world.know(DESK)
    world.know(TABLET)
    _set(world, failures=30, last_contact=world.now - timedelta(days=2))
    Peer.objects.filter(pk=get_peer(TABLET.fingerprint).pk).update(failures=12)
    found = overdue_peers(world.now)
    assert [one.fingerprint for one in found] == [TABLET.fingerprint, DESK.fingerprint]


def test_nobody_has_to_do_with_it(world: World) -> None:
    _set(world, failures=30, last_contact=world.now - timedelta(days=9))
    assert overdue_peers(world.now) == []
