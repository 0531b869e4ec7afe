"""Contacts and cards by the pages."""

import io
import json
from datetime import timedelta
from typing import Any

import pytest
import segno
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from journal.enrol import enrol
from mail import contacts, held
from mail.cards import export_card
from mail.checking import compare_code, mark_checked
from mail.models import Contact, Held
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
    sentence = 'the node <em class="node">hearth</em> keeps it for Bob, until you withdraw it.'
    assert f"Bob may read what you publish; {sentence}" in text
    assert "You may read what Bob publishes." in text
    assert "Not checked" in text
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


def test_withdrawing_waits_and_can_be_undone(house: House, browse: Browse) -> None:
    client, bob = browse(house.alice), house.bob.fingerprint
    text = page(client.post(f"/contacts/{bob}/withdraw/", follow=True))
    assert "Trust in Bob is withdrawn<span" in text
    assert "</span>. Until then nothing leaves this node.</p>" in text
    assert "The trust is withdrawn in a few seconds" in text
    key = Held.objects.get().pk
    assert "Nothing has changed" in page(client.post(f"/undo/{key}/", follow=True))
    assert "Withdraw trust" in page(client.get(f"/contacts/{bob}/"))
    client.post(f"/contacts/{bob}/withdraw/")
    held.do_due(timezone.now() + timedelta(seconds=11))
    text = page(client.get(f"/contacts/{bob}/"))
    assert "Bob may not read what you publish." in text
    assert "Would like" not in text
    assert 'class="btn btn--bad"' not in text
    assert "Trust withdrawn" in page(client.get("/contacts/rows/"))
    text = page(client.post(f"/contacts/{bob}/trust/", follow=True))
    assert "Bob may read what you publish again." in text
    assert client.post("/contacts/" + "A" * 86 + "/withdraw/").status_code == 404


def test_blocking_and_unblocking(house: House, browse: Browse) -> None:
    client, bob = browse(house.alice), house.bob.fingerprint
    text = page(client.post(f"/contacts/{bob}/block/", follow=True))
    assert "Bob is blocked, and trust is withdrawn<span" in text
    assert "Blocked on" in text
    assert f"/write/?to={bob}" not in text
    assert ">Blocked<" in page(client.get("/contacts/rows/"))
    text = page(client.post(f"/contacts/{bob}/unblock/", follow=True))
    assert "Bob is no longer blocked." in text
    assert not Held.objects.exists()


def test_renaming_and_undoing_it(house: House, browse: Browse) -> None:
    client, bob = browse(house.alice), house.bob.fingerprint
    path = f"/contacts/{bob}/rename/"
    assert 'value="Bob Brown"' in page(client.get(path))
    text = page(client.post(path, {"name": " Bobby\u202e  B. "}, follow=True))
    assert "Bob Brown is called Bobby B. now." in text
    assert 'name="name" value="Bob Brown"' in text  # the way back
    answer = client.post(path, {"name": " "})
    assert answer.status_code == 422
    assert b"A contact needs a name." in answer.content
    stranger = enrol("dora", name="Dora", password=PASSWORD).account
    assert browse(stranger).post(path, {"name": "x"}).status_code == 404
    assert Contact.objects.get(account=house.alice).name == "Bobby B."


def test_finding_a_name(house: House, carol: Account, browse: Browse) -> None:
    contacts.add_contact(house.alice, export_card(carol))
    client = browse(house.alice)
    for query, found in (("bro", True), ("CAROL", False), ("zz", False)):
        text = page(client.get("/contacts/rows/", {"q": query}))
        assert (f"row-{house.bob.fingerprint}" in text) is found
    assert "No contact is called “zz&lt;b&gt;”." in page(
        client.get("/contacts/rows/", {"q": "zz<b>"})
    )
    text = page(client.get("/contacts/", {"q": "carol"}))
    assert f"row-{carol.fingerprint}" in text
    assert f"row-{house.bob.fingerprint}" not in text


def test_comparing_digits(house: House, browse: Browse) -> None:
    client, bob = browse(house.alice), house.bob.fingerprint
    text = page(client.get(f"/contacts/{bob}/compare/"))
    for group in compare_digits(str(house.alice.fingerprint), str(bob)):
        assert f"<li>{group}</li>" in text
    assert "style=" not in text
    assert "Do not mark Bob as checked." in page(client.get(f"/contacts/{bob}/compare/?differ=1"))
    text = page(client.post(f"/contacts/{bob}/check/", {"how": "by telephone"}, follow=True))
    assert "Bob is checked." in text
    assert "Checked by telephone on " in text
    assert "Checked by telephone" in page(client.get("/contacts/rows/"))
    house.write()
    theirs = browse(house.bob)
    assert "not checked" in page(theirs.get(f"/contacts/{house.alice.fingerprint}/")).lower()
    text = page(client.post(f"/contacts/{bob}/uncheck/", follow=True))
    assert "Bob counts as not checked." in text
    assert "Not checked" in text
    refused = client.post(f"/contacts/{bob}/check/", {"how": "x"}, follow=True)
    assert "Say how you compared." in page(refused)
    assert client.get("/contacts/" + "A" * 86 + "/compare/").status_code == 404


def picture_of(text: str) -> SimpleUploadedFile:
    """Draw a QR code as a picture."""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(out, kind="png", scale=6, border=4)
    return SimpleUploadedFile("code.png", out.getvalue(), "image/png")


