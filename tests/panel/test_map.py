"""The page with the picture: what it shows, whose, and that the list says the same."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from journal.authorising import authorise
from journal.trusts import withdraw
from nodes import facts, keystore
from nodes.models import Account, Peer
from nodes.peers import get_peer
from panel.drawing import draw
from panel.picture import Picture, make_picture
from sdmp.trust import READ_RESOURCE
from tests.mail.conftest import House
from tests.panel.crowd import Rows, fill, fingerprint
from tests.support.cast import ALICE, BOB, CAROL, DESK, TABLET
from tests.support.world import World

Enter = Callable[[Account], Client]


def _picture(world: World, **options: object) -> Picture:
    picture = make_picture(world.now, **options)  # type: ignore[arg-type]
    assert picture is not None
    return picture


def _rows(picture: Picture) -> list[tuple[str, str]]:
    return [(row.words, row.state) for row in picture.rows]


def test_two_who_know_each_other(world: World) -> None:
    world.know(DESK)
    picture = _picture(world)
    [household] = picture.households
    assert [dot.label for dot in (*household.users, *household.nodes)] == ["Bob", "192.0.2.3:8000"]
    assert household.works == ((BOB.fingerprint, DESK.fingerprint, "works"),)
    [link] = picture.links
    assert (link.how, link.title) == ("both", "Alice and Bob: both ways")
    assert _rows(picture) == [("Alice and Bob", "both ways")]
    assert _picture(world, attention=True).households == []


def test_one_sided_ended_and_not_agreed(world: World) -> None:
    world.know(DESK)
    world.know(TABLET)
    alice, now = str(world.alice.fingerprint), world.now
    withdraw(alice, CAROL.fingerprint, now=now)
    authorise(alice, TABLET.fingerprint, [READ_RESOURCE], until=None, now=now)
    picture = _picture(world, attention=True)
    rows = dict(_rows(picture))
    assert rows["Carol to Alice"] == "one side only, waits for Alice"
    assert rows["Alice and the node 192.0.2.4:8000"] == "has not agreed"
    assert "Alice and Bob" not in rows
    towards = {link.towards for link in picture.links}
    assert towards == {alice, TABLET.fingerprint}
    world.accept(CAROL.revocation(CAROL.trust(ALICE)))
    rows = dict(_rows(_picture(world)))
    assert rows["Alice and Carol"] == "ended"


def test_what_ends_soon_and_who_is_silent(world: World) -> None:
    world.know(DESK)
    get_peer(DESK.fingerprint)
    Peer.objects.update(failures=20, last_contact=world.now - timedelta(days=4))
    [household] = _picture(world, attention=True).households
    assert household.nodes[0].lost
    assert ("192.0.2.3:8000 does not answer", "warn") in household.words


def test_only_one_accounts(house: House, as_owner: Enter) -> None:
    client = as_owner(house.alice)
    page = client.get(reverse("admin:map")).content.decode()
    assert '<svg class="map map--small"' in page
    assert "Alice Adams and Bob Brown" in page
    answer = client.get(reverse("admin:map"), {"whose": "nonsense", "show": "nonsense"})
    assert answer.status_code == 200
    answer = client.get(reverse("admin:map"), {"show": "attention"})
    assert answer.status_code == 200


def test_a_hundred_nodes(
    house: House, as_owner: Enter, django_assert_max_num_queries: Callable[[int], object]
) -> None:
    alice, bob = str(house.alice.fingerprint), str(house.bob.fingerprint)
    fill([alice, bob], keystore.node_fingerprint(), 100)
    client = as_owner(house.alice)
    with django_assert_max_num_queries(60):  # type: ignore[attr-defined]
        page = client.get(reverse("admin:map")).content.decode()
    assert page.count('class="map__node') - 3 >= 100  # three stand in the legend
    assert " style=" not in page
    assert "onclick" not in page
    drawn = page.partition('<svg class="map ')[2].partition("</svg>")[0]
    assert all('href="/admin/' in link for link in re.findall(r"<a [^>]*>", drawn))
    less = client.get(reverse("admin:map"), {"show": "attention"}).content.decode()
    assert 0 < less.count("<circle") < page.count("<circle")
    mine = client.get(reverse("admin:map"), {"whose": bob}).content.decode()
    assert mine.count("<circle") < page.count("<circle")


@pytest.mark.django_db
def test_no_node_yet(as_owner: Enter) -> None:
    owner = Account.objects.create_user("olga", password="a long house-key 7")
    assert "Nobody yet" in as_owner(owner).get(reverse("admin:map")).content.decode()


def test_a_crowd_in_one_household_is_counted_not_drawn(house: House) -> None:
    """Thirty people on one node, as on that of a club: eight are drawn, all stand in the list."""
    now, rows = timezone.now(), Rows(timezone.now())
    alice, node = str(house.alice.fingerprint), fingerprint("club")
    for n in range(30):
        user = fingerprint(f"member {n}")
        rows.person(user, f"Member {n}", now + timedelta(days=900))
        rows.works(user, node, "club", now + timedelta(days=900))
        rows.trust(alice, user, "user", ["read_resource"], None)
        rows.trust(user, alice, "user", ["read_resource"], None)
    rows.write()
    facts.forget()
    picture = make_picture(now)
    assert picture is not None
    [household] = picture.households
    assert (len(household.users), len(household.nodes)) == (8, 1)
    assert household.words[-1][0] == "30 people, of whom 8 are drawn"
    assert len(picture.rows) == 31  # with Bob, who has an account here
    assert draw(picture.here, picture.accounts, picture.households, picture.links, "").lines
