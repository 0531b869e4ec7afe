"""Pages about nodes and about what ends, as the server answers."""

from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mail import expiry, own_nodes
from mail.models import Held, Reminder
from mail.own_nodes import own_node
from nodes import keystore
from nodes.models import Account
from sdmp.card import Offer
from sdmp.keys import make_recovery_kit
from sdmp.trust import REVOKE
from tests.mail.conftest import House
from tests.support.cast import ALICE, RELAY
from tests.support.world import later

OFFER = Offer(RELAY.public, (RELAY.address,))
NODE = RELAY.fingerprint
Browse = Callable[[Account], Client]


@pytest.fixture
def alice(house: House, browse: Browse) -> Client:
    """Alice's browser; her relay's trust ends in five days."""
    until, now = later(days=5), timezone.now()
    own_nodes.let_in(house.alice, NODE, [], until=until, now=now, offer=OFFER)
    return browse(house.alice)


def test_pages_show_the_nodes(house: House, alice: Client) -> None:
    page = alice.get(reverse("mail:nodes")).content.decode()
    assert "hearth" in page
    assert "Has not agreed yet" in page
    for name in ("mail:node", "mail:node_detail", "mail:change_node", "mail:withdraw_node"):
        assert alice.get(reverse(name, args=[NODE])).status_code == 200
    rows = alice.get(reverse("mail:node_rows"), {"chosen": NODE}).content.decode()
    assert rows.count('aria-current="true"') == 1
    this = alice.get(reverse("mail:withdraw_node", args=[keystore.node_fingerprint()]))
    assert "would end the account here" in this.content.decode()


def test_nodes_and_endings_are_the_accounts_own(
    house: House, alice: Client, browse: Browse
) -> None:
    bob = browse(house.bob)
    for name in ("mail:node", "mail:change_node", "mail:withdraw_node"):
        assert bob.get(reverse(name, args=[NODE])).status_code == 404
        assert bob.post(reverse("mail:change_node", args=[NODE])).status_code == 404
    renew = reverse("mail:renew", args=["node", NODE])
    assert bob.post(renew).status_code == 404
    assert alice.get(renew).status_code == 200
    assert "data-expiry" not in bob.get(reverse("mail:contacts")).content.decode()
    assert "data-expiry" in alice.get(reverse("mail:contacts")).content.decode()
    [ending] = expiry.endings(house.alice, timezone.now())
    bob.post(reverse("mail:put_aside"), {"about": ending.about})
    assert not Reminder.objects.exists()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "Choose an offer’s file, or paste an offer."),
        ({"offer": "[]"}, "This is not a node’s offer"),
        ({"offer": "x" * 20_000}, "This is too large for an offer."),
        ({"file": SimpleUploadedFile("x", b"\xff" * 20_000)}, "This is too large for an offer."),
        ({"file": SimpleUploadedFile("x", b"\xff\x00")}, "This is not a node’s offer"),
    ],
)
def test_what_is_no_offer_gets_a_sentence(
    alice: Client, data: dict[str, object], words: str
) -> None:
    answer = alice.post(reverse("mail:add_node"), data)
    assert answer.status_code == 422
    assert words in answer.content.decode()


def test_a_day_that_is_over_and_an_unknown_power_change_nothing(
    house: House, alice: Client
) -> None:
    before = own_node(house.alice, NODE, timezone.now())
    url = reverse("mail:change_node", args=[NODE])
    for data, words in (
        ({"until": "2020-01-01"}, "That day is over."),
        ({"until": "soon"}, "This is not a date."),
        ({"powers": ["fly"]}, "fly"),
    ):
        answer = alice.post(url, data)
        assert answer.status_code == 422
        assert words in answer.content.decode()
    assert own_node(house.alice, NODE, timezone.now()) == before


def test_this_node_changes_only_by_the_phrase(house: House, alice: Client) -> None:
    url = reverse("mail:change_node", args=[keystore.node_fingerprint()])
    refused = alice.post(url, {"powers": [REVOKE]})
    assert "This takes your recovery phrase." in refused.content.decode()
    foreign = make_recovery_kit(ALICE.key, "abandon ability", later(days=9))
    data = {"powers": [REVOKE], "phrase": "abandon ability"}
    Account.objects.filter(pk=house.alice.pk).update(recovery_kit="")
    answer = alice.post(url, data)
    assert "keeps no copy of your recovery file" in answer.content.decode()
    assert 'type="file"' in answer.content.decode()
    answer = alice.post(url, data | {"kit": SimpleUploadedFile("kit", foreign)})
    assert "belongs to another account" in answer.content.decode()
    answer = alice.post(url, data | {"kit": SimpleUploadedFile("kit", b"x" * 70_000)})
    assert "too large for a recovery file" in answer.content.decode()
    house.alice.refresh_from_db()
    assert house.alice.mode == Account.Mode.FULL


def test_withdrawing_waits_to_be_undone(house: House, alice: Client) -> None:
    answer = alice.post(reverse("mail:withdraw_node", args=[NODE]), follow=True)
    assert "Being withdrawn" in answer.content.decode()
    assert Held.objects.get().about == NODE
    this = reverse("mail:withdraw_node", args=[keystore.node_fingerprint()])
    assert alice.post(this).status_code == 422
    assert Held.objects.count() == 1


def test_renewing_goes_back_to_where_one_was(house: House, alice: Client) -> None:
    renew = reverse("mail:renew", args=["node", NODE])
    contacts = reverse("mail:contacts")
    answer = alice.post(renew, headers={"referer": f"http://testserver{contacts}"})
    assert answer.headers["Location"].endswith(contacts)
    elsewhere = alice.post(renew, headers={"referer": "https://elsewhere.example/"})
    assert elsewhere.headers["Location"] == reverse("mail:folder", args=["inbox"])


def test_the_offer_is_for_those_who_are_signed_in(house: House, alice: Client) -> None:
    offer = alice.get(reverse("mail:node_offer"))
    assert offer.headers["Content-Type"] == "application/json"
    assert own_nodes.describe_offer(offer.content).key == keystore.node_key().public
    assert Client().get(reverse("mail:node_offer")).status_code == 302