def test_comparing_by_picture(house: House, browse: Browse) -> None:
    client, own, bob = browse(house.alice), house.alice.fingerprint, str(house.bob.fingerprint)
    path = f"/contacts/{bob}/compare/"

    def outcome(code: str, **headers: str) -> str:
        return page(client.post(path, {"picture": picture_of(code)}, headers=headers))

    right = compare_code(bob, str(own))
    assert "The codes are the same." in outcome(right)
    assert "by QR code" in outcome(right)
    assert "<html" not in outcome(right, **{"HX-Request": "true"})
    wrong = outcome(compare_code(bob, "A" * 86))
    assert "This is not Bob’s code. Do not mark Bob as checked." in wrong
    assert "by QR code" not in wrong
    assert "This is your own code." in outcome(compare_code(str(own), bob))
    assert "This code is for something else." in outcome("https://example.org/")
    assert "The codes are the same." in page(client.post(path, {"code": right}))
    for given in ({}, {"picture": SimpleUploadedFile("x.png", b"no picture")}):
        answer = client.post(path, given)
        assert answer.status_code == 422
        assert b"hint--bad" in answer.content
    assert Contact.objects.get(account=house.alice).checked is None


def test_an_introduction_by_the_page(house: House, carol: Account, browse: Browse) -> None:
    alice, bob = house.alice, str(house.bob.fingerprint)
    contacts.add_contact(alice, export_card(carol), "Carol Clark")
    contacts.add_contact(carol, export_card(house.bob))
    client = browse(alice)
    assert "has Bob among" not in page(client.get(f"/contacts/{bob}/"))
    mark_checked(alice, str(carol.fingerprint), "in person")
    assert "Carol has Bob among their contacts" in page(client.get(f"/contacts/{bob}/"))
    path = f"/contacts/{bob}/introduce/"
    assert "introduced by Carol" in page(
        client.post(path, {"by": carol.fingerprint}, follow=True)
    ).replace("Introduced", "introduced")
    assert "Only a contact whom you have checked" in page(
        client.post(path, {"by": "x"}, follow=True)
    )


def test_a_changed_identity_by_the_page(house: House, carol: Account, browse: Browse) -> None:
    alice, bob, new = house.alice, str(house.bob.fingerprint), str(carol.fingerprint)
    client = browse(alice)
    mark_checked(alice, bob, "in person")
    contacts.add_contact(alice, export_card(carol), "Bob brown")
    text = page(client.get(f"/contacts/{new}/"))
    assert "Changed, to be compared again" in text
    assert "Another identity with the name Bob came on" in text
    assert f'href="/contacts/{bob}/"' in text
    assert "came on" in page(client.get(f"/contacts/{bob}/"))
    text = page(client.post(f"/contacts/{new}/replace/", follow=True))
    assert "This is Bob for you now." in text
    assert "Bob Brown (earlier)" in page(client.get("/contacts/rows/"))


def test_a_name_that_looks_like_another(house: House, carol: Account, browse: Browse) -> None:
    contacts.add_contact(house.alice, export_card(carol), "\u0412ob Brown")
    text = page(browse(house.alice).get(f"/contacts/{carol.fingerprint}/"))
    assert "looks like that of your contact Bob Brown and is written with other letters" in text


def test_history(house: House, browse: Browse) -> None:
    text = page(browse(house.alice).get(f"/contacts/{house.bob.fingerprint}/history/"))
    for sentence in (
        "You let Bob read what you publish.",
        "Bob let you read what they publish.",
        "Bob came into your list.",
    ):
        assert sentence in text
    part = browse(house.alice).get(f"/contacts/{house.bob.fingerprint}/detail/?part=history")
    assert "<html" not in page(part)
    assert "You let Bob read" in page(part)


def test_removing_by_the_page(house: House, browse: Browse) -> None:
    client, bob = browse(house.alice), house.bob.fingerprint
    path = f"/contacts/{bob}/remove/"
    assert "Withdraw your trust first." in page(client.post(path, follow=True))
    contacts.withdraw(house.alice, str(bob))
    text = page(client.post(path, follow=True))
    assert "Bob is no longer in your list. The messages stay." in text
    assert f"row-{bob}" not in text


@pytest.mark.parametrize(
    "name",
    ["rename", "check", "uncheck", "introduce", "replace", "withdraw", "trust", "block", "unblock",
     "remove", "compare"],
)  # fmt: skip
def test_pages_about_people_need_an_account(client: Client, house: House, name: str) -> None:
    answer = client.post(f"/contacts/{house.bob.fingerprint}/{name}/")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/account/login/")


def test_many_contacts_take_few_questions(
    house: House, browse: Browse, django_assert_max_num_queries: Any
) -> None:
    users = [f"{number:086d}" for number in range(300)]
    Contact.objects.bulk_create(
        [Contact(account=house.alice, user=user, name=f"N {user}") for user in users]
    )
    client = browse(house.alice)
    page(client.get("/contacts/rows/"))
    with django_assert_max_num_queries(20):
        page(client.get("/contacts/rows/"))
    with django_assert_max_num_queries(75):
        page(client.get(f"/contacts/{house.bob.fingerprint}/"))


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


def test_look_alikes_are_told_where_a_name_is_relied_on(
    house: House, carol: Account, browse: Browse
) -> None:
    contacts.rename(house.alice, str(house.bob.fingerprint), "Car0l Clark")
    client = browse(house.alice)
    text = page(client.post("/contacts/add/", {"card": export_card(carol).decode()}))
    assert "looks like that of your contact Car0l Clark" in text
    contacts.add_contact(carol, export_card(house.alice))
    assert "looks like that of your contact Car0l Clark" in page(client.get("/mail/waiting/"))
    contacts.add_contact(house.alice, export_card(carol))
    text = page(client.get(f"/write/?to={carol.fingerprint}"))
    assert "looks like that of your contact Car0l Clark" in text
    assert "not checked" in text
