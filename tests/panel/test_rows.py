"""What stands in each cell of the panel's tables: peers, the journal, trusts, limits, accounts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from journal.authorising import authorise
from journal.models import Line, Resource, Wanted
from journal.publish import publish
from mail.presentation import day_words, when_words
from nodes import bounds, counts
from nodes.models import Account, Exchange, LocalNode, Peer, Trust
from nodes.peers import get_peer
from sdmp.trust import READ_RESOURCE
from tests.mail.conftest import House
from tests.panel.tables import get, listed, row, text_of
from tests.support.cast import ALICE, BOB, DESK, LAPTOP, TABLET
from tests.support.world import World

Enter = Callable[[Account], Client]
PEERS = "admin:nodes_peer_changelist"


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


# --- Peers ------------------------------------------------------------------------------------


def _set(fingerprint: str, **fields: Any) -> None:
    Peer.objects.filter(pk=get_peer(fingerprint).pk).update(**fields)


@pytest.fixture
def silent(world: World) -> Peer:
    """Bob's desk, which is silent for three days, and behind."""
    world.know(DESK)
    LocalNode.objects.update(head_position=20)
    for number in (2, 3):
        Wanted.objects.create(
            peer=DESK.fingerprint, position=number, author=BOB.fingerprint,
            identifier=f"{number:086d}",
        )  # fmt: skip
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    Exchange.objects.create(peer=DESK.fingerprint, hour=hour, frames_in=5)
    before = hour - timedelta(hours=3)
    Exchange.objects.create(peer=DESK.fingerprint, hour=before, frames_out=7, failures=2)
    _set(
        DESK.fingerprint, sent_position=6, failures=4, last_error="it is away",
        last_contact=world.now - timedelta(days=3), next_attempt=world.now + timedelta(minutes=10),
    )  # fmt: skip
    return get_peer(DESK.fingerprint)


@pytest.mark.parametrize("page", [PEERS, "admin:index", "admin:map"])
def test_a_peer_that_is_silent(world: World, as_owner: Enter, silent: Peer, page: str) -> None:
    cells = row(get(as_owner(world.alice), reverse(page)), "192.0.2.3:8000 for Bob")
    assert silent.last_contact is not None
    assert cells["Last heard"].moment == _minute(silent.last_contact)
    assert str(cells["Behind by"]) == "14 lines we lack 2 of its"
    assert cells["Next try"].moment == _minute(silent.next_attempt)
    assert str(cells["Why"]) == "Overdue. It is away, 4 tries"
    chart = cells["Last day"].markup
    assert 'aria-label="192.0.2.3:8000: 12 frames, 2 calls failed"' in chart
    assert (chart.count("<rect"), chart.count("bars__bar--wrong")) == (2, 1)
    assert str(cells["Do"]).startswith("Sync now")


def test_a_peer_that_has_not_been_called_yet(world: World, as_owner: Enter) -> None:
    world.know(TABLET)
    _set(TABLET.fingerprint, sent_position=10**6, lease_until=world.now + timedelta(minutes=9))
    cells = row(get(as_owner(world.alice), reverse(PEERS)), "192.0.2.4:8000 for Carol")
    said = {head: str(cell) for head, cell in cells.items()}
    assert said["Last heard"] == "never"
    assert said["Behind by"] == "0"
    assert said["Next try"] == "–"  # it is being called
    assert 'aria-label="192.0.2.4:8000: nothing went to and fro"' in cells["Last day"].markup


def test_a_peer_that_rewrote_its_journal_says_when_on_its_page(
    world: World, as_owner: Enter
) -> None:
    world.know(DESK)
    at, zone = world.now - timedelta(days=40), timezone.get_current_timezone()
    _set(DESK.fingerprint, rewritten=at)
    key = get_peer(DESK.fingerprint).pk
    page = get(as_owner(world.alice), reverse("admin:nodes_peer_change", args=[key]))
    when = when_words(at, world.now, zone)
    assert f"It rewrote its journal {when} , as a node does" in text_of(page)


# --- The journal ------------------------------------------------------------------------------


def test_a_line_of_the_journal(world: World, as_owner: Enter) -> None:
    came = timezone.now() - timedelta(days=400, hours=3)
    made = publish(ALICE.fingerprint, {"message": "x"}, now=world.now)
    Resource.objects.filter(pk=made.pk).update(size=2_345_678, received=came)
    position = Line.objects.get(resource=made).position
    client, address = as_owner(world.alice), reverse("admin:journal_line_changelist")
    cells = row(get(client, address), f"Line {position}")
    assert str(cells["Author"]) == "Alice"
    assert str(cells["Kind"]) == "public notice"
    assert str(cells["Size"]) == "2.3 MB"
    assert cells["Came"].moment == _minute(came)
    assert str(cells["Identifier"]) == f"{made.identifier[:12]}…"
    Resource.objects.filter(pk=made.pk).update(payload=None)
    cells = row(get(client, address), f"Line {position}")
    assert str(cells["Size"]) == "–"
    assert cells["Came"].moment == _minute(came)
    page = text_of(get(client, reverse("admin:journal_line_change", args=[position])))
    assert "Alice has an account here" in page


