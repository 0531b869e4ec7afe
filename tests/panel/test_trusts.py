"""The list of trusts, why each holds, and withdrawing and renewing where this node may."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from hosting.models import AuditEntry
from hosting.names import Names
from journal.authorising import authorise
from journal.trusts import trust_user, withdraw
from mail.models import Contact
from nodes import keystore
from nodes.errors import UserError
from nodes.facts import current_facts
from nodes.models import Account, Trust
from panel import trust_changes
from panel.today import needs
from panel.trusts import agreement, chain, standings, trust_views
from sdmp.encoding import format_time
from sdmp.trust import READ_RESOURCE, TrustFact
from tests.mail.conftest import House
from tests.support.cast import ALICE, BOB, CAROL, DESK, FULL, LAPTOP, TABLET
from tests.support.world import World

Enter = Callable[[Account], Client]
LIST = "admin:nodes_trust_changelist"


def _words(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    main = answer.content.decode().partition("<main")[2].partition("</main>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


def _trust(issuer: str, trustee: str) -> Trust:
    return Trust.objects.filter(issuer=issuer, trustee=trustee).latest("pk")


def _fact(issuer: str, trustee: str) -> TrustFact:
    fact = current_facts().trust(_trust(issuer, trustee).identifier)
    assert fact is not None
    return fact


def _standing(row: Trust) -> str:
    return standings([(row.pk, row.identifier)], timezone.now())[row.pk]


def test_the_list_names_people_and_powers(house: House, as_owner: Enter) -> None:
    words = _words(as_owner(house.alice), reverse(LIST))
    assert "Alice Adams trusts Bob Brown Bob Brown read what they publish" in words
    assert "keep and pass on, write for them, read their mail" in words
    assert "hearth" in words


def test_what_a_person_calls_a_contact_is_not_shown(house: House, as_owner: Enter) -> None:
    Contact.objects.update(name="Bobbikins")
    assert "Bobbikins" not in _words(as_owner(house.alice), reverse(LIST))


def test_states(world: World) -> None:
    world.know(DESK)
    alice = str(world.alice.fingerprint)
    assert _standing(_trust(alice, BOB.fingerprint)) == "current"
    withdraw(alice, BOB.fingerprint, now=world.now)
    assert _standing(_trust(alice, BOB.fingerprint)) == "withdrawn"


@pytest.mark.parametrize(("days", "state"), [(10, "soon"), (-1, "ended"), (40, "current")])
def test_states_by_the_end(world: World, days: int, state: str) -> None:
    world.know(TABLET)
    end = format_time(world.now + timedelta(days=days))
    world.accept(CAROL.trust(BOB, expires=end), hand=TABLET)
    assert _standing(_trust(CAROL.fingerprint, BOB.fingerprint)) == state


def test_a_chain_over_a_node_that_was_let_in(world: World) -> None:
    """This node let in another one by Alice's trust; that trust is what it rests on."""
    alice, now = str(world.alice.fingerprint), world.now
    authorise(alice, DESK.fingerprint, [READ_RESOURCE], until=None, now=now)
    steps = chain(_fact(alice, DESK.fingerprint), now, Names())
    words = [step.words for step in steps]
    assert words[1] == "This node (our node) signed it for Alice."
    assert "is current" in words[2]
    assert steps[2].address == reverse(
        "admin:nodes_trust_change", args=[_trust(alice, LAPTOP.fingerprint).pk]
    )
    assert words[3] == "Alice signed that with their own key."
    assert words[4].startswith("The identity of Alice lasts until ")
    assert all(step.good for step in steps)
    agreed = agreement(_fact(alice, DESK.fingerprint), now, Names())
    assert agreed is not None
    assert not agreed.good


def test_searching_and_filtering(world: World, as_owner: Enter) -> None:
    world.know(DESK)
    client, address = as_owner(world.alice), reverse(LIST)
    assert "Nothing found" in _words(client, address + "?q=zeppelin")
    for sought in (BOB.fingerprint[:10], "bob", "192.0.2.3", "BOB"):
        assert "Bob" in _words(client, f"{address}?q={sought}"), sought
    assert "our node" not in _words(client, f"{address}?in=user").partition("Who trusts")[2]
    assert "Nothing found" in _words(client, address + "?state=withdrawn")
    others = _words(client, address + "?whose=others").partition("State")[2]
    assert "Bob trusts Alice" in others
    assert "Alice trusts Bob" not in others


def test_many_trusts_take_few_queries(
    house: House, as_owner: Enter, django_assert_max_num_queries: Callable[[int], object]
) -> None:
    client = as_owner(house.alice)
    for number in range(60):
        Trust.objects.create(
            identifier=f"{number:086d}", issuer=str(house.alice.fingerprint),
            trustee=f"{number:085d}x", type="user", powers=["read_resource"],
            signer=keystore.node_fingerprint(), named="",
        )  # fmt: skip
    with django_assert_max_num_queries(30):  # type: ignore[attr-defined]
        assert client.get(reverse(LIST)).status_code == 200


def test_withdrawing_asks_first_and_is_noted(house: House, as_owner: Enter) -> None:
    client = as_owner(house.alice)
    alice, bob = str(house.alice.fingerprint), str(house.bob.fingerprint)
    row = _trust(bob, alice)
    page = reverse("admin:trust_withdraw", args=[row.pk])
    assert "cannot be undone" in _words(client, page)
    assert current_facts().gives(bob, alice, timezone.now())
    answer = client.post(page, follow=True)
    assert "The trust of Bob Brown in Alice Adams is withdrawn." in answer.content.decode()
    assert not current_facts().gives(bob, alice, timezone.now())
    entry = AuditEntry.objects.get(action="trust.withdraw")
    assert (entry.account, entry.details["trustee"]) == (house.alice, alice)
    assert "nothing to withdraw" in client.post(page).content.decode()
    assert AuditEntry.objects.filter(action="trust.withdraw").count() == 1


