"""The pages, in the hands of a stranger and of Mallory, who has an account on the same node.

Each walk goes over all addresses that the URL resolver knows, so that a new page is covered
without being named here. Pages that are public on purpose stand in `PUBLIC`; whose key it is that
an address takes is said in `Keys.of`.
"""

from __future__ import annotations

import io
import re
import traceback
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
from django.apps import apps
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import ForeignKey, Model, OneToOneField
from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern
from django.utils import timezone

from journal.enrol import enrol
from journal.models import Resource
from mail import drafts, held, invitations, push
from mail.drafts import Content, Mark
from mail.export import Export
from mail.markdown import PARSED_LENGTH, render
from mail.models import Contact, Conversation, Draft, Held, Letter, PushSubscription
from mail.profile import save_profile
from nodes.errors import UserError
from nodes.models import Account, ContactRequest, LocalNode
from sdmp.encoding import b64
from sdmp.letter import Attachment
from tests.mail.conftest import PASSWORD, House
from tests.mail.conftest import browse as browse
from tests.mail.conftest import house as house
from tests.support.nodes import ROOT

Browse = Callable[[Account], Client]

LOGIN: Final = "/account/login/"
DOORS: Final = (LOGIN, "/admin/")
PUBLIC: Final = {
    *(
        "health",
        "healthz",
        "readyz",
        "mail:public_card",
        "mail:worker",
        "mail:manifest",
        "mail:home",
    ),
    *("mail:guest", "mail:guest_recover", "mail:new_password"),
    *("mail:welcome", "mail:welcome_name", "mail:welcome_recover"),
}
SILENT: Final = {"mail:notice": 403, "mail:notice_latest": 403, "metrics": 404}
"""Asked by scripts and machines: a stranger gets this status and no page."""
CACHED: Final = {"health", "mail:worker", "mail:manifest", "mail:picture"}
"""What a browser may keep, since it is nobody's, or is said to be private."""

EVIL: Final = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>"
SECRET: Final = "Alices-own-word"
PNG: Final = b"\x89PNG\r\n\x1a\n" + bytes(16)
_KEY: Final = re.compile(r"<(?:(\w+):)?(\w+)>")


@pytest.fixture(autouse=True)
def nothing_failed() -> None:
    """Stand in for the fixture of that name: these tests need no node that runs."""
    cache.clear()  # the counts of attempts


# --- All there is ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Page:
    """An address of the resolver; `keys` names what is to be filled in."""

    name: str
    route: str

    @property
    def keys(self) -> list[str]:
        return [name for _, name in _KEY.findall(self.route)]

    @property
    def ours(self) -> bool:
        """Whether it is a page of this project, not of Django's or allauth's."""
        return self.name.startswith("mail:")

    def at(self, values: Mapping[str, object]) -> str:
        """The address with its keys filled in."""
        return "/" + _KEY.sub(lambda found: str(values[found[2]]), self.route)


def _walk(patterns: list[Any], prefix: str = "", space: str = "") -> Iterator[Page]:
    for item in patterns:
        if isinstance(item, URLResolver):
            inner = f"{item.namespace}:" if item.namespace else space
            yield from _walk(item.url_patterns, prefix + str(item.pattern), inner)
        elif isinstance(item, URLPattern) and isinstance(item.pattern, RoutePattern):
            yield Page(f"{space}{item.name}", prefix + str(item.pattern))


def pages(*, admin: bool = False) -> list[Page]:
    """All pages of the node, the admin's only when asked for."""
    found = list(_walk(get_resolver().url_patterns))
    assert len(found) > 150
    return [page for page in found if admin or not page.name.startswith("admin:")]