# --- Trusts -----------------------------------------------------------------------------------


def test_from_and_until_of_trusts(world: World, as_owner: Enter) -> None:
    world.know(DESK)
    alice, zone = ALICE.fingerprint, timezone.get_current_timezone()
    until, since = world.now + timedelta(days=200), world.now - timedelta(days=77)
    authorise(alice, DESK.fingerprint, [READ_RESOURCE], until=until, now=world.now)
    ending = Trust.objects.get(issuer=alice, trustee=DESK.fingerprint)
    endless = Trust.objects.get(issuer=alice, trustee=LAPTOP.fingerprint)
    Resource.objects.filter(identifier=ending.identifier).update(received=since)
    client = as_owner(world.alice)
    page = get(client, reverse("admin:nodes_trust_changelist") + f"?q={DESK.fingerprint}&in=node")
    cells = row(page, "Alice trusts 192.0.2.3:8000")
    assert str(cells["From"]) == day_words(since, zone)
    assert str(cells["Until"]) == day_words(until, zone)
    assert cells["From"].moment == _minute(since)
    assert cells["Until"].moment == _minute(until)
    assert str(cells["To"]) == "keep and pass on"
    assert str(cells["State"]) == "Current, but the node has not agreed yet"
    page = get(client, reverse("admin:nodes_trust_changelist") + f"?q={endless.identifier}")
    assert str(row(page, "Alice trusts our node")["Until"]) == "no end"


# --- Limits -----------------------------------------------------------------------------------


def test_what_a_limit_is_and_how_often_it_was_reached(
    house: House, as_owner: Enter, settings: Any
) -> None:
    settings.LIMITS = settings.LIMITS | {"handshakes": 4321}
    before = counts.totals().get(("limits", "handshakes"), 0)
    for _ in range(1205):
        bounds.reached(bounds.HANDSHAKES)
    page = get(as_owner(house.alice), reverse("admin:retention"))
    cells = row(page, "calls of other nodes from one address in a minute")
    said = {head: str(cell) for head, cell in cells.items()}
    assert said["To"] == "4,321"
    assert said["Setting"] == "SDMPWEB_LIMIT_HANDSHAKES"
    assert said["Reached"] == f"{before + 1205:,}"
    assert str(row(page, "open sessions with one peer")["To"]) == str(settings.LIMITS["sessions"])


# --- Accounts ---------------------------------------------------------------------------------


def _people(client: Client, which: str) -> list[str]:
    page = get(client, f"{reverse('admin:nodes_account_changelist')}?which={which}")
    return [name.split()[0] for name in listed(page)]


def test_who_has_no_second_factor(house: House, as_owner: Enter) -> None:
    dan, eve = (Account.objects.create_user(name, name=name.title()) for name in ("dan", "eve"))
    client = as_owner(house.alice)
    assert _people(client, "one_factor") == ["Alice", "Bob", "Dan", "Eve"]
    Authenticator.objects.create(user=house.bob, type=Authenticator.Type.TOTP, data={})
    Authenticator.objects.create(user=eve, type=Authenticator.Type.WEBAUTHN, data={})
    # Codes for the day on which a factor is lost are none.
    Authenticator.objects.create(user=dan, type=Authenticator.Type.RECOVERY_CODES, data={})
    assert _people(client, "one_factor") == ["Alice", "Dan"]


def test_whose_recovery_phrase_was_not_checked(house: House, as_owner: Enter) -> None:
    client = as_owner(house.alice)
    assert _people(client, "no_backup") == ["Alice", "Bob"]
    Account.objects.filter(pk=house.alice.pk).update(backup_checked=timezone.now())
    assert _people(client, "no_backup") == ["Bob"]
    page = get(client, reverse("admin:nodes_account_changelist"))
    assert str(row(page, "Alice")["Recovery phrase"]) == "Checked"
    assert str(row(page, "Bob")["Recovery phrase"]) == "Not checked"


@pytest.mark.parametrize(
    ("which", "changed"),
    [
        ("owners", {}),
        ("suspended", {"is_active": False}),
        ("host", {"mode": Account.Mode.HOST}),
    ],
)
def test_who_else_is_listed(
    house: House, as_owner: Enter, which: str, changed: dict[str, Any]
) -> None:
    client = as_owner(house.alice)
    if changed:
        Account.objects.filter(pk=house.bob.pk).update(**changed)
    assert _people(client, which) == (["Bob"] if changed else ["Alice"])
