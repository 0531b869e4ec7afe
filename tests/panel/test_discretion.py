"""The panel never shows anybody's messages.

Words that stand in letters, titles, drafts, names of files and of contacts, notes of invitations,
searches and addresses of push services are looked for on every page of the panel, whoever makes
it: the walk goes over all addresses that the URL resolver knows. Nobody's token, hash or key of a
link is there either.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from django.apps import apps
from django.core.cache import cache
from django.db.models import Model
from django.test import Client
from django.utils import timezone

from journal.models import Resource
from mail import drafts, invitations
from mail.drafts import Content, Mark
from mail.login_links import make_link
from mail.models import Contact, Draft, Invitation, Letter, PushSubscription
from mail.send import send
from nodes.models import Account, ContactRequest, LoginLink, SealedKey
from nodes.owners import make_owner
from sdmp.letter import Attachment
from tests.hostile.test_pages import Page, pages
from tests.mail.conftest import PASSWORD, House
from tests.mail.conftest import house as house
from tests.mail.test_push import subscribe

MARK: Final = "Zwiebelkuchen"
"""In all that is somebody's own."""
_ROWS: Final = 4  # of each table, whose pages are opened
_SHAPE: Final = re.compile(r"=.*|[0-9]+|[A-Za-z0-9_-]{40,}")
_LINK: Final = re.compile(r'(?:href|src|action|hx-get)="([^"]+)"')


@pytest.fixture
def secrets(house: House) -> list[str]:
    """Write the mark into all that is private, and give whatever else must not be shown."""
    cache.clear()
    make_owner(house.alice)
    for one, other in ((house.alice, house.bob), (house.bob, house.alice)):
        files = [Attachment(f"{MARK}.png", "image/png", b"\x89PNG" + MARK.encode())]
        content = Content((str(other.fingerprint),), f"{MARK} typed", MARK, f"{MARK} drafted")
        key = drafts.save(one, content, Mark()).key
        drafts.add_file(one, key, files[0])
        Contact.objects.filter(account=one).update(name=f"{MARK} {one.username}", how_checked=MARK)
        subscribe(one, f"https://push.example/{MARK}/{one.username}")
    house.write(title=f"{MARK} title", body=f"{MARK} body", attachments=files)
    send(house.bob, to=[], title=f"{MARK} notice", body=f"{MARK} public", notice=True)
    house.deliver()
    now, tokens = timezone.now(), []
    for kind in ("contact", "account"):
        _, token = invitations.invite(
            house.alice, kind=kind, lifetime="day", note=f"{MARK} note", now=now
        )
        tokens.append(token)
    tokens.append(make_link(house.bob, clears_factors=False, now=now))
    ContactRequest.objects.create(
        user=house.alice.fingerprint, stranger="T" * 86, node="", credentials=MARK.encode()
    )
    hashes = [
        *Invitation.objects.values_list("token_hash", flat=True),
        *LoginLink.objects.values_list("token_hash", flat=True),
        *PushSubscription.objects.values_list("endpoint_hash", flat=True),
        *Account.objects.values_list("password", flat=True),
    ]
    sealed = [bytes(each).hex() for each in SealedKey.objects.values_list("sealed", flat=True)]
    assert Letter.objects.count() >= 3
    assert Draft.objects.count() == 2
    return [MARK, *tokens, *hashes, *sealed]


@pytest.fixture
def owner(secrets: list[str]) -> Client:
    """Alice's browser, just signed in."""
    client = Client()
    client.post("/account/login/", {"login": "alice", "password": PASSWORD})
    return client


def _first_rows(model: type[Model]) -> list[Any]:
    return list(model._default_manager.order_by("pk").values_list("pk", flat=True)[:_ROWS])


def _addresses(page: Page) -> Iterator[str]:
    """Give the addresses of a page: with the keys of rows of its table, else of accounts."""
    keys = page.keys
    if not keys:
        yield page.at({})
        return
    table = page.name.removeprefix("admin:").rpartition("_")[0]
    models = {m._meta.label_lower.replace(".", "_"): m for m in apps.get_models()}
    rows: list[Any] = _first_rows(models.get(table, Account)) or [1]
    if "peer_key" in keys or "trust_key" in keys:
        rows += [1, 2]
    for row in rows:
        yield page.at(dict.fromkeys(keys, row))
    for identifier in Resource.objects.values_list("identifier", flat=True)[:40]:
        if "identifier" in keys or "fingerprint" in keys:
            yield page.at(dict.fromkeys(keys, identifier))


def _shown(client: Client, address: str) -> tuple[int, str]:
    """Open a page; a redirect is followed within the panel."""
    answer = client.get(address)
    for _ in range(3):
        place = answer.headers.get("Location", "")
        if answer.status_code != 302 or not urlsplit(place).path.startswith("/admin/"):
            break
        answer = client.get(place)
    return answer.status_code, answer.getvalue().decode(errors="replace")


def test_no_page_of_the_panel_shows_what_is_somebodys_own(
    house: House, secrets: list[str], owner: Client
) -> None:
    opened, shown = 0, set()
    walk = [page for page in pages(admin=True) if page.name.startswith("admin:")]
    assert len(walk) > 20
    for page in walk:
        for address in _addresses(page):
            status, text = _shown(owner, address)
            opened += status == 200
            shown |= {(page.name, secret) for secret in secrets if secret in text}
            assert status < 500, page.name
    assert shown == set()
    assert opened > 20


def test_what_its_pages_link_to_shows_nothing_either(
    house: House, secrets: list[str], owner: Client
) -> None:
    """From the front page on, each link within the panel, to any depth."""
    ahead, seen, shown = ["/admin/"], {"/admin/"}, set()
    shapes: Counter[str] = Counter()
    while ahead:
        address = ahead.pop()
        assert len(seen) < 600, "the pages of the panel have no end"
        status, text = _shown(owner, address)
        assert status < 500, address
        shown |= {(address, secret) for secret in secrets if secret in text}
        for link in _LINK.findall(text):
            path = link.replace("&amp;", "&")
            path = f"{urlsplit(address).path}{path}" if path.startswith("?") else path
            shape = _SHAPE.sub("#", path)  # of pages that differ by a key, some are enough
            if "&" in path or "logout" in path or shapes[shape] >= _ROWS:
                continue
            if path.startswith("/admin/") and path not in seen:
                shapes[shape] += 1
                seen.add(path)
                ahead.append(path)
    assert shown == set()
    assert len(seen) > 20


def test_what_is_searched_for_finds_no_letter(
    house: House, secrets: list[str], owner: Client
) -> None:
    """Neither a word of a letter nor what somebody calls a contact is found in any list."""
    lists = [page for page in pages(admin=True) if page.name.endswith("_changelist")]
    for page in lists:
        answer = owner.get(page.at({}), {"q": MARK})
        if answer.status_code == 200 and answer.context and "cl" in answer.context:
            assert len(answer.context["cl"].result_list) == 0, page.name


def test_the_walk_finds_what_is_shown(house: House, secrets: list[str], owner: Client) -> None:
    """The mark is where it should be: on Alice's own pages."""
    assert MARK in owner.get("/mail/sent/").content.decode()
    assert MARK in owner.get("/mail/drafts/").content.decode()
    assert MARK in owner.get("/contacts/").content.decode()
