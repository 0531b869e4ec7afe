"""Everything of an account in one archive."""

import gc
import io
import sys
import zipfile
from datetime import UTC

import orjson
import pytest
from django.test import Client
from django.utils import timezone

from mail import drafts
from mail.export import Export
from mail.file_names import Names, safe_name
from mail.models import Draft
from mail.send import send
from nodes.models import Account
from sdmp.attachments import Attachment
from tests.mail.conftest import House

PICTURE = b"\x89PNG\r\n\x1a\n" + b"p" * 64


def archive(account: Account) -> zipfile.ZipFile:
    """Export an account, and open what came."""
    export = Export(account, timezone.now(), UTC)
    pieces = list(export.pieces())
    assert export.done == export.total
    opened = zipfile.ZipFile(io.BytesIO(b"".join(pieces)))
    assert opened.testzip() is None
    return opened


def test_everything_is_in_it(house: House) -> None:
    files = [
        Attachment("menu.pdf", "application/pdf", b"%PDF-1"),
        Attachment("../../etc/passwd", "text/plain", b"nothing"),
        Attachment("menu.pdf", "application/pdf", b"%PDF-2"),
        Attachment("place.png", "image/png", PICTURE, image=True),
    ]
    house.write(title="Dinner: at/eight?", body="At **eight**?", attachments=files)
    send(house.bob, to=[str(house.alice.fingerprint)], title="Other", body="Yes.")
    house.deliver()
    opened = archive(house.alice)
    names = opened.namelist()
    [folder] = {name.split("/")[1] for name in names if "Dinner" in name}
    assert folder.endswith("Dinner_ at_eight_")
    [text] = [name for name in names if name.endswith(".md") and "Dinner" in name]
    beside = [name for name in names if name.startswith(text.removesuffix(".md") + "/")]
    assert [name.rpartition("/")[2] for name in beside] == [
        "place.png", "menu.pdf", "_.._etc_passwd", "menu (2).pdf",
    ]  # fmt: skip
    assert [opened.read(name) for name in beside] == [PICTURE, b"%PDF-1", b"nothing", b"%PDF-2"]
    letter = opened.read(text).decode()
    assert letter.startswith("Title: Dinner: at/eight?  \nFrom: Alice Adams <sdmp://")
    assert "To: Bob Brown <sdmp://" in letter
    assert "At **eight**?" in letter
    assert "data:" not in letter
    assert "/place.png" in letter
    for name in names:
        assert not name.startswith("/")
        assert ".." not in name.split("/")


def test_contacts_card_and_what_was_signed(house: House) -> None:
    house.write()
    opened = archive(house.bob)
    [contact] = [c for c in orjson.loads(opened.read("contacts.json")) if c["name"] != "Echo"]
    assert (contact["name"], contact["fingerprint"]) == ("Alice Adams", house.alice.fingerprint)
    assert orjson.loads(opened.read("account.json"))["fingerprint"] == house.bob.fingerprint
    assert opened.read("card.sdmp").startswith(b"[")
    assert opened.read("recovery.json") == house.bob.recovery_kit.encode()
    lines = opened.read("journal.txt").decode().splitlines()
    assert lines
    assert all(f"@{house.bob.fingerprint}/" in line for line in lines)
    resources = [orjson.loads(line) for line in opened.read("resources.jsonl").splitlines()]
    assert len(resources) == len(lines) + 1  # and the letter that came
    assert b"recovery phrase" in opened.read("README.txt")


def test_nothing_of_others(house: House) -> None:
    send(house.alice, to=[str(house.alice.fingerprint)], title="Diary", body="Private thing")
    house.deliver()
    opened = archive(house.bob)
    for name in opened.namelist():
        assert b"Private thing" not in opened.read(name)
    assert not [name for name in opened.namelist() if "Diary" in name]
    user = str(house.alice.fingerprint)
    assert user not in opened.read("journal.txt").decode()


def test_drafts(house: House) -> None:
    content = drafts.Content(title="Not yet", body="Half a thought")
    sealed = drafts.seal_content(content)
    Draft.objects.create(account=house.alice, sealed=sealed)
    Draft.objects.create(account=house.bob, sealed=sealed)
    opened = archive(house.alice)
    written = [name for name in opened.namelist() if name.startswith("drafts/")]
    assert written == ["drafts/Not yet.md"]
    assert b"Half a thought" in opened.read(written[0])


def test_it_comes_in_pieces(house: House) -> None:
    big = Attachment("big.bin", "application/zip", b"b" * 3_000_000)
    for number in range(6):
        house.write(title=f"Big {number}", attachments=[big])
    sizes = [len(piece) for piece in Export(house.alice, timezone.now(), UTC).pieces()]
    assert sum(sizes) > 18_000_000
    assert max(sizes) < 10_000_000


def test_safe_names() -> None:
    assert safe_name("a/b\\c:d*?.txt", "x") == "a_b_c_d__.txt"
    assert safe_name("..", "x") == "x"
    assert safe_name(" \u202egpj.exe. ", "x") == "gpj.exe"
    assert safe_name("con.txt", "x") == "_con.txt"
    assert safe_name("COM1", "x") == "_COM1"
    assert len(safe_name("ü" * 500 + ".pdf", "x").encode()) <= 160
    assert safe_name("ü" * 500 + ".pdf", "x").endswith(".pdf")
    names = Names()
    assert [names("A.txt"), names("a.txt"), names("A.txt")] == ["A.txt", "a (2).txt", "A (3).txt"]


def test_one_at_a_time_by_the_page(house: House, client: Client) -> None:
    assert client.get("/settings/export/").status_code == 302
    client.force_login(house.alice, "allauth.account.auth_backends.AuthenticationBackend")
    assert b"One archive" in client.get("/settings/export/").content
    assert client.get("/settings/export/file/").status_code == 405
    first = client.post("/settings/export/file/")
    assert first["Content-Type"] == "application/zip"
    assert "alice" in first["Content-Disposition"]
    second = client.post("/settings/export/file/", follow=True)
    assert b"A file is being written already" in second.content


def test_one_that_is_broken_off_is_let_go_quietly(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a browser goes away in the middle, or before the first piece."""
    complaints: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda it: complaints.append(it.exc_value))
    for pieces in (0, 1):
        export = Export(house.alice, timezone.now(), UTC)
        given = export.pieces()
        for _ in range(pieces):
            assert next(given)
        circle: list[object] = [export, given]
        circle.append(circle)  # as an answer and its request are
        del export, given, circle
        gc.collect()
    assert complaints == []
