"""Who is due to be called, and who is woken."""

from typing import Any

import pytest

from journal import links
from journal.links import due_peers, wake_due
from journal.models import Wanted
from nodes.peers import LEASE, clear_back_off, get_peer, note_failure, take_lease
from tests.support.cast import BOB, DESK, TABLET
from tests.support.world import ANOTHER, World, later


def test_a_contact_s_node_is_due_at_once(world: World) -> None:
    assert due_peers(world.now) == []
    world.know(DESK)
    assert due_peers(later(seconds=1)) == [DESK.fingerprint]


def test_one_who_failed_is_due_after_its_back_off(world: World) -> None:
    world.know(DESK)
    note_failure(DESK.fingerprint, "nothing listens there", world.now, world.now)
    assert due_peers(world.now) == []
    assert due_peers(later(seconds=6)) == [DESK.fingerprint]
    clear_back_off({DESK.fingerprint}, world.now)
    assert due_peers(later(seconds=1)) == [DESK.fingerprint]


def test_one_with_whom_somebody_talks_is_not_due(world: World) -> None:
    world.know(DESK)
    get_peer(DESK.fingerprint)
    take_lease(DESK.fingerprint, "another process", later())
    assert due_peers(later(seconds=1)) == []
    assert due_peers(later(seconds=LEASE.total_seconds() + 1)) == [DESK.fingerprint]


def test_one_without_address_is_not_due(world: World) -> None:
    world.know(DESK)
    world.accept(BOB.revocation(DESK.node()))
    assert due_peers(later(seconds=1)) == []


def test_without_a_node_nobody_is_due(db: None) -> None:
    assert due_peers(later()) == []


def test_sessions_are_woken_for_what_may_be_asked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[dict[str, Any]] = []
    monkeypatch.setattr(links, "wake", lambda group, **message: woken.append(message))
    wake_due(world.now)
    assert woken == []
    get_peer(DESK.fingerprint)
    get_peer(TABLET.fingerprint)
    for node, passed_over, due in (
        (DESK, False, world.now),
        (DESK, False, later(hours=1)),
        (TABLET, True, world.now),
    ):
        Wanted.objects.create(
            peer=node.fingerprint,
            position=2,
            author=BOB.fingerprint,
            identifier=f"{Wanted.objects.count()}{ANOTHER[1:]}",
            passed_over=passed_over,
            not_before=due,
        )
    wake_due(later(seconds=1))
    assert woken == [{"type": "session.wake", "peers": [DESK.fingerprint]}]


def test_sessions_with_peers_that_lack_news_are_woken(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wake-up that came with the news may have been lost."""
    woken: list[dict[str, Any]] = []
    monkeypatch.setattr(links, "wake", lambda group, **message: woken.append(message))
    world.know(DESK)
    peer = get_peer(DESK.fingerprint)
    wake_due(world.now)
    assert woken == []  # nobody talks to it: it is called
    take_lease(DESK.fingerprint, "another process", world.now)
    wake_due(world.now)
    assert woken == [{"type": "session.wake", "peers": [DESK.fingerprint]}]
    peer.sent_position = len(world.journal())
    peer.save(update_fields=["sent_position"])
    wake_due(world.now)
    assert len(woken) == 1
