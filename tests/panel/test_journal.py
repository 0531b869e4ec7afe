"""The journal in the panel: lines, resources taken apart, and nothing of what people wrote."""

from __future__ import annotations

import html

import orjson
import pytest
from django.test import Client
from django.urls import reverse

from hosting import journal_pages, runs
from hosting.models import AuditEntry, Run
from hosting.work import WORK
from journal.models import Line, Resource
from journal.publish import publish
from nodes.models import Account
from sdmp.signature import read_envelope
from tests.support.cast import ALICE, BOB, DESK
from tests.support.world import World, letter_to, notice, own_memory_fixture, world_fixture

__all__ = ["own_memory_fixture", "world_fixture"]

SECRET = "Zwetschgenmus"
LIST = "admin:journal_line_changelist"


@pytest.fixture
def owner(world: World) -> Client:
    """The browser of an owner of Alice's node, to which Bob has written."""
    world.know(DESK)
    world.accept(notice(text=SECRET, title=f"{SECRET} {SECRET}"))
    world.accept(letter_to(ALICE, text=SECRET, title=SECRET))
    account = Account.objects.create_user("olga", is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(account, "allauth.account.auth_backends.AuthenticationBackend")
    return client


def _text(client: Client, *where: object, **asked: str) -> str:
    answer = client.get(reverse(str(where[0]), args=where[1:]), asked)
    assert answer.status_code == 200, answer.status_code
    return html.unescape(answer.content.decode())


def _position(kind: str, **about: object) -> int:
    return Line.objects.filter(resource__kind=kind, **about).latest("position").position


def _positions(page: journal_pages.Page) -> list[int | None]:
    return [entry.position for entry in page.entries]


def test_lines_are_turned_over_without_missing_one(
    owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_pages, "AT_ONCE", 3)
    every = list(Line.objects.order_by("-position").values_list("position", flat=True))
    seen: list[int | None] = []
    page = journal_pages.page()
    assert page.newer is None
    while True:
        seen += _positions(page)
        if page.older is None:
            break
        earlier = journal_pages.page(before=page.older)
        assert _positions(journal_pages.page(after=earlier.newer)) == _positions(page)
        page = earlier
    assert seen == every
    assert _positions(journal_pages.around(4)) == [4, 3, 2]


@pytest.mark.parametrize("kind", ["trust", "encrypted", ""])
def test_filters_turn_over_likewise(
    owner: Client, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(journal_pages, "AT_ONCE", 1)
    rows = Resource.objects.filter(author=BOB.fingerprint)
    wanted = {row.line.position for row in (rows.filter(kind=kind) if kind else rows)}
    seen: list[int | None] = []
    page = journal_pages.page(kind=kind, author=BOB.fingerprint)
    for _ in range(20):
        seen += _positions(page)
        if page.older is None:
            break
        page = journal_pages.page(kind=kind, author=BOB.fingerprint, before=page.older)
    assert seen == sorted(wanted, reverse=True)


def test_what_is_looked_for_is_found(owner: Client) -> None:
    row = Resource.objects.get(kind="message")
    line = Line.objects.get(resource=row)
    for text in (
        row.identifier,
        row.identifier[:8],
        line.identifier[:8],
        row.uri,
        f" {line.text} ",
    ):
        assert line.position in _positions(journal_pages.find(text)), text
    assert line.position in _positions(journal_pages.find(BOB.fingerprint))
    for nonsense in ("", "abc", "x" * 300, "%_%_%_%_", "\u202e\u202e\u202e\u202e\u202e\u202e"):
        assert journal_pages.find(nonsense).entries == []


def test_the_list_names_authors_and_kinds(owner: Client) -> None:
    text = _text(owner, LIST)
    assert "Bob" in text
    assert "public notice" in text
    assert SECRET not in text


@pytest.mark.parametrize(
    "asked",
    [{"at": "x"}, {"at": "9" * 40}, {"before": "-1"}, {"kind": "'"}, {"author": "%"}, {"q": "''"}],
)
def test_nonsense_in_the_address_is_no_failure(owner: Client, asked: dict[str, str]) -> None:
    assert _text(owner, LIST, **asked)


@pytest.mark.parametrize("kind", ["identity", "trust", "node", "user"])
def test_what_gives_authority_is_taken_apart(owner: Client, kind: str) -> None:
    text = _text(owner, "admin:journal_line_change", _position(kind))
    assert "The signature holds." in text
    assert "The signature does not hold" not in text
    assert f"<code>{kind}</code>" in text
    assert "where the chain ends" in text


def test_a_trust_names_whom_and_what(owner: Client) -> None:
    position = _position("trust", resource__author=BOB.fingerprint)
    text = _text(owner, "admin:journal_line_change", position)
    assert "read_resource" in text
    assert ALICE.fingerprint in text


@pytest.mark.parametrize("kind", ["message", "encrypted"])
def test_what_people_wrote_is_never_shown(owner: Client, kind: str) -> None:
    position = _position(kind)
    text = _text(owner, "admin:journal_line_change", position)
    assert SECRET not in text
    # The chain goes by Bob's trust for his node, told as on the page of that trust.
    assert "Bob lets 192.0.2.3:8000 act: keep and pass on, write for them and read" in text
    answer = owner.get(reverse("admin:journal_line_raw", args=[position]))
    if kind == "message":
        assert answer.status_code == 404
        assert "bytes, which the panel does not show" in text
    else:
        assert "for an RSA key of 2048 bits" in text
        row = Resource.objects.get(line=position)
        assert read_envelope(orjson.loads(answer.content)).identifier == row.identifier
        assert "attachment" in answer.headers["Content-Disposition"]


def test_a_signature_that_does_not_hold_is_said(owner: Client) -> None:
    row = Resource.objects.get(kind="message")
    other = Resource.objects.filter(signer=row.signer).exclude(pk=row.pk).latest("pk")
    Resource.objects.filter(pk=row.pk).update(signature=other.signature)
    assert "The signature does not hold:" in _text(
        owner, "admin:journal_line_change", _position("message")
    )


def test_what_is_gone_is_said_to_be(owner: Client, world: World) -> None:
    gone = publish(ALICE.fingerprint, {"message": "x"}, now=world.now)
    Resource.objects.filter(pk=gone.pk).update(payload=None)
    assert "not here any more" in _text(owner, "admin:journal_line_change", gone.line.position)
    assert "content gone" in _text(owner, LIST)


def test_lines_that_are_not_there(owner: Client) -> None:
    for wrong in ("0", "999999", "x", "9" * 40):
        for name in ("admin:journal_line_change", "admin:journal_line_raw"):
            assert owner.get(reverse(name, args=[wrong])).status_code == 404


def test_a_check_can_be_asked_for_and_watched(owner: Client) -> None:
    page = reverse(LIST)
    assert owner.post(page).status_code == 302
    assert AuditEntry.objects.get(action="journal.check").actor == "olga"
    poll = reverse("admin:run", args=["journal"])
    assert f'hx-get="{poll}"' in owner.get(page).content.decode()
    answer = owner.get(poll)
    assert "HX-Refresh" not in answer.headers
    runs.do_asked("here", WORK)
    assert Run.objects.get(kind="journal").outcome == "good"
    answer = owner.get(poll)
    assert answer.headers["HX-Refresh"] == "true"
    assert "follow each other" in answer.content.decode()
    assert owner.get(reverse("admin:run", args=["nothing"])).status_code == 404
