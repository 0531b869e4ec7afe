"""Peers: how they are doing, their charts, and talking to one now."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from hosting.models import AuditEntry
from journal.models import Wanted
from nodes.models import Account, Exchange, LocalNode, Peer
from nodes.peers import get_peer
from panel import peers
from panel.bars import Bar, bar_chart
from tests.support.cast import BOB, CAROL, DESK, TABLET
from tests.support.world import ANOTHER, World

Enter = Callable[[Account], Client]
LIST = "admin:nodes_peer_changelist"


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for no outcome: nothing runs here that would call."""
    monkeypatch.setattr(peers, "PATIENCE_SECONDS", 0.0)


def _peer(world: World, **fields: Any) -> Peer:
    row = get_peer(DESK.fingerprint)
    Peer.objects.filter(pk=row.pk).update(**fields)
    row.refresh_from_db()
    return row


def _view(world: World, **fields: Any) -> peers.PeerView:
    [view] = peers.peer_views([_peer(world, **fields)], world.now)
    return view


def _words(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    main = answer.content.decode().partition("<main")[2].partition("</main>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


def test_behind_in_both_directions(world: World) -> None:
    world.know(DESK)
    LocalNode.objects.update(head_position=20)
    for number, passed in ((2, False), (3, False), (4, True)):
        Wanted.objects.create(
            peer=DESK.fingerprint, position=number, author=BOB.fingerprint,
            identifier=f"{number:086d}", passed_over=passed,
        )  # fmt: skip
    view = _view(world, sent_position=6, failures=0)
    assert (view.untold, view.lacking) == (14, 2)
    assert (view.name, view.people) == ("192.0.2.3:8000", ["Bob"])
    assert view.next_try is not None


@pytest.mark.parametrize(
    ("fields", "why", "kind"),
    [
        ({"lease": 10, "heard": 3}, "Session open", "good"),
        ({"lease": 10, "heard": 900}, "Is being called now", ""),
        (
            {"failures": 6, "last_error": "it closed the connection"},
            "It closed the connection, 6 tries",
            "warn",
        ),
        (
            {"heard": 900, "rests": 600, "last_error": "The limit X was reached."},
            "The limit X was reached",
            "warn",
        ),
        ({"heard": 900, "sent_position": 10**6}, "Closed the session, nothing to send", ""),
        ({"rewrote": 7200}, "It rewrote its journal", "warn"),
    ],
)
def test_why(world: World, fields: dict[str, Any], why: str, kind: str) -> None:
    world.know(DESK)
    given, now = dict(fields), world.now
    for name, column, sign in (
        ("lease", "lease_until", 1),
        ("heard", "last_contact", -1),
        ("rewrote", "rewritten", -1),
        ("rests", "next_attempt", 1),
    ):
        if name in given:
            given[column] = now + sign * timedelta(seconds=given.pop(name))
    view = _view(world, **given)
    assert view.why.startswith(why)
    assert view.kind == kind


def test_a_node_that_no_trust_leads_to(world: World, as_owner: Enter) -> None:
    view = _view(world)
    assert not view.known
    assert view.next_try is None
    assert peers.strangers(world.now) == [DESK.fingerprint]
    words = peers.sync_now(_peer(world), by=world.alice, now=world.now)
    assert words.startswith("No trust of anybody here leads to ")
    assert "Sync now" not in _words(as_owner(world.alice), reverse(LIST))


def test_overdue_ones_stand_first(world: World, as_owner: Enter) -> None:
    world.know(DESK)
    world.know(TABLET)
    now = world.now
    _peer(world, failures=3, last_contact=now - timedelta(days=3), last_error="it is away")
    other = get_peer(TABLET.fingerprint)
    Peer.objects.filter(pk=other.pk).update(failures=9, last_contact=now - timedelta(hours=1))
    words = _words(as_owner(world.alice), reverse(LIST))
    assert "Overdue. It is away, 3 tries" in words
    assert words.index("192.0.2.3") < words.index("192.0.2.4")
    only = _words(as_owner(world.alice), reverse(LIST) + "?which=overdue")
    assert "192.0.2.3" in only
    assert "192.0.2.4" not in only


def test_sync_now_clears_the_back_off_and_is_noted(world: World, as_owner: Enter) -> None:
    world.know(DESK)
    far = world.now + timedelta(hours=1)
    row = _peer(world, failures=9, next_attempt=far)
    Wanted.objects.create(
        peer=DESK.fingerprint, position=2, author=BOB.fingerprint, identifier=ANOTHER,
        not_before=far,
    )  # fmt: skip
    client, address = as_owner(world.alice), reverse("admin:nodes_peer_sync", args=[row.pk])
    assert client.get(address).status_code == 405
    answer = client.post(address, {"back": "peer"}, follow=True)
    assert "is being called" in answer.content.decode()
    assert answer.redirect_chain[-1][0] == reverse("admin:nodes_peer_change", args=[row.pk])
    row.refresh_from_db()
    assert (row.failures, row.next_attempt < far) == (0, True)
    assert Wanted.objects.get().not_before < far
    entry = AuditEntry.objects.get(action="peer.sync")
    assert (entry.account, entry.details["outcome"]) == (world.alice, "called")


def test_the_page_of_a_peer(world: World, as_owner: Enter) -> None:
    world.know(DESK)
    hour = world.now.replace(minute=0, second=0, microsecond=0)
    Exchange.objects.create(peer=DESK.fingerprint, hour=hour, frames_in=5, bytes_in=2048)
    Exchange.objects.create(
        peer=DESK.fingerprint, hour=hour - timedelta(hours=3), frames_out=7, failures=2
    )
    row = _peer(world, rewritten=world.now - timedelta(days=2))
    address = reverse("admin:nodes_peer_change", args=[row.pk])
    words = _words(as_owner(world.alice), address)
    assert "192.0.2.3:8000: 12 frames, 2 calls failed." in words
    assert "It rewrote its journal" in words
    assert "Bob trusts 192.0.2.3:8000" in words
    assert "ws://192.0.2.3:8000/sdmp" in words


def test_many_peers_take_few_queries(
    world: World, as_owner: Enter, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    for number in range(60):
        Peer.objects.create(fingerprint=f"{number:086d}", known_line=f"{number:086d}")
    client = as_owner(world.alice)
    with django_assert_max_num_queries(35):
        assert client.get(reverse(LIST)).status_code == 200


def test_searching_by_address(world: World, as_owner: Enter) -> None:
    world.know(DESK)
    world.know(TABLET)
    for node in (DESK, TABLET):
        get_peer(node.fingerprint)
    client = as_owner(world.alice)
    assert "192.0.2.4" not in _words(client, reverse(LIST) + "?q=192.0.2.3")
    assert CAROL.fingerprint not in _words(client, reverse(LIST) + "?q=nothing-like-it")


def test_bars_are_as_high_as_their_amounts() -> None:
    drawn = bar_chart([Bar(0), Bar(10), Bar(5, wrong=True)], "a < b")
    assert drawn.count("<rect") == 2
    assert 'height="24"' in drawn
    assert 'class="bars__bar bars__bar--wrong" x="8" y="12" width="3" height="12"' in drawn
    assert 'aria-label="a &lt; b"' in drawn
    assert "style" not in drawn
