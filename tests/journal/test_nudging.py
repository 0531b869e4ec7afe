"""Having a peer called at once."""

from __future__ import annotations

from datetime import timedelta

from journal.models import Wanted
from journal.nudging import Nudge, nudge
from nodes.models import Address, Peer
from nodes.peers import get_peer
from tests.support.cast import BOB, DESK
from tests.support.world import ANOTHER, World


def _peer(world: World) -> Peer:
    get_peer(DESK.fingerprint)
    Peer.objects.update(failures=9, next_attempt=world.now + timedelta(hours=1))
    return Peer.objects.get()


def test_its_back_off_is_forgotten(world: World) -> None:
    world.know(DESK)
    row, now = _peer(world), world.now
    for identifier, passed in (("A" * 86, False), ("B" * 86, True)):
        Wanted.objects.create(
            peer=DESK.fingerprint, position=2, author=BOB.fingerprint, identifier=identifier,
            passed_over=passed, not_before=now + timedelta(hours=1),
        )  # fmt: skip
    assert nudge(row, now) is Nudge.CALLED
    row.refresh_from_db()
    assert (row.failures, row.next_attempt) == (0, now)
    due = Wanted.objects.filter(not_before__lte=now)
    assert [wanted.identifier for wanted in due] == [ANOTHER]


def test_an_open_session_is_woken(world: World) -> None:
    world.know(DESK)
    row = _peer(world)
    row.lease_until = world.now + timedelta(seconds=9)
    assert nudge(row, world.now) is Nudge.WOKEN


def test_nobody_has_a_reason_or_an_address(world: World) -> None:
    row = _peer(world)
    assert nudge(row, world.now) is Nudge.NO_REASON
    world.know(DESK)
    Address.objects.all().delete()
    row = _peer(world)
    assert nudge(row, world.now) is Nudge.NO_ADDRESS
    row.refresh_from_db()
    assert row.failures == 9