def fields() -> list[str]:
    """The names of all that views and forms read of a request."""
    sources = [*(ROOT / "mail" / "views").glob("*.py"), *(ROOT / "mail").glob("forms*.py")]
    text = "\n".join(Path(source).read_text() for source in sources)
    found = set(re.findall(r'(?:POST|GET)\.get(?:list)?\(\s*"(\w+)"', text))
    found |= set(re.findall(r"^    (\w+) = forms\.\w+", text, re.MULTILINE))
    found |= set(re.findall(r'"(\w+)" (?:not )?in request\.', text))
    found |= {*_IN_OTHER_WORDS, "login", "password", "next", "code", "places", "let_in"}
    assert {"do", "thread", "names", "before", "draft", "reply"} <= found
    return sorted(found - {"csrfmiddlewaretoken"})


_IN_OTHER_WORDS: Final = (
    *("draft", "revision", "turn", "id", "kind", "thread"),  # read by a loop over names
    *("seen", "found", "total", "unreadable", "removed"),
)


@dataclass(frozen=True)
class Keys:
    """The keys of what Alice has, each of which is nobody else's."""

    letter: int
    thread: int
    draft: int
    file: int
    invitation: int
    token: str
    held: int
    subscription: int
    passkey: int
    contact: str

    def of(self, page: Page) -> dict[str, Any]:
        """What an address of hers is filled in with; a new kind of key has to be said here."""
        first = page.route.partition("/")[0]
        own = {
            "undo": self.held,
            "search": self.letter,
            "write": self.draft,
            "invitations": self.invitation,
            "settings": self.subscription,
            "mail": self.letter,
        }
        values: dict[str, Any] = {
            "thread": self.thread,
            "file": self.file,
            "index": 0,
            "slug": "inbox",
            "kind": "contact",
            "fingerprint": self.contact,
            "token": self.token,
            "pk": self.passkey,
            "content_type_id": 1,
            "object_id": 1,
        }
        return {name: own[first] if name == "key" else values[name] for name in page.keys}

    def as_fields(self) -> dict[str, Any]:
        """The same, for every field of a form that may name one of them."""
        return {
            **dict.fromkeys(("letter", "reply", "forward", "after", "before"), self.letter),
            **dict.fromkeys(("thread", "open", "from", "earlier"), self.thread),
            **dict.fromkeys(("to", "by", "let_in", "without", "chosen", "user"), self.contact),
            "draft": self.draft,
            "places": f"{self.thread}.b",
            "id": f"letter-{self.letter}",
            "kind": "letter",
        }


_NONE: Final = 10**9
NOBODYS: Final = Keys(_NONE, _NONE, _NONE, _NONE, _NONE, "x" * 32, _NONE, _NONE, _NONE, "x" * 86)


def furnish(house: House) -> Keys:
    """Give Alice one of each, with names that are made to break pages."""
    alice, bob = house.alice, house.bob
    LocalNode.objects.update(name=f"hearth {EVIL}"[:200])
    save_profile(bob, f"Bob {EVIL}", EVIL, now=timezone.now())
    Contact.objects.filter(account=alice).update(name=f"Bob {EVIL}", let_in=timezone.now())
    Contact.objects.filter(account=bob).update(let_in=timezone.now())
    files = [Attachment(f'a"b/../..\\{EVIL}\u202e.png', "image/png", PNG)]
    house.write(title=f"Title {EVIL}", body=f"{SECRET} {EVIL}", attachments=files)
    letter = Letter.objects.get(account=alice)
    kept = Content((str(bob.fingerprint),), EVIL, f"Title {EVIL}", f"{SECRET} {EVIL}")
    draft = drafts.save(alice, kept, Mark()).key
    file = drafts.add_file(alice, draft, files[0])
    assert file is not None
    now = timezone.now()
    invitation, token = invitations.invite(
        alice, kind="contact", lifetime="day", note=EVIL, now=now
    )
    waiting = held.hold(alice, Held.Kind.WITHDRAW, str(bob.fingerprint), now=now)
    assert waiting is not None
    push.subscribe(alice, "https://push.example/1", b64(b"\4" + bytes(64)), b64(bytes(16)))
    stranger = "S" * 86
    Contact.objects.create(account=alice, user=stranger, name=f"{SECRET} {EVIL}")
    ContactRequest.objects.create(
        user=alice.fingerprint, stranger="T" * 86, node="", credentials=b"[]"
    )
    return Keys(
        letter.pk, letter.conversation_id, draft, file.key, invitation.pk, token, waiting.pk,
        PushSubscription.objects.get().pk, 1, stranger,
    )  # fmt: skip


