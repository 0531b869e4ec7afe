"""Contacts and cards by the pages."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from journal.enrol import enrol
from mail import contacts
from mail.cards import export_card
from nodes.models import Account
from sdmp.card import MEDIA_TYPE
from sdmp.fingerprints import compare_digits
from tests.mail.conftest import PASSWORD, House
from tests.mail.test_views import Browse, page


@pytest.fixture
def carol(house: House) -> Account:
    """Carol, whom nobody knows yet."""
    return enrol("carol", name="Carol Clark", password=PASSWORD).account


def test_list_and_contact(house: House, browse: Browse) -> None:
    client, bob = browse(house.alice), house.bob.fingerprint
    assert "Bob Brown" in page(client.get("/contacts/"))
    assert f"row-{bob}" in page(client.get("/contacts/rows/"))
    text = page(client.get(f"/contacts/{bob}/"))
    assert "Bob may read what you publish, until you withdraw it." in text
    assert "You may read what Bob publishes." in text
    assert "Not checked in person yet" in text
    for group in compare_digits(str(house.alice.fingerprint), str(bob)):
        assert f"<li>{group}</li>" in text
    assert '<svg class="qr" role="img"' in text
    assert "style=" not in text
    assert "<h2" in page(client.get(f"/contacts/{bob}/detail/"))
    for odd in ("A" * 86, "x", "\u202e"):
        assert client.get(f"/contacts/{odd}/").status_code == 404


def test_both_see_the_same_digits(house: House, browse: Browse) -> None:
    seen = []
    for one, other in ((house.alice, house.bob), (house.bob, house.alice)):
        text = page(browse(one).get(f"/contacts/{other.fingerprint}/"))
        start = text.index('<ol class="digits"')
        seen.append(text[start : text.index("</ol>", start)])
    assert seen[0] == seen[1]


def test_adding_by_file(house: House, carol: Account, browse: Browse) -> None:
    client = browse(house.alice)
    card = export_card(carol)
    text = page(client.post("/contacts/add/", {"file": SimpleUploadedFile("c.sdmp", card)}))
    assert "This is the card of <bdi>Carol Clark</bdi>" in text
    assert "Add and trust" in text
    assert contacts.contact(house.alice, str(carol.fingerprint)) is None
    given = {"card": card.decode(), "do": "add", "name": "Carol from next door"}
    answer = client.post("/contacts/add/", given, follow=True)
    assert "Carol is your contact now." in page(answer)
    assert "Carol has not answered yet." in page(answer)
    found = contacts.contact(house.alice, str(carol.fingerprint))
    assert found
    assert found.name == "Carol from next door"


def test_a_pasted_card_may_be_reformatted(house: House, carol: Account, browse: Browse) -> None:
    pasted = json.dumps(json.loads(export_card(carol)), indent=2)
    text = page(browse(house.alice).post("/contacts/add/", {"card": pasted}))
    assert "Carol Clark" in text


def test_what_is_no_card(house: House, browse: Browse) -> None:
    client = browse(house.alice)
    for given in ({}, {"card": "hello"}, {"card": "[]"}, {"card": "x" * 1_048_577}):
        answer = client.post("/contacts/add/", given)
        assert answer.status_code == 422
        assert b'role="alert"' in answer.content
    own = {"card": export_card(house.alice).decode(), "do": "add"}
    assert b"That is your own card." in client.post("/contacts/add/", own).content


def test_withdrawing_asks_once_more(house: House, browse: Browse) -> None:
    client, bob = browse(house.alice), house.bob.fingerprint
    path = f"/contacts/{bob}/withdraw/"
    assert "Press again to withdraw" in page(client.post(path))
    found = contacts.contact(house.alice, str(bob))
    assert found
    assert found.state == "mutual"
    answer = client.post(path, {"sure": "1"}, follow=True)
    assert "Trust in Bob is withdrawn." in page(answer)
    found = contacts.contact(house.alice, str(bob))
    assert found
    assert not found.given
    assert 'class="btn btn--bad"' not in page(answer)
    assert client.post("/contacts/" + "A" * 86 + "/withdraw/", {"sure": "1"}).status_code == 404


def test_own_card(house: House, browse: Browse) -> None:
    client = browse(house.alice)
    text = page(client.get("/card/"))
    assert f"/card/{house.alice.fingerprint}" in text
    assert "<svg" in text
    assert "style=" not in text
    answer = client.get("/card/file/")
    assert answer["Content-Type"] == MEDIA_TYPE
    assert answer["Content-Disposition"] == 'attachment; filename="Alice Adams.sdmp"'
    assert contacts.describe_card(answer.content).fingerprint == house.alice.fingerprint


def test_public_card(house: House, client: Client) -> None:
    path = f"/card/{house.alice.fingerprint}"
    answer = client.get(path)
    assert answer["Content-Type"] == MEDIA_TYPE
    assert contacts.describe_card(answer.content).fingerprint == house.alice.fingerprint
    assert "Accept" in answer["Vary"]
    text = page(client.get(path, headers={"Accept": "text/html,*/*;q=0.8"}))
    assert "This is the card of" in text
    assert "Alice Adams" in text
    answer = client.get(path + "?file=1", headers={"Accept": "text/html"})
    assert answer["Content-Type"] == MEDIA_TYPE
    assert client.get("/card/" + "A" * 86).status_code == 404
    assert client.get("/card/nonsense").status_code == 404


def test_who_can_read(house: House, browse: Browse) -> None:
    text = page(browse(house.alice).get("/who-can-read/"))
    assert "You let it read" in text
    assert "Could look" in text


def test_accepting_a_request(house: House, carol: Account, browse: Browse) -> None:
    contacts.add_contact(carol, export_card(house.alice))
    client = browse(house.alice)
    assert "Would like to be your contact" in page(client.get("/contacts/"))
    address = f"/contacts/{carol.fingerprint}/"
    assert "Carol would like to be your contact" in page(client.get(address))
    assert client.get(f"{address}accept/").status_code == 405
    assert "Carol is your contact now." in page(client.post(f"{address}accept/", follow=True))
    found = contacts.contact(house.alice, str(carol.fingerprint))
    assert found is not None
    assert found.state == "mutual"
    assert "would like to be" not in page(client.get(address))


def test_a_request_that_nobody_made(house: House, browse: Browse) -> None:
    client = browse(house.alice)
    answer = client.post(f"/contacts/{'A' * 86}/accept/", follow=True)
    assert "There is no such request." in page(answer)
