"""The page of a trust: what it says, why it holds step by step, and whose turn it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from hosting.models import AuditEntry
from hosting.names import Names
from journal.authorising import authorise
from journal.models import Resource
from journal.trusts import trust_user, withdraw
from mail.presentation import day_words
from nodes.errors import UserError
from nodes.facts import current_facts
from nodes.models import Account, Trust
from panel import trust_changes
from sdmp.encoding import format_time
from sdmp.trust import READ_RESOURCE, TrustFact
from tests.panel.tables import get, text_of
from tests.support.cast import ALICE, ALL_POWERS, BOB, CAROL, DESK, LAPTOP, TABLET, Member
from tests.support.world import World

Enter = Callable[[Account], Client]


def _trust(issuer: Member, trustee: Member) -> Trust:
    rows = Trust.objects.filter(issuer=issuer.fingerprint, trustee=trustee.fingerprint)
    return rows.latest("pk")


def _fact(row: Trust) -> TrustFact:
    fact = current_facts().trust(row.identifier)
    assert fact is not None
    return fact


def _page(client: Client, row: Trust) -> str:
    return get(client, reverse("admin:nodes_trust_change", args=[row.pk]))


def _facts(page: str) -> dict[str, str]:
    """What the list of facts says."""
    pairs = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", page, re.DOTALL)
    return {text_of(name): text_of(said) for name, said in pairs}


def _steps(page: str) -> list[tuple[str, str, str]]:
    """Each step of the chain: how it is shown, its words, and where it leads."""
    [chain] = re.findall(r'<ol class="chain">(.*?)</ol>', page, re.DOTALL)
    items = re.findall(r'<li class="sentence sentence--(\w+)">(.*?)</li>', chain, re.DOTALL)
    found = []
    for kind, markup in items:
        leads = re.search(r'<a href="([^"]+)">', markup)
        found.append((kind, text_of(markup), leads[1] if leads else ""))
    return found


@pytest.fixture
def let_in(world: World) -> Trust:
    """This node has let in Bob's desk for Alice, for half a year."""
    until = world.now + timedelta(days=180)
    authorise(ALICE.fingerprint, DESK.fingerprint, [READ_RESOURCE], until=until, now=world.now)
    return _trust(ALICE, DESK)


def test_what_a_trust_says(world: World, as_owner: Enter, let_in: Trust) -> None:
    zone, since = timezone.get_current_timezone(), world.now - timedelta(days=77)
    Resource.objects.filter(identifier=let_in.identifier).update(received=since)
    assert let_in.expires is not None
    client = as_owner(world.alice)
    said = _facts(_page(client, let_in))
    assert said["From"] == f"here since {day_words(since, zone)}"
    assert said["Until"] == day_words(let_in.expires, zone)
    assert said["May"] == "Keep and pass on"
    assert said["Who trusts"] == f"Alice Fingerprint {ALICE.fingerprint}"
    assert said["Whom"].endswith(f"Fingerprint {DESK.fingerprint}")
    assert said["State"] == "Current, but the node has not agreed yet"
    assert _facts(_page(client, _trust(ALICE, LAPTOP)))["Until"] == "no end"


def test_each_step_of_the_chain_is_shown(world: World, as_owner: Enter, let_in: Trust) -> None:
    client, right = as_owner(world.alice), _trust(ALICE, LAPTOP)
    page = _page(client, let_in)
    leads = reverse("admin:nodes_trust_change", args=[right.pk])
    by = "By a trust that lets that node do so, and is current. That trust"
    steps = _steps(page)
    assert [kind for kind, _, _ in steps] == ["good"] * 5 + ["warn"]
    assert steps[0][1].startswith("It is not withdrawn, and lasts until ")
    assert steps[1][1] == "This node (our node) signed it for Alice."
    assert steps[2] == ("good", by, leads)
    assert steps[3][1] == "Alice signed that with their own key."
    assert steps[4][1].startswith("The identity of Alice lasts until ")
    assert "has not agreed to act for Alice yet" in steps[5][1]
    assert "Why it is valid" in page
    # The trust on which it rests was signed by the user's own key: there the chain ends.
    own = [words for _, words, _ in _steps(_page(client, right))]
    assert own[0] == "It is not withdrawn, and has no end."
    assert own[1] == "Alice signed it with their own key."
    assert own[3].startswith("our node has agreed to act for Alice, until ")


def test_a_chain_that_broke(world: World, as_owner: Enter, let_in: Trust) -> None:
    client = as_owner(world.alice)
    world.accept(ALICE.revocation(LAPTOP.authorisation()))
    page = _page(client, let_in)
    assert "Why it is not valid" in page
    steps = _steps(page)
    assert [kind for kind, _, _ in steps][:4] == ["good", "good", "bad", "good"]
    words = "The trust that let that node do so has ended, and this one with it. That trust"
    assert steps[2][1] == words
    assert _facts(page)["State"] == "Ended with the trust that it rests on"