def failure(answer: HttpResponseBase) -> str:
    """Say what went wrong where, for an answer that should never have come."""
    raised = getattr(answer, "exc_info", None)
    if raised is None:
        return str(answer.status_code)
    lines = traceback.extract_tb(raised[2])
    ours = [line for line in lines if line.filename.startswith(f"{ROOT}/")]
    last = [line for line in ours if ".venv" not in line.filename][-1:] or lines[-1:]
    return f"{raised[1]!r:.100} at {last}"


def lacking(answer: HttpResponseBase) -> list[str]:
    """Name the headers that an answer should have and has not."""
    wanted = {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "X-Frame-Options": "DENY",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    missing = [name for name, value in wanted.items() if answer.headers.get(name) != value]
    policy = answer.headers.get("Content-Security-Policy", "")
    strict = "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    return missing if strict and "unsafe" not in policy else [*missing, f"policy {policy!r}"]


# --- A stranger -----------------------------------------------------------------------------


def test_a_stranger_gets_no_further_than_the_door(house: House) -> None:
    client, wrong = Client(), []
    client.raise_request_exception = False
    keys = furnish(house)
    for page in pages(admin=True):
        path = page.at(keys.of(page) if page.ours else dict.fromkeys(page.keys, 1))
        for method in ("get", "post", "put", "delete"):
            answer = getattr(client, method)(path)
            shut = answer.status_code in (302, 405) and (
                answer.status_code == 405 or answer.headers["Location"].startswith(DOORS)
            )
            silent = SILENT.get(page.name) == answer.status_code
            open_ = page.name in PUBLIC or page.name.startswith(("account_", "mfa_"))
            if not (shut or silent or (open_ and answer.status_code < 500)):
                wrong.append((page.name, method, answer.status_code))
            if SECRET.encode() in answer.content or lacking(answer):
                wrong.append((page.name, method, lacking(answer)))
    assert wrong == []


def test_forms_need_their_token_everywhere(house: House, browse: Browse) -> None:
    """The one exception is a node that leaves a card, in a type that no form can send."""
    keys = furnish(house)
    client = Client(enforce_csrf_checks=True)
    client.cookies = browse(house.alice).cookies
    for page in pages(admin=True):
        path = page.at(keys.of(page) if page.ours else dict.fromkeys(page.keys, 1))
        assert client.post(path).status_code in (403, 405), page.name


def test_error_pages_are_as_strict(house: House) -> None:
    client = Client(raise_request_exception=False)
    for path, headers in (
        ("/nowhere", {}),
        ("/invite/x", {"Accept": "text/html"}),
        (LOGIN, {"Host": "evil.example"}),
    ):
        answer = client.get(path, headers=headers)
        assert answer.status_code in (400, 404), path
        assert lacking(answer) == [], path
        assert b"evil.example" not in answer.content


ELSEWHERE: Final = (
    "https://evil.example",
    "//evil.example",
    "/\\evil.example",
    "javascript:alert(1)",
    "http://[",
)


def test_nobody_is_sent_elsewhere(house: House, browse: Browse) -> None:
    client = browse(house.alice)
    for elsewhere in ELSEWHERE:
        given = {"next": elsewhere, "back": elsewhere}
        headers = {"Referer": elsewhere, "HX-Current-URL": elsewhere}
        for path in (LOGIN, "/account/reauthenticate/", "/undo/9/", "/ends/aside/"):
            for answer in (
                client.get(path, given, headers=headers),
                client.post(path, given, headers=headers),
            ):
                assert "evil" not in answer.headers.get("Location", "")
                assert "javascript" not in answer.headers.get("Location", "")
        signed = Client().post(LOGIN, {"login": "alice", "password": PASSWORD, "next": elsewhere})
        assert signed.status_code == 302
        assert signed.headers["Location"] == "/"


def test_signing_in_and_out(house: House) -> None:
    """A sign-in begins a new session, and its end ends it for whoever has the cookie."""
    client = Client()
    client.cookies["session"] = "planted0planted0planted0planted0"
    client.post(LOGIN, {"login": "alice", "password": PASSWORD})
    [session] = [cookie.value for name, cookie in client.cookies.items() if "session" in name]
    assert "planted" not in session
    thief = Client()
    thief.cookies["session"] = session
    assert thief.get("/mail/inbox/").status_code == 200
    client.post("/account/logout/")
    assert thief.get("/mail/inbox/").headers["Location"].startswith(LOGIN)


def test_who_has_an_account_is_not_told(house: House) -> None:
    """Neither the words nor the status tell a wrong name from a wrong password."""
    said = []
    for name in ("alice", "alicf", "echo"):
        answer = Client().post(LOGIN, {"login": name, "password": "a wrong password 7"})
        text = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", answer.content.decode())
        said.append((answer.status_code, text.replace(name, "NAME")))
    assert said[0] == said[1] == said[2]


# --- Nonsense -------------------------------------------------------------------------------

JUNK: Final = ("9" * 4400, "0001-01-01T00:00:00+14:00_1", "http://[", "\0\u0661\U0001f4a9\r\nX: y")
NOT_OURS: Final = {"account_logout", "mail:leave", "mfa_reauthenticate_webauthn"}
"""The first two end the walk; of the third allauth says itself that it cannot read nonsense."""


def test_nonsense_never_fails(house: House, browse: Browse) -> None:
    """Each page gets each piece of nonsense, as a key, in all fields at once, and in headers."""
    keys, wrong = furnish(house), set()
    account, stranger = browse(house.alice), Client()
    account.raise_request_exception = stranger.raise_request_exception = False
    nonsense = {junk: urlencode(dict.fromkeys(fields(), junk)) for junk in JUNK}
    for page in pages():
        if page.name in NOT_OURS:
            continue
        own = keys.of(page) if page.ours else dict.fromkeys(page.keys, 1)
        for junk in JUNK:
            given = nonsense[junk]
            path = urlencode({"": junk})[1:]
            bad = page.at(dict.fromkeys(own, path))
            form = "application/x-www-form-urlencoded"
            headers = {"Referer": junk, "HX-Target": junk[:9], "HX-Request": "true"}
            ascii_ = junk.isascii() and junk.isprintable() and len(junk) < 999
            for answer in (
                *([account.get(bad)] if own else []),
                account.get(f"{page.at(own)}?{given}"),
                account.post(
                    page.at(own), given, content_type=form, headers=headers if ascii_ else {}
                ),
                *(
                    []
                    if page.ours and page.name not in PUBLIC
                    else [stranger.post(page.at(own), given, content_type=form)]
                ),
            ):
                if answer.status_code >= 500:
                    wrong.add((page.name, failure(answer)))
    assert wrong == set()


def test_nonsense_around_a_request_never_fails(house: House, browse: Browse) -> None:
    client = browse(house.alice)
    for zone in ("Europe", "x" * 300, "%00", "../../etc/passwd"):
        client.cookies["zone"] = zone
        assert client.get("/mail/inbox/").status_code == 200
    for name in ("phrase", "invitation", "messages", "csrf"):
        client.cookies[name] = "A" * 50
        assert client.get("/invitations/").status_code == 200
        assert client.get("/welcome/words/").status_code in (200, 302)
    body = b'--x\r\nContent-Disposition: form-data; name="body"\r\n\r\n\\ud800\r\n--x--\r\n'
    strange = "multipart/form-data; boundary=x; charset=unicode_escape"
    for path in ("/write/save/", LOGIN):
        assert client.generic("POST", path, body, strange).status_code == 400
    many = " ".join(f"{number}.a" for number in range(1, 300_000))
    form = {"places": many, "let_in": "a " * 300_000}
    assert client.post("/mail/put-back/", form).status_code == 302
    threads = "thread=1&" * 2000
    many_fields = "application/x-www-form-urlencoded"
    assert client.post("/mail/inbox/many/", threads, many_fields).status_code == 400
    answer = client.post("/write/recipients/", {"names": "a," * 1_000_000})
    assert answer.status_code == 200


@pytest.mark.parametrize("sign", ["[", "![", "http://a", "http://a ", "*_", "a|b\n-|-\n", "//"])
def test_a_letter_cannot_keep_the_pages_busy(sign: str) -> None:
    """What takes the parser long is shown as it was written."""
    assert render(sign * (PARSED_LENGTH // len(sign))).startswith("<pre>")


# --- Mallory --------------------------------------------------------------------------------


def test_another_account_reaches_nothing(house: House, browse: Browse) -> None:
    """Each page is asked with Alice's keys in its address and in all fields that it may read.

    The answer is that for a key which nobody has, and Alice's rows stay as they are.
    """
    keys = furnish(house)
    mallory = enrol("mallory", name="Mallory", password=PASSWORD).account
    client, was = browse(mallory), belongings(house.alice)
    wrong: list[Any] = []
    client.raise_request_exception = False
    more = {
        **dict.fromkeys(fields(), "1"),
        "is_staff": "1",
        "is_superuser": "1",
        "account": house.alice.pk,
        "is_echo": "1",
        "username": "alice",
        "fingerprint": house.alice.fingerprint,
        "mode": "host",
    }
    for page in pages():
        if page.name == "account_logout" or page.keys == ["token"]:
            continue  # whoever has the link of an invitation may use it
        answers = []
        for tried in (keys, NOBODYS):
            path = page.at(tried.of(page) if page.ours else {"pk": tried.passkey})
            given = {**more, **tried.as_fields(), "do": "delete"}
            for answer in (client.get(path, given), client.post(path, given)):
                text = b"" if answer.streaming else answer.content
                if SECRET.encode() in text or answer.status_code >= 500:
                    wrong.append((page.name, failure(answer)))
                answers.append((answer.status_code, _kind(answer)))
        if page.keys and page.keys != ["slug"] and answers[:2] != answers[2:]:
            wrong.append((page.name, answers))
    assert wrong == []
    assert belongings(house.alice) == was
    mallory.refresh_from_db()
    assert {mallory.is_staff, mallory.is_superuser, mallory.is_echo} == {False}
    assert (mallory.username, mallory.mode) == ("mallory", Account.Mode.FULL)


def _kind(answer: HttpResponseBase) -> str:
    """Where an answer leads, without keys."""
    place = answer.headers.get("Location", "").partition("?")[0]
    return re.sub(r"[0-9]+|[\w-]{32,}", "…", place)


def belongings(account: Account) -> dict[str, list[Any]]:
    """All rows that belong to an account, whichever way they lead to it."""
    found: dict[str, list[Any]] = {
        "account": list(Account.objects.filter(pk=account.pk).values_list()),
        "requests": list(ContactRequest.objects.filter(user=account.fingerprint).values_list()),
        "resources": list(Resource.objects.filter(author=account.fingerprint).values_list()),
    }
    for model in apps.get_models():
        if (way := _way_to_account(model)) and model._meta.app_label in ("mail", "mfa", "nodes"):
            found[model.__name__] = list(
                model._default_manager.filter(**{way: account}).order_by("pk").values_list()
            )
    assert {"Draft", "DraftFile", "Letter", "Conversation", "PushSubscription"} <= found.keys()
    return found


def _way_to_account(model: type[Model], depth: int = 2) -> str:
    for field in model._meta.get_fields():
        if isinstance(field, ForeignKey | OneToOneField):
            target = field.related_model
            if target is Account:
                return field.name
            inner = _way_to_account(target, depth - 1) if depth and target is not model else ""
            if inner and isinstance(target, type):
                return f"{field.name}__{inner}"
    return ""


def test_names_of_others_are_only_names(house: House, browse: Browse) -> None:
    """No page makes HTML of what others have chosen, and no browser keeps what is Alice's."""
    keys, wrong = furnish(house), []
    client = browse(house.alice)
    bob = str(house.bob.fingerprint)
    Letter.objects.update(read=False)
    Conversation.objects.update(unread=1)
    shown = 0
    for page in pages():
        if page.name == "account_logout":
            continue
        for contact in (keys.contact, bob):
            values: dict[str, Any] = keys.of(page) if page.ours else {"pk": keys.passkey}
            values |= {"fingerprint": contact} if "fingerprint" in values else {}
            answer = client.get(page.at(values), {"q": EVIL, "names": EVIL, "about": EVIL})
            text = answer.content.decode("utf-8", "replace")
            kept = "no-store" not in answer.headers.get("Cache-Control", "")
            if kept and page.name not in CACHED and answer.status_code == 200:
                wrong.append((page.name, "is kept"))
            if answer.headers.get("Content-Type", "").startswith("text/html"):
                shown += "script&gt;alert(1)" in text
                if "<script>alert" in text or "<img src=x" in text or "\"'><" in text:
                    wrong.append((page.name, "is fooled"))
            elif lacking(answer) and answer.status_code == 200:
                policy = answer.headers.get("Content-Security-Policy", "")
                if "sandbox" not in policy:
                    wrong.append((page.name, "is not strict"))
    assert wrong == []
    assert shown > 30  # or the names would not have been there


def test_files_stay_where_they_are_saved(house: House) -> None:
    furnish(house)
    files = [Attachment(name, "text/plain", b"x") for name in ("../../up", "/etc/up", "..", "a\0b")]
    house.write(title="../../../up", attachments=files)
    pieces = Export(house.alice, timezone.now(), ZoneInfo("UTC")).pieces()
    with zipfile.ZipFile(io.BytesIO(b"".join(pieces))) as archive:
        names = archive.namelist()
    assert len([name for name in names if name.startswith("letters/")]) > 6
    for name in names:
        assert not name.startswith("/")
        assert not {"..", ".", ""} & set(name.split("/")), name
        assert name.isprintable(), name
        assert not set('\\:*?"<>|') & set(name), name


def test_room_for_drafts_counts_all_that_they_hold(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither copies of files nor recipients that are none get past the limit."""
    monkeypatch.setattr(drafts, "BYTES_PER_ACCOUNT", 20_000)
    first = drafts.save(house.alice, Content(title="one"), Mark())
    drafts.add_file(house.alice, first.key, Attachment("a", "text/plain", bytes(8_000)))
    drafts.save(house.alice, Content(title="two"), Mark(first.key, revision=9))
    with pytest.raises(UserError, match="Your drafts hold"):
        drafts.save(house.alice, Content(title="three"), Mark(first.key, revision=9))
    with pytest.raises(UserError, match="Your drafts hold"):
        drafts.save(house.alice, Content(to=("x" * 8_000,)), Mark())
    assert Draft.objects.count() == 2


def test_an_uploaded_name_is_only_a_name(house: House, browse: Browse) -> None:
    client = browse(house.alice)
    key = drafts.save(house.alice, Content(title="t"), Mark()).key
    file = SimpleUploadedFile("x", b"y", "text/html; charset=x")
    file.name = EVIL
    answer = client.post(f"/write/{key}/files/", {"file": file})
    assert answer.status_code == 201
    assert "<script>" not in answer.content.decode()
    assert "alert(1)" in unescape(answer.content.decode())


def test_nul_is_refused_wherever_it_stands(client: Client, db: None) -> None:
    """A database of the grown shape refuses it, in the middle of the work."""
    assert client.get("/card/%00").status_code == 400
    assert client.get("/account/login/?next=%00").status_code == 400
    for form in ({"login": "a\0"}, {"a\0": "b"}):
        assert client.post("/account/login/", form).status_code == 400
    assert client.get("/account/login/").status_code == 200
