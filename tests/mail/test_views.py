"""Folders, conversations and what came with letters."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from journal.revoke import revoke
from mail.models import Conversation
from nodes.models import Account
from sdmp.letter import Attachment, image_markdown
from tests.mail.conftest import PASSWORD, House

Browse = Callable[[Account], Client]
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20


def page(response: Any) -> str:
    """Return the text of an answer that must be 200."""
    assert response.status_code == 200, response
    text: str = response.content.decode()
    return text


def the_thread(account: Account) -> str:
    """Return the key of an account's only conversation."""
    return str(Conversation.objects.get(account=account).pk)


@pytest.mark.parametrize(
    "path",
    ["/mail/inbox/", "/write/", "/contacts/", "/card/", "/mail/folders/", "/recovery-file/",
     "/mail/inbox/rows/", "/mail/letter/1/file/0/", "/who-can-read/", "/welcome/words/"],
)  # fmt: skip
def test_pages_need_an_account(client: Client, db: None, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/account/login/")


def test_sign_in_and_out(house: House, client: Client) -> None:
    assert "Sign in" in page(client.get("/account/login/"))
    wrong = client.post("/account/login/", {"login": "alice", "password": "not it"})
    assert "hint--bad" in page(wrong)
    answer = client.post("/account/login/", {"login": "alice", "password": PASSWORD}, follow=True)
    assert answer.redirect_chain[-1][0] == "/mail/inbox/"
    assert "Alice Adams" in page(answer)
    client.post("/account/logout/")
    assert client.get("/mail/inbox/").status_code == 302


def test_account_pages_have_our_looks(house: House, browse: Browse) -> None:
    for path in ("/account/password/change/", "/account/logout/"):
        text = page(browse(house.alice).get(path))
        assert 'class="panel"' in text
        assert "hearth" in text


def test_strict_policy(house: House, browse: Browse) -> None:
    house.write()
    client = browse(house.alice)
    answer = client.get(f"/mail/sent/{the_thread(house.alice)}/")
    assert "script-src 'self';" in answer["Content-Security-Policy"] + ";"
    assert "unsafe" not in answer["Content-Security-Policy"]
    for path in (f"/mail/sent/{the_thread(house.alice)}/", "/write/", "/contacts/", "/card/"):
        text = page(client.get(path))
        assert not re.search(r"\s(style|on[a-z]+)=", text)
        assert not re.search(r"<script(?![^>]*\ssrc=)", text)
        assert "<style" not in text
        assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", text)


def test_inbox_shows_a_letter_and_reading_marks_it(house: House, browse: Browse) -> None:
    house.write()
    client = browse(house.bob)
    text = page(client.get("/mail/inbox/"))
    assert "row--unread" in text
    assert "Dinner" in text
    assert "At eight?" in text
    assert 'data-unread="1"' in text
    thread = the_thread(house.bob)
    text = page(client.get(f"/mail/inbox/{thread}/"))
    assert "At <strong>eight</strong>?" in text
    assert "not checked" in text
    text = page(client.get("/mail/inbox/"))
    assert "row--unread" not in text
    assert 'data-unread="0"' in text


def test_empty_folders_say_so(house: House, browse: Browse) -> None:
    client = browse(house.bob)
    for folder in ("inbox", "starred", "sent", "archive", "notices"):
        assert "Nothing here" in page(client.get(f"/mail/{folder}/"))
    assert client.get("/mail/nonsense/").status_code == 404


def test_delivery_is_told_in_words(house: House, browse: Browse) -> None:
    house.write()
    text = page(browse(house.alice).get(f"/mail/sent/{the_thread(house.alice)}/"))
    assert re.search(r"Received <time[^>]*>today at", text)
    assert "✓" not in text


def test_conversation_as_a_part(house: House, browse: Browse) -> None:
    house.write()
    thread = the_thread(house.bob)
    client = browse(house.bob)
    answer = client.get(
        f"/mail/inbox/{thread}/", headers={"HX-Request": "true", "HX-Target": "read"}
    )
    text = page(answer)
    assert "HX-Target" in answer["Vary"]
    assert answer["HX-Push-Url"] == f"/mail/inbox/{thread}/"
    assert "<html" not in text
    assert "<title>Dinner – hearth</title>" in text
    assert f'id="row-{thread}" hx-swap-oob="true"' in text
    assert "row--unread" not in text
    assert 'class="letter"' in page(client.get(f"/mail/inbox/{thread}/letters/"))
    assert f'id="row-{thread}"' in page(client.get("/mail/inbox/rows/?shown=1"))
    assert "folders__list" in page(client.get("/mail/folders/?here=inbox"))


def test_nobody_reads_what_belongs_to_another(house: House, browse: Browse) -> None:
    house.write(attachments=[Attachment("a.txt", "text/plain", b"secret")])
    thread = the_thread(house.alice)
    letter = _letter(page(browse(house.alice).get(f"/mail/sent/{thread}/")))
    client = browse(house.bob)
    assert client.get(f"/mail/sent/{thread}/").status_code == 404
    assert client.get(f"/mail/sent/{thread}/letters/").status_code == 404
    assert client.post(f"/mail/sent/{thread}/mark/", {"do": "star"}).status_code == 404
    assert client.get(f"/mail/letter/{letter}/file/0/").status_code == 404
    assert "Dinner" not in page(client.get(f"/write/?forward={letter}"))
    for odd in ("x", "-", "0", "9" * 40):
        assert client.get(f"/mail/inbox/{odd}/").status_code == 404
        assert client.get(f"/mail/letter/{odd}/file/0/").status_code == 404


def _letter(text: str) -> str:
    found = re.search(r'id="letter-([^"]+)"', text)
    assert found
    return found[1]


def test_star_and_archive(house: House, browse: Browse) -> None:
    house.write()
    client, thread = browse(house.bob), the_thread(house.bob)
    client.post(f"/mail/inbox/{thread}/mark/", {"do": "star"})
    assert "Dinner" in page(client.get("/mail/starred/"))
    client.post(f"/mail/inbox/{thread}/mark/", {"do": "archive"})
    assert "Dinner" not in page(client.get("/mail/inbox/"))
    assert "Dinner" in page(client.get("/mail/archive/"))
    client.post(f"/mail/archive/{thread}/mark/", {"do": "inbox"})
    client.post(f"/mail/inbox/{thread}/mark/", {"do": "unstar"})
    assert "Dinner" in page(client.get("/mail/inbox/"))
    assert "Dinner" not in page(client.get("/mail/starred/"))
    assert client.get(f"/mail/inbox/{thread}/mark/").status_code == 405


def test_long_lists_go_on_by_cursor(
    house: House, browse: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mail.views.conversations.PAGE", 3)
    for number in range(5):
        house.write(title=f"Letter {number}")
    client = browse(house.bob)
    text = page(client.get("/mail/inbox/"))
    assert "Letter 4" in text
    assert "Letter 1" not in text
    found = re.search(r'hx-get="(/mail/inbox/rows/\?before=[^"]+)"', text)
    assert found
    rest = page(client.get(found[1]))
    assert "Letter 1" in rest
    assert "Letter 0" in rest
    assert "Letter 2" not in rest
    assert page(client.get("/mail/inbox/rows/?shown=5")).count('class="row ') == 5


FILES = [
    Attachment("../../menü \u202egpj.exe", "text/html", b"<script>alert(1)</script>"),
    Attachment("p.svg", "image/svg+xml", b"<svg onload='alert(1)'/>"),
    Attachment("lie.png", "image/png", b"<html><script>alert(1)</script>"),
    Attachment("lake.png", "text/html", PNG),
]


def test_files_are_only_ever_saved(house: House, browse: Browse) -> None:
    house.write(attachments=FILES)
    client = browse(house.bob)
    letter = _letter(page(client.get(f"/mail/inbox/{the_thread(house.bob)}/")))
    for index, file in enumerate(FILES):
        answer = client.get(f"/mail/letter/{letter}/file/{index}/")
        assert answer.content == file.data
        assert answer["Content-Type"] == "application/octet-stream"
        assert answer["Content-Disposition"].startswith("attachment; filename")
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Security-Policy"].endswith("sandbox")
        assert "%2F" not in answer["Content-Disposition"]
        assert "%E2%80%AE" not in answer["Content-Disposition"]
    assert client.get(f"/mail/letter/{letter}/file/9/").status_code == 404


def test_only_true_pictures_are_shown(house: House, browse: Browse) -> None:
    house.write(attachments=FILES)
    client = browse(house.bob)
    text = page(client.get(f"/mail/inbox/{the_thread(house.bob)}/"))
    letter = _letter(text)
    assert re.findall(r'<img[^>]* src="([^"]+)"', text) == [f"/mail/letter/{letter}/picture/3/"]
    types = [client.get(f"/mail/letter/{letter}/picture/{index}/") for index in range(4)]
    assert [answer.status_code for answer in types] == [404, 404, 404, 200]
    assert types[3]["Content-Type"] == "image/png"
    assert types[3]["Content-Security-Policy"].endswith("sandbox")


def test_pictures_in_a_letter_come_from_this_node(house: House, browse: Browse) -> None:
    picture = Attachment("lake.png", "image/png", PNG, image=True)
    other = Attachment("shore.png", "image/png", PNG + b"1", image=True)
    body = f"Look: {image_markdown(picture)} and {image_markdown(other)}"
    house.write(body=body, attachments=[Attachment("a.txt", "text/plain", b"a"), picture, other])
    client = browse(house.bob)
    text = page(client.get(f"/mail/inbox/{the_thread(house.bob)}/"))
    sources = re.findall(r'<img src="([^"]+)"', text)
    assert len(sources) == 2
    assert [client.get(source).content for source in sources] == [PNG, PNG + b"1"]
    assert "data:image" not in text


def test_letters_cannot_mislead_with_names(house: House, browse: Browse) -> None:
    house.write(title="a\u202eb <b>c</b>", body="<b>x</b>")
    text = page(browse(house.bob).get("/mail/inbox/"))
    assert "ab &lt;b&gt;c&lt;/b&gt;" in text
    assert "\u202e" not in text


def test_times_are_the_readers(house: House, browse: Browse) -> None:
    house.write()
    moment = Conversation.objects.get(account=house.bob).latest
    house.bob.timezone = "Pacific/Kiritimati"
    house.bob.save()
    text = page(browse(house.bob).get("/mail/inbox/"))
    assert f"{(moment.hour + 14) % 24:02}:{moment.minute:02}</time>" in text
    house.bob.timezone = "No/Such"
    house.bob.save()
    assert "Dinner" in page(browse(house.bob).get("/mail/inbox/"))


def test_theme_of_the_account(house: House, browse: Browse) -> None:
    assert "data-theme" not in page(browse(house.bob).get("/mail/inbox/"))
    house.bob.theme = "dark"
    house.bob.save()
    assert '<html lang="en" data-theme="dark">' in page(browse(house.bob).get("/mail/inbox/"))


def test_error_pages(house: House, browse: Browse) -> None:
    answer = browse(house.bob).get("/no/such/page/")
    assert answer.status_code == 404
    assert b"Nothing is here" in answer.content
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post("/account/login/", {"login": "alice"})
    assert answer.status_code == 403
    assert b"open for too long" in answer.content


def test_broken_view_has_a_page(
    house: House, browse: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: object) -> None:
        raise RuntimeError("for the test")

    client = browse(house.bob)
    client.raise_request_exception = False
    monkeypatch.setattr("mail.selectors.list_conversations", break_down)
    answer = client.get("/mail/inbox/")
    assert answer.status_code == 500
    assert b"could not do that" in answer.content
    assert b"for the test" not in answer.content


def test_a_message_that_was_taken_back(house: House, browse: Browse) -> None:
    uri = house.write(title="Secret", body="Never mind")
    revoke(uri, now=timezone.now())
    for account, words in ((house.alice, "You asked for removal"), (house.bob, "Alice took")):
        text = page(browse(account).get(f"/mail/inbox/{the_thread(account)}/"))
        assert words in text
        assert "Never mind" not in text
