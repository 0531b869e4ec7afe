"""Requests: who waits, and that ignoring and blocking are silent."""

import pytest
from django.utils import timezone

from journal.credentials import card_of
from journal.enrol import enrol
from mail import contacts, requests
from mail.cards import export_card
from mail.models import Contact
from nodes.errors import UserError
from nodes.facts import current_facts
from nodes.models import Account, ContactRequest
from tests.mail.conftest import PASSWORD, House
from tests.mail.test_views import Browse, page
from tests.support.hostile import Actor


@pytest.fixture
def carol(house: House) -> Account:
    """Carol, of this node, who has added Alice."""
    made = enrol("carol", name="Carol Clark", password=PASSWORD).account
    contacts.add_contact(made, export_card(house.alice))
    return made


def ask(house: House, actor: Actor) -> str:
    """Keep the request of somebody elsewhere, as a refused handshake does; returns who it is."""
    data = b"[" + b",".join(e.to_bytes() for e in actor.credentials(str(house.alice.fingerprint)))
    ContactRequest.objects.update_or_create(
        user=house.alice.fingerprint,
        stranger=actor.user.fingerprint,
        defaults={
            "node": actor.node.fingerprint,
            "credentials": data + b"]",
            "received": timezone.now(),
        },
    )
    return actor.user.fingerprint


def test_a_person_of_this_node(house: House, carol: Account) -> None:
    [asked] = requests.list_requests(house.alice)
    assert (asked.fingerprint, asked.name, asked.local) == (carol.fingerprint, "Carol Clark", True)
    assert asked.at is not None
    assert not asked.invited
    assert requests.count_requests(house.alice) == 1
    assert requests.list_requests(house.bob) == []
    assert requests.list_requests(carol) == []
    added = requests.accept(house.alice, asked.fingerprint)
    assert added.state == "mutual"
    assert requests.list_requests(house.alice) == []
    row = Contact.objects.get(account=house.alice, user=carol.fingerprint)
    assert row.checked is None
    assert row.let_in is not None  # a person of this node


def test_somebody_elsewhere(house: House) -> None:
    user = ask(house, Actor("Rita"))
    [asked] = requests.list_requests(house.alice)
    assert (asked.fingerprint, asked.name, asked.local) == (user, "", False)
    requests.accept(house.alice, user)
    row = Contact.objects.get(account=house.alice, user=user)
    assert row.checked is None
    assert row.let_in is None
    assert not ContactRequest.objects.exists()


def test_ignoring_stays(house: House) -> None:
    actor = Actor("Rita")
    user = ask(house, actor)
    requests.ignore(house.alice, user)
    assert requests.list_requests(house.alice) == []
    ask(house, actor)
    assert requests.list_requests(house.alice) == []
    with pytest.raises(UserError, match="no such request"):
        requests.ignore(house.alice, user)
    requests.unignore(house.alice, user)
    assert len(requests.list_requests(house.alice)) == 1


def test_ignoring_a_trust_that_is_known(house: House, carol: Account) -> None:
    requests.ignore(house.alice, str(carol.fingerprint))
    assert requests.list_requests(house.alice) == []
    row = ContactRequest.objects.get()
    facts = current_facts()
    assert bytes(row.credentials) == card_of(str(carol.fingerprint), facts, timezone.now())
    requests.unignore(house.alice, str(carol.fingerprint))
    assert len(requests.list_requests(house.alice)) == 1


def test_blocking_and_undoing(house: House, carol: Account) -> None:
    user = str(carol.fingerprint)
    before = export_card(house.alice)
    requests.block(house.alice, user)
    assert requests.list_requests(house.alice) == []
    found = contacts.contact(house.alice, user)
    assert found is not None
    assert found.state == "blocked"
    assert export_card(house.alice) == before
    requests.unblock(house.alice, user)
    assert not Contact.objects.filter(account=house.alice, user=user).exists()
    assert len(requests.list_requests(house.alice)) == 1


def test_whose_trust_was_withdrawn_asks_no_more(house: House) -> None:
    contacts.withdraw(house.alice, str(house.bob.fingerprint))
    assert requests.list_requests(house.alice) == []


def test_by_the_pages(house: House, carol: Account, browse: Browse) -> None:
    alice, user = browse(house.alice), str(carol.fingerprint)
    text = page(alice.get("/mail/requests/"))
    assert "<bdi>Carol Clark</bdi></strong> would like to be your contact." in text
    assert "A person on this node; asked <time" in text
    assert "compare fingerprints before you write anything private" in text
    answer = alice.post(f"/requests/{user}/ignore/", follow=True)
    assert "The request of Carol is ignored." in answer.content.decode()
    assert f'action="/requests/{user}/unignore/"' in answer.content.decode()
    assert "Carol" not in page(alice.get("/mail/requests/"))
    alice.post(f"/requests/{user}/unignore/")
    answer = alice.post(f"/requests/{user}/block/", follow=True)
    assert "Carol is blocked." in answer.content.decode()
    alice.post(f"/requests/{user}/unblock/")
    assert "Carol" in page(alice.get("/mail/requests/"))
    answer = alice.post(f"/contacts/{user}/accept/", follow=True)
    assert "Carol is your contact now." in page(answer)
    for do in ("ignore", "block"):
        answer = alice.post(f"/requests/{user}/{do}/", follow=True)
        assert "There is no such request." in answer.content.decode()


def test_a_name_that_misleads(house: House, browse: Browse) -> None:
    row = {"user": house.alice.fingerprint, "node": "A" * 86, "credentials": b"[]"}
    ContactRequest.objects.create(stranger="B" * 86, **row)
    text = page(browse(house.alice).get("/mail/requests/"))
    assert "Somebody whose name is not known yet" in text