def test_the_other_way(world: World, as_owner: Enter) -> None:
    trust_user(ALICE.fingerprint, BOB.fingerprint, now=world.now)
    client = as_owner(world.alice)
    silent = "does not trust Alice, as far as this node knows: without that their nodes do not talk"
    assert silent in text_of(_page(client, _trust(ALICE, BOB)))
    world.know(DESK)
    page = _page(client, _trust(ALICE, BOB))
    back = reverse("admin:nodes_trust_change", args=[_trust(BOB, ALICE).pk])
    assert f'The other way: <a href="{back}">Bob trusts Alice</a>, Current' in page


# --- Renewing ---------------------------------------------------------------------------------


def _ends(days: int = 5) -> str:
    return format_time(timezone.now() + timedelta(days=days))


def _elsewhere(world: World) -> Trust:
    """Carol, who has no account here, trusts Bob for some days."""
    world.know(TABLET)
    world.accept(CAROL.trust(BOB, expires=_ends()), hand=TABLET)
    return _trust(CAROL, BOB)


def _nowhere(world: World) -> Trust:
    """Her trust in her only node has been taken back since."""
    row = _elsewhere(world)
    world.accept(CAROL.revocation(TABLET.authorisation()))
    return row


def _makes_trusts(world: World) -> Trust:
    """Alice's own key lets her other node make trusts, which no node passes on."""
    world.accept(ALICE.trust(TABLET, ALL_POWERS, _ends()))
    return _trust(ALICE, TABLET)


def _not_allowed(world: World) -> Trust:
    """This node may make no trusts for Alice any more."""
    world.accept(ALICE.trust(BOB, expires=_ends()))
    authorise(ALICE.fingerprint, LAPTOP.fingerprint, [READ_RESOURCE, "publish_resource"],
              until=None, now=world.now, key=ALICE.key)  # fmt: skip
    return _trust(ALICE, BOB)


def _withdrawn(world: World) -> Trust:
    world.know(DESK)
    withdraw(ALICE.fingerprint, BOB.fingerprint, now=world.now)
    return _trust(ALICE, BOB)


def _endless(world: World) -> Trust:
    return _trust(ALICE, LAPTOP)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            _elsewhere,
            "Carol has no account here: it takes the recovery phrase of Carol, or a node that may "
            "do so, on 192.0.2.4:8000.",
        ),
        (_nowhere, "Carol has no account here: it takes the recovery phrase of Carol."),
        (
            _makes_trusts,
            "It takes the recovery phrase of Alice, who renews it on this node: signed in, under "
            "My nodes, What ends.",
        ),
        (
            _not_allowed,
            "It takes the recovery phrase of Alice, who renews it on this node: signed in, under "
            "My nodes, What ends.",
        ),
        (_withdrawn, "What was withdrawn cannot be renewed, only given anew."),
        (_endless, "It has no end: there is nothing to renew."),
    ],
)
def test_who_renews_what_this_node_may_not(
    world: World, as_owner: Enter, make: Callable[[World], Trust], words: str
) -> None:
    row = make(world)
    asked: dict[str, Any] = {"now": world.now, "names": Names()}
    assert trust_changes.renewing(_fact(row), **asked) == trust_changes.Possible(False, words)
    client, number = as_owner(world.alice), Trust.objects.count()
    page = _page(client, row)
    ask = reverse("admin:trust_renew", args=[row.pk])
    assert words in text_of(page)
    assert ask not in page
    for answer in (client.get(ask), client.post(ask)):
        said = answer.content.decode()
        assert words in text_of(said)
        assert 'type="submit">Renew' not in said
    with pytest.raises(UserError, match=re.escape(words)):
        trust_changes.renew(_fact(row), by=world.alice, now=world.now)
    assert Trust.objects.count() == number
    assert not AuditEntry.objects.filter(action="trust.renew").exists()


@pytest.mark.parametrize("powers", [[READ_RESOURCE], [READ_RESOURCE, "publish_resource"]])
def test_what_this_node_may_renew_it_offers(
    world: World, as_owner: Enter, powers: Sequence[str]
) -> None:
    until = world.now + timedelta(days=5)
    authorise(ALICE.fingerprint, DESK.fingerprint, powers, until=until, now=world.now)
    row = _trust(ALICE, DESK)
    possible = trust_changes.renewing(_fact(row), world.now, Names())
    assert possible.may
    assert _is_near(possible.until, until + timedelta(days=365))
    client, ask = as_owner(world.alice), reverse("admin:trust_renew", args=[row.pk])
    assert ask in _page(client, row)
    assert possible.until is not None
    day = day_words(possible.until, timezone.get_current_timezone())
    assert f"It then lasts until {day} ." in text_of(get(client, ask))


def _is_near(one: datetime | None, other: datetime) -> bool:
    return one is not None and abs(one - other) < timedelta(seconds=1)
