"""Drafts: kept sealed, never lost to another device, and sent once nobody can undo it."""

import json
import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import timezone

from journal.trusts import withdraw
from mail import draft_files, drafts, held, selectors, sending
from mail.drafts import Content, Mark
from mail.models import Draft, DraftFile, Held, Letter
from nodes.errors import UserError
from nodes.models import Account
from sdmp.letter import Attachment
from tests.mail.conftest import House
from tests.mail.test_views import Browse, page, the_thread

PLAN = Attachment("secretplan.pdf", "application/pdf", b"%PDF secretcontent")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(16)


def content(house: House, body: str = "At eight?", **options: object) -> Content:
    given = {"to": (str(house.bob.fingerprint),), "title": "Dinner", "body": body}
    return Content(**given | options)  # type: ignore[arg-type]


def bodies(account: Account) -> list[str]:
    """Return the texts of an account's drafts, in order."""
    keys = Draft.objects.filter(account=account, deleted=None).order_by("pk")
    found = [drafts.open_draft(account, key) for key in keys.values_list("pk", flat=True)]
    return [opened.content.body for opened in found if opened]


def everything_at_rest() -> bytes:
    """Return every value of every table, as bytes."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            found += [value for row in cursor.fetchall() for value in row]
    return b"\n".join(
        bytes(v) if isinstance(v, bytes | memoryview) else str(v).encode() for v in found
    )


def later(seconds: int = 60) -> int:
    """Do what is due by then."""
    return held.do_due(timezone.now() + timedelta(seconds=seconds))


# --- Keeping ------------------------------------------------------------------------------


def test_what_is_written_is_sealed(house: House) -> None:
    written = content(house, "Wholly secretbody", title="A secrettitle", names="secretname")
    saved = drafts.save(house.alice, written, Mark())
    drafts.add_file(house.alice, saved.key, PLAN)
    held_bytes = everything_at_rest()
    assert b"alice" in held_bytes
    for word in (b"secretbody", b"secrettitle", b"secretname", b"secretplan", b"secretcontent"):
        assert word not in held_bytes
    row = Draft.objects.get()
    assert str(house.bob.fingerprint).encode() not in bytes(row.sealed)
    opened = drafts.open_draft(house.alice, saved.key)
    assert opened
    assert opened.content == written
    assert [(file.name, file.size) for file in opened.files] == [("secretplan.pdf", 18)]


def test_each_save_goes_on_from_the_one_before(house: House) -> None:
    first = drafts.save(house.alice, content(house, "one"), Mark())
    second = drafts.save(house.alice, content(house, "two"), Mark(first.key, first.revision))
    assert (second.key, second.revision, second.copied) == (first.key, 2, "")
    again = drafts.save(house.alice, content(house, "two"), Mark(first.key, second.revision))
    assert again == second  # nothing has changed
    assert bodies(house.alice) == ["two"]


def test_two_devices_lose_nothing(house: House) -> None:
    first = drafts.save(house.alice, content(house, "begun"), Mark(page="a", turn=1))
    drafts.add_file(house.alice, first.key, PLAN)
    phone = drafts.save(house.alice, content(house, "by phone"), Mark(first.key, 1, "b", 1))
    assert (phone.key, phone.copied) == (first.key, "")
    desk = drafts.save(house.alice, content(house, "at the desk"), Mark(first.key, 1, "a", 2))
    assert desk.key != first.key
    assert desk.copied == "changed"
    assert bodies(house.alice) == ["by phone", "at the desk"]
    # Both go on without getting into each other's way, and both have the file.
    drafts.save(house.alice, content(house, "desk 2"), Mark(desk.key, desk.revision, "a", 3))
    drafts.save(house.alice, content(house, "phone 2"), Mark(phone.key, phone.revision, "b", 2))
    assert bodies(house.alice) == ["phone 2", "desk 2"]
    assert DraftFile.objects.count() == 2


def test_a_save_that_comes_twice_or_late_makes_no_copy(house: House) -> None:
    first = drafts.save(house.alice, content(house, "one"), Mark(None, 0, "a", 1))
    # The answer was lost, so the page knows no key; it tries again, with more text.
    again = drafts.save(house.alice, content(house, "two"), Mark(None, 0, "a", 2))
    assert again.key == first.key
    # The page did not hear of revision 2 either.
    third = drafts.save(house.alice, content(house, "three"), Mark(first.key, 1, "a", 3))
    assert (third.key, third.copied) == (first.key, "")
    overtaken = drafts.save(house.alice, content(house, "two"), Mark(first.key, 1, "a", 2))
    assert overtaken.key == first.key
    assert bodies(house.alice) == ["three"]


def test_a_draft_that_is_gone_begins_anew(house: House) -> None:
    first = drafts.save(house.alice, content(house, "one"), Mark())
    assert drafts.delete(house.alice, first.key)
    saved = drafts.save(house.alice, content(house, "more"), Mark(first.key, 1))
    assert saved.copied == "gone"
    assert bodies(house.alice) == ["more"]


def test_deleting_can_be_undone_for_a_while(house: House) -> None:
    first = drafts.save(house.alice, content(house), Mark())
    assert drafts.delete(house.alice, first.key)
    assert not drafts.delete(house.alice, first.key)
    assert (drafts.count(house.alice), drafts.list_drafts(house.alice)) == (0, [])
    drafts.forget_deleted(timezone.now())
    assert drafts.restore(house.alice, first.key)
    assert bodies(house.alice) == ["At eight?"]
    drafts.delete(house.alice, first.key)
    drafts.forget_deleted(timezone.now() + timedelta(hours=2))
    assert not drafts.restore(house.alice, first.key)
    assert not Draft.objects.exists()


def test_bounds(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafts, "DRAFTS_PER_ACCOUNT", 2)
    saved = [drafts.save(house.alice, content(house, text), Mark()) for text in ("a", "b")]
    with pytest.raises(UserError, match="You have 2 drafts"):
        drafts.save(house.alice, content(house), Mark())
    drafts.save(house.alice, content(house, "b2"), Mark(saved[1].key, 1))
    drafts.save(house.bob, content(house), Mark())  # each account has its own
    monkeypatch.setattr(draft_files, "FILES_PER_DRAFT", 1)
    monkeypatch.setattr(draft_files, "BYTES_PER_DRAFT", 1000)
    large = Attachment("film.mp4", "video/mp4", bytes(1001))
    with pytest.raises(UserError, match=r"“film.mp4” has 1 KB and does not fit.* 1 KB together"):
        drafts.add_file(house.alice, saved[0].key, large)
    drafts.add_file(house.alice, saved[0].key, PLAN)
    with pytest.raises(UserError, match=r"“secretplan.pdf” is one too many.* 1 files"):
        drafts.add_file(house.alice, saved[0].key, PLAN)
    monkeypatch.setattr(drafts, "BYTES_PER_ACCOUNT", 2000)
    with pytest.raises(UserError, match="Your drafts hold 0 MB already"):
        drafts.save(house.alice, content(house, "x" * 2000), Mark(saved[1].key, 2))
    assert bodies(house.alice) == ["a", "b2"]


# --- Sending ------------------------------------------------------------------------------


def test_a_letter_is_held_until_it_is_due(house: House) -> None:
    saved = drafts.save(house.alice, content(house), Mark())
    drafts.add_file(house.alice, saved.key, PLAN)
    mark = Mark(saved.key, saved.revision)
    assert sending.send_draft(house.alice, content(house), mark, now=timezone.now()) is None
    assert not Letter.objects.exists()
    [item] = held.pending(house.alice, timezone.now())
    assert item.words == "“Dinner” goes to Bob"
    assert drafts.list_drafts(house.alice) == []
    opened = drafts.open_draft(house.alice, saved.key)
    assert opened
    assert opened.due is not None
    assert later(5) == 0
    assert later() == 1
    house.deliver()
    assert not Draft.objects.exists()
    assert not DraftFile.objects.exists()
    assert not Held.objects.exists()
    row = Letter.objects.get(account=house.bob)
    letter = selectors.letter(house.bob, str(row.pk))
    assert letter
    assert (letter.title, letter.body) == ("Dinner", "At eight?")
    assert [file.name for file in letter.attachments] == ["secretplan.pdf"]


def test_undo_brings_the_draft_back(house: House) -> None:
    sending.send_draft(house.alice, content(house), Mark(), now=timezone.now())
    [item] = held.pending(house.alice, timezone.now())
    assert held.undo(house.alice, item.key)
    assert later() == 0
    assert bodies(house.alice) == ["At eight?"]
    [row] = drafts.list_drafts(house.alice)
    assert (row.title, [person.name for person in row.people]) == ("Dinner", ["Bob Brown"])


def test_what_waits_is_not_changed(house: House) -> None:
    saved = drafts.save(house.alice, content(house), Mark(page="a", turn=1))
    mark = Mark(saved.key, saved.revision, "a", 3)
    sending.send_draft(house.alice, content(house), mark, now=timezone.now())
    # A save that the page had begun before it sent.
    late = drafts.save(house.alice, content(house, "At"), Mark(saved.key, 1, "a", 2))
    assert (late.key, late.copied) == (saved.key, "")
    other = drafts.save(house.alice, content(house, "new"), Mark(saved.key, 1, "b", 1))
    assert other.copied == "going"
    assert drafts.add_file(house.alice, saved.key, PLAN) is None
    assert not drafts.take_out(house.alice, saved.key, 1)
    assert not drafts.delete(house.alice, saved.key)
    sending.send_draft(house.alice, content(house), mark, now=timezone.now())  # pressed twice
    assert later() == 1
    assert bodies(house.alice) == ["new"]
    assert Letter.objects.filter(account=house.alice).count() == 1


def test_what_cannot_be_sent_is_said_at_once(house: House) -> None:
    wrong = content(house, to=("A" * 86,))
    with pytest.raises(UserError, match="not among your contacts"):
        sending.send_draft(house.alice, wrong, Mark(), now=timezone.now())
    assert not Held.objects.exists()
    assert not Draft.objects.exists()


def test_a_letter_that_fails_when_it_is_due_comes_back(house: House, browse: Browse) -> None:
    saved = drafts.save(house.alice, content(house), Mark())
    drafts.add_file(house.alice, saved.key, PLAN)
    mark = Mark(saved.key, saved.revision)
    sending.send_draft(house.alice, content(house), mark, now=timezone.now())
    withdraw(str(house.alice.fingerprint), str(house.bob.fingerprint), now=timezone.now())
    assert later() == 1
    assert not Letter.objects.exists()
    assert not Held.objects.exists()
    sentence = "A recipient is not among your contacts; add them first."
    [row] = drafts.list_drafts(house.alice, failed=True)
    assert row.problem == sentence
    client = browse(house.alice)
    assert "“Dinner” was not sent." in page(client.get("/undo/"))
    assert sentence in page(client.get("/mail/drafts/"))
    text = page(client.get(f"/write/{saved.key}/"))
    assert f'role="alert">{sentence}' in text
    assert "secretplan" in text
    assert "“Bob Brown” is not among your contacts." in text
    assert "was not sent" not in page(client.get("/undo/"))  # it has been seen


def test_at_once_when_nobody_wants_to_undo(house: House) -> None:
    house.alice.undo_seconds = 0
    saved = drafts.save(house.alice, content(house), Mark())
    sent = sending.send_draft(house.alice, content(house), Mark(saved.key, 1), now=timezone.now())
    assert sent
    assert Letter.objects.count() == 1
    assert not Draft.objects.exists()


def test_letter_and_draft_are_one_transaction(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    sending.send_draft(house.alice, content(house), Mark(), now=timezone.now())

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr(Draft, "delete", fail)
        assert later() == 0
    assert not Letter.objects.exists()
    assert later() == 1
    assert Letter.objects.filter(account=house.alice).count() == 1


# --- Pages --------------------------------------------------------------------------------


def post(client: Client, **given: object) -> dict[str, object]:
    answer = client.post("/write/save/", given)
    assert answer.status_code == 200, answer.content
    found: dict[str, object] = json.loads(answer.content)
    return found


def test_saving_by_a_page(house: House, browse: Browse) -> None:
    client, bob = browse(house.alice), str(house.bob.fingerprint)
    given = {"to": [bob], "names": "An", "title": "T", "body": "a\r\nb", "page": "p", "turn": "1"}
    first = post(client, **given)
    assert first["address"] == f"/write/{first['key']}/"
    assert str(first["words"]).startswith("Draft saved at ")
    text = page(client.get(str(first["address"])))
    assert ">\na\nb</textarea>" in text
    assert f'name="to" value="{bob}"' in text
    assert 'value="An"' in text
    assert re.search(r"Draft saved <time [^>]+>today at", text)
    text = page(client.get("/mail/drafts/"))
    assert "Bob, An" in text
    changed = given | {"body": "c", "draft": first["key"], "revision": "0", "page": "other"}
    assert "kept as a copy" in str(post(client, **changed)["note"])
    answer = client.post("/write/save/", given | {"title": "x" * 301, "turn": "2"})
    assert answer.status_code == 422


def test_an_empty_list_of_drafts(house: House, browse: Browse) -> None:
    text = page(browse(house.alice).get("/mail/drafts/"))
    assert "No drafts" in text


def test_drafts_of_others(house: House, browse: Browse) -> None:
    saved = drafts.save(house.alice, content(house), Mark())
    file = drafts.add_file(house.alice, saved.key, Attachment("p.png", "image/png", PNG))
    assert file
    bob, at = browse(house.bob), f"/write/{saved.key}/"
    assert bob.get(at).status_code == 404
    assert b"At eight" not in bob.get(at).content
    assert bob.get(f"{at}files/{file.key}/picture/").status_code == 404
    assert bob.post(f"{at}files/{file.key}/").status_code == 404
    assert bob.post(f"{at}files/", {"file": SimpleUploadedFile("x", b"x")}).status_code == 404
    assert bob.post(f"{at}delete/").status_code == 404
    bob.post(f"{at}now/")
    bob.post(f"{at}restore/")
    assert "At eight" not in page(bob.get("/mail/drafts/"))
    post(bob, draft=saved.key, revision="1", body="mine")
    bob.post(at, {"names": "Alice", "body": "x", "revision": "1"})
    assert bodies(house.alice) == ["At eight?"]
    assert not Letter.objects.exists()
    assert browse(house.alice).get(f"{at}files/{file.key}/picture/").content == PNG
    assert Client().get(at).status_code == 302


def test_files_by_a_page(house: House, browse: Browse) -> None:
    client = browse(house.alice)
    first = post(client, body="see")
    at = f"/write/{first['key']}/files/"
    answer = client.post(at, {"file": SimpleUploadedFile("menu.txt", b"soup", "text/plain")})
    assert answer.status_code == 201
    assert "Take out menu.txt" in answer.content.decode()
    number = DraftFile.objects.get().pk
    large = SimpleUploadedFile("film", bytes(draft_files.BYTES_PER_DRAFT))
    answer = client.post(at, {"file": large})
    assert answer.status_code == 422
    assert answer.content.decode().startswith("“film” has 7.8 MB and does not fit")
    assert client.post(at, {}).status_code == 422
    assert client.get(f"{at}{number}/picture/").status_code == 404
    assert client.post(f"{at}{number}/").status_code == 204
    assert not DraftFile.objects.exists()


def test_passing_on_takes_the_files_into_the_draft(house: House, browse: Browse) -> None:
    house.write(attachments=[PLAN, Attachment("p.png", "image/png", PNG, image=True)])
    client = browse(house.bob)
    key = Letter.objects.get(account=house.bob).pk
    text = page(client.get(f"/write/?forward={key}"))
    assert "data:image" not in text
    assert "[p.png]" in text
    first = post(client, forward=str(key), body="see", page="p", turn="1")
    assert str(first["files"]).count("<li") == 2
    opened = drafts.open_draft(house.bob, int(str(first["key"])))
    assert opened
    assert sorted(file.name for file in opened.files) == ["p.png", "secretplan.pdf"]


def test_sending_and_undoing_by_pages(house: House, browse: Browse) -> None:
    client = browse(house.alice)
    given = {"names": "Bob", "title": "Dinner", "body": "At eight?"}
    answer = client.post("/write/", given, follow=True)
    assert answer.redirect_chain[0][0] == "/mail/sent/"
    assert "“Dinner” goes to Bob" in page(answer)
    [item] = held.pending(house.alice, timezone.now())
    assert "Goes at" in page(client.get("/mail/drafts/"))
    answer = client.get(f"/write/{item.about}/", follow=True)
    assert "Undo to change it." in page(answer)
    answer = client.post(f"/undo/{item.key}/", follow=True)
    assert answer.redirect_chain[0][0] == f"/write/{item.about}/"
    assert ">\nAt eight?</textarea>" in page(answer)
    answer = client.post(f"/write/{item.about}/", given | {"revision": "1"})
    assert answer.status_code == 302
    answer = client.post(f"/write/{item.about}/now/", follow=True)
    assert answer.redirect_chain[0][0] == f"/mail/sent/{the_thread(house.alice)}/"
    assert "The message is on its way." in page(answer)
    text = page(client.post(f"/write/{item.about}/now/", follow=True))
    assert "That message does not wait any more." in text
    # Sent by a page that was open all the while: it says so, and sends nothing twice.
    answer = client.post(f"/write/{item.about}/", given | {"revision": "1"})
    assert answer.status_code == 409
    assert "This draft was sent or deleted meanwhile." in answer.content.decode()
    assert Letter.objects.filter(account=house.alice).count() == 1


def test_without_a_script(house: House, browse: Browse) -> None:
    client = browse(house.alice)
    files = [SimpleUploadedFile("menu.txt", b"soup")]
    given = {"names": "Bob", "title": "T", "body": "one", "do": "save"}
    answer = client.post("/write/", given | {"attachments": files}, follow=True)
    at = answer.redirect_chain[0][0]
    text = page(answer)
    assert "The draft is saved." in text
    assert "Take out menu.txt" in text
    assert 'name="revision" value="1"' in text
    client.post(at, given | {"body": "two", "revision": "1"})
    answer = client.post(at, given | {"body": "three", "revision": "1"}, follow=True)
    assert "kept as a copy" in page(answer)
    assert bodies(house.alice) == ["two", "three"]
    number = DraftFile.objects.order_by("pk")[0].pk
    text = page(client.post(at, given | {"body": "four", "do": f"without-file {number}"}))
    assert "Take out menu.txt" not in text
    assert ">\nfour</textarea>" in text


def test_deleting_by_a_page(house: House, browse: Browse) -> None:
    client = browse(house.alice)
    saved = drafts.save(house.alice, content(house), Mark())
    text = page(client.post(f"/write/{saved.key}/delete/", follow=True))
    assert "The draft is deleted." in text
    assert f'action="/write/{saved.key}/restore/"' in text
    text = page(client.post(f"/write/{saved.key}/restore/", follow=True))
    assert "The draft is back." in text
    assert "Dinner" in text


def test_an_answer_quotes(house: House, browse: Browse) -> None:
    house.write(body="One\n\n![pic](data:image/png;base64,iVBORw0KGgo=)\nTwo")
    key = Letter.objects.get(account=house.bob).pk
    text = page(browse(house.bob).get(f"/write/?reply={key}"))
    assert "Alice Adams wrote:\n\n&gt; One\n&gt;\n&gt; [pic]\n&gt; Two" in text


@pytest.mark.parametrize("many", ["![" * 200_000, "![](data:" * 50_000, "![x](data:,y " * 50_000])
def test_quoting_is_fast_whatever_is_quoted(house: House, browse: Browse, many: str) -> None:
    house.write(body=many)
    key = Letter.objects.get(account=house.bob).pk
    assert browse(house.bob).get(f"/write/?forward={key}").status_code == 200