def test_a_node_is_withdrawn(world: World) -> None:
    alice, now = str(world.alice.fingerprint), world.now
    authorise(alice, DESK.fingerprint, [READ_RESOURCE], until=None, now=now)
    trust_changes.withdraw(_fact(alice, DESK.fingerprint), by=world.alice, now=world.now)
    assert _standing(_trust(alice, DESK.fingerprint)) == "withdrawn"
    entry = AuditEntry.objects.get(action="node.withdraw")
    assert (entry.account, entry.about) == (world.alice, "alice")


def test_renewing_a_trust_that_ends(world: World, as_owner: Enter) -> None:
    world.know(DESK)
    alice, now = str(world.alice.fingerprint), world.now
    until = now + timedelta(days=5)
    authorise(alice, DESK.fingerprint, [READ_RESOURCE], until=until, now=now)
    client, row = as_owner(world.alice), _trust(alice, DESK.fingerprint)
    page = reverse("admin:trust_renew", args=[row.pk])
    assert "for another year" in _words(client, page)
    answer = client.post(page)
    later = _trust(alice, DESK.fingerprint)
    assert later.expires is not None
    assert later.expires > now + timedelta(days=360)
    assert answer["Location"] == reverse("admin:nodes_trust_change", args=[later.pk])
    assert "has taken its place" in client.post(page).content.decode()
    assert AuditEntry.objects.filter(action="trust.renew").count() == 1


def _lets_in(world: World, powers: list[str], days: int) -> Trust:
    alice, now = str(world.alice.fingerprint), world.now
    until = now + timedelta(days=days)
    authorise(alice, DESK.fingerprint, powers, until=until, now=now)
    return _trust(alice, DESK.fingerprint)


def test_what_was_renewed_asks_for_nothing_more(world: World, as_owner: Enter) -> None:
    world.know(DESK)
    client = as_owner(world.alice)
    old = _lets_in(world, [READ_RESOURCE], 5)
    soon = reverse(LIST) + "?state=soon"

    def asked() -> list[str]:
        return [need.slug for need in needs(world.alice, world.now) if need.slug == "ends"]

    assert (_standing(old), asked()) == ("soon", ["ends"])
    assert "Ends in 5 days" in _words(client, soon)
    client.post(reverse("admin:trust_renew", args=[old.pk]))
    assert (_standing(old), asked()) == ("current", [])
    assert "Nothing found" in _words(client, soon)
    [view] = trust_views([old], world.now, Names())
    assert view.words.startswith("Renewed until ")
    assert view.kind == ""
    [view] = trust_views([old], world.now + timedelta(days=6), Names())
    assert (view.standing, view.words, view.kind) == ("ended", "Ended, and renewed before", "")


@pytest.mark.parametrize(("powers", "days"), [([READ_RESOURCE], 20), (FULL, 3)])
def test_what_gives_less_or_ends_earlier_renews_nothing(
    world: World, powers: Sequence[str], days: int
) -> None:
    world.know(TABLET)
    first, second = (
        CAROL.trust(DESK, given, format_time(world.now + timedelta(days=left)))
        for given, left in ((FULL, 10), (powers, days))
    )
    world.accept(first, second, hand=TABLET)
    assert _standing(Trust.objects.get(identifier=first.identifier)) == "soon"


def test_of_two_that_end_soon_the_later_asks(world: World) -> None:
    world.know(DESK)
    old, later = _lets_in(world, [READ_RESOURCE], 5), _lets_in(world, [READ_RESOURCE], 20)
    assert (_standing(old), _standing(later)) == ("current", "soon")


def test_the_trust_that_keeps_an_account_stays(house: House) -> None:
    fact = _fact(str(house.bob.fingerprint), keystore.node_fingerprint())
    with pytest.raises(UserError, match="This node keeps the account of Bob Brown"):
        trust_changes.withdraw(fact, by=house.alice, now=timezone.now())
    assert not AuditEntry.objects.exists()


def test_whose_recovery_phrase_it_takes(world: World) -> None:
    world.know(DESK)
    theirs = _fact(BOB.fingerprint, ALICE.fingerprint)
    possible = trust_changes.withdrawing(theirs, world.now, Names())
    assert not possible.may
    assert "it takes the recovery phrase of Bob" in possible.words
    assert possible.words.endswith("on 192.0.2.3:8000.")
    world.accept(ALICE.trust(TABLET))  # signed elsewhere, by Alice's own key
    power = world.accept(ALICE.revocation(LAPTOP.authorisation()))
    own = _fact(ALICE.fingerprint, TABLET.fingerprint)
    assert power is not None
    possible = trust_changes.withdrawing(own, world.now, Names())
    assert not possible.may
    assert "recovery phrase of Alice, who withdraws it on this node" in possible.words


def test_a_former_trust_is_told_by_its_state(world: World) -> None:
    world.know(DESK)
    alice = str(world.alice.fingerprint)
    withdraw(alice, BOB.fingerprint, now=world.now)
    trust_user(alice, BOB.fingerprint, now=world.now)
    rows = list(Trust.objects.filter(issuer=alice, trustee=BOB.fingerprint).order_by("pk"))
    views = trust_views(rows, world.now, Names())
    assert [view.standing for view in views] == ["withdrawn", "current"]
    assert views[1].until is None  # the year 9999 is no end that anybody meant
