"""Writing letters and notices by the pages."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from mail import selectors
from mail.forms import ATTACHMENTS_BYTES
from mail.models import Letter
from sdmp import limits
from sdmp.letter import Attachment
from tests.mail.conftest import House
from tests.mail.test_views import Browse, _letter, page, the_thread


@pytest.fixture(autouse=True)
def at_once(house: House) -> None:
    """Let letters go at once: nobody wants time to undo."""
    for account in (house.alice, house.bob):
        account.undo_seconds = 0
        account.save()


def last(house: House) -> selectors.LetterView:
    """Return the letter that Bob got last."""
    house.deliver()
    row = Letter.objects.filter(account=house.bob).latest("pk")
    found = selectors.letter(house.bob, str(row.pk))
    assert found
    return found


def test_a_letter_by_typed_name(house: House, browse: Browse) -> None:
    client = browse(house.alice)
    text = page(client.get("/write/"))
    assert '<option value="Bob Brown">' in text
    files = [
        SimpleUploadedFile("menu.txt", b"soup\r\n", "text/plain"),
        SimpleUploadedFile("empty", b"", "application/x-odd; a=b"),
    ]
    sent = {"names": "bob", "title": " Dinner ", "body": "At\r\neight?", "attachments": files}
    answer = client.post("/write/", sent, follow=True)
    assert answer.redirect_chain[0][0] == f"/mail/sent/{the_thread(house.alice)}/"
    assert "The message is on its way." in page(answer)
    letter = last(house)
    assert (letter.title, letter.body) == ("Dinner", "At\neight?")
    assert [(file.name, file.type, file.size) for file in letter.attachments] == [
        ("menu.txt", "text/plain", 6),
        ("empty", "application/x-odd", 0),
    ]


def test_chips(house: House, browse: Browse) -> None:
    client, bob = browse(house.alice), house.bob.fingerprint
    text = page(client.post("/write/recipients/", {"names": "bob brown, Nobody"}))
    assert f'name="to" value="{bob}"' in text
    assert "“Nobody” is not among your contacts." in text
    assert 'value="Nobody"' in text
    assert 'id="readers" hx-swap-oob="innerHTML"' in text
    assert "<strong>You and Bob</strong>" in text
    assert "Bob is not checked in person yet." in text
    assert "on the one node" in text
    assert '<em class="node">hearth</em>' in text
    text = page(client.post("/write/recipients/", {"to": [bob], "without": bob}))
    assert 'name="to"' not in text


def test_taking_out_without_a_script(house: House, browse: Browse) -> None:
    client, bob = browse(house.alice), house.bob.fingerprint
    given = {"to": [bob], "title": "T", "body": "text", "do": f"without {bob}"}
    text = page(client.post("/write/", given))
    assert 'name="to"' not in text
    assert ">\ntext</textarea>" in text
    assert 'value="T"' in text
    assert not Letter.objects.exists()


def test_what_keeps_a_letter_from_going(house: House, browse: Browse) -> None:
    client = browse(house.alice)
    cases = [
        ({"body": "x"}, "Say to whom it goes."),
        ({"names": "Carol", "body": "x"}, "“Carol” is not among your contacts."),
        ({"names": "Bob"}, "There is nothing in this message yet."),
        ({"to": ["A" * 86], "body": "x"}, "Say to whom it goes."),
    ]
    for given, sentence in cases:
        answer = client.post("/write/", given)
        assert answer.status_code == 422
        assert sentence in answer.content.decode()
    assert not Letter.objects.exists()


def test_too_large(house: House, browse: Browse) -> None:
    large = SimpleUploadedFile("large", b"\0" * (ATTACHMENTS_BYTES + 1))
    given = {"names": "Bob", "body": "keep me", "attachments": [large]}
    answer = browse(house.alice).post("/write/", given)
    assert answer.status_code == 422
    assert "“large” has 7.8 MB and does not fit" in answer.content.decode()
    assert ">\nkeep me</textarea>" in answer.content.decode()
    text = "x" * (limits.MESSAGE_BYTES + 1)
    answer = browse(house.alice).post("/write/", {"names": "Bob", "body": text})
    assert answer.status_code == 422
    assert "10 MB" in answer.content.decode()
    fits = SimpleUploadedFile("fits", b"\0" * ATTACHMENTS_BYTES)
    answer = browse(house.alice).post("/write/", {"names": "Bob", "attachments": [fits]})
    assert answer.status_code == 302


def test_reply(house: House, browse: Browse) -> None:
    house.write(title="Dinner")
    client = browse(house.bob)
    text = page(client.get(f"/mail/inbox/{the_thread(house.bob)}/"))
    found = re.search(r'href="(/write/\?reply=[^"]+)"', text)
    assert found
    text = page(client.get(found[1]))
    assert f'name="to" value="{house.alice.fingerprint}"' in text
    assert 'value="Re: Dinner"' in text
    reply = re.search(r'name="reply" value="([^"]+)"', text)
    assert reply
    given = {"to": [house.alice.fingerprint], "title": "Re: Dinner", "body": "Yes."}
    client.post("/write/", given | {"reply": reply[1]})
    house.deliver()
    text = page(browse(house.alice).get(f"/mail/sent/{the_thread(house.alice)}/"))
    assert text.count("<article ") == 2
    assert "<p>Yes.</p>" in text


def test_reply_to_nonsense_is_refused_in_words(house: House, browse: Browse) -> None:
    given = {"names": "Bob", "body": "x", "reply": "http://elsewhere/"}
    answer = browse(house.alice).post("/write/", given)
    assert answer.status_code == 422
    assert "is not the URI of a message" in answer.content.decode()


def test_passing_on_takes_the_files_along(house: House, browse: Browse) -> None:
    house.write(title="Fwd: Plan", attachments=[Attachment("plan.pdf", "application/pdf", b"%PDF")])
    client = browse(house.bob)
    letter = _letter(page(client.get(f"/mail/inbox/{the_thread(house.bob)}/")))
    text = page(client.get(f"/write/?forward={letter}"))
    assert 'value="Fwd: Plan"' in text
    assert "&gt; At **eight**?" in text
    assert "plan" in text
    given = {"names": "Alice", "body": "see", "forward": letter}
    assert client.post("/write/", given).status_code == 302
    house.deliver()
    row = Letter.objects.filter(account=house.alice).latest("pk")
    got = selectors.letter(house.alice, str(row.pk))
    assert got
    assert [file.name for file in got.attachments] == ["plan.pdf"]


def test_a_notice(house: House, browse: Browse) -> None:
    client = browse(house.alice)
    text = page(client.get("/write/?notice=1"))
    assert "New notice" in text
    assert "not encrypted" in text
    answer = client.post(
        "/write/", {"notice": "1", "title": "News", "body": "We moved."}, follow=True
    )
    assert "The notice is published." in page(answer)
    house.deliver()
    text = page(browse(house.bob).get("/mail/notices/"))
    assert "News" in text
    assert "News" not in page(browse(house.bob).get("/mail/inbox/"))


def test_preview(house: House, browse: Browse) -> None:
    client = browse(house.alice)
    text = page(client.post("/write/preview/", {"body": "**b** <i>x</i>"}))
    assert "<strong>b</strong> &lt;i&gt;x&lt;/i&gt;" in text
    assert client.get("/write/preview/").status_code == 405


def test_writing_needs_its_token(house: House, browse: Browse) -> None:
    client = browse(house.alice)
    client.handler.enforce_csrf_checks = True
    assert client.post("/write/", {"names": "Bob", "body": "x"}).status_code == 403
    assert not Letter.objects.exists()
