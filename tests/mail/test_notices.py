"""Who is told of what, and in which words."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone, translation

from mail import notices
from mail.models import Contact, Conversation, Letter, PushSubscription
from mail.send import send
from nodes.models import Account
from tests.mail.conftest import House

Browse = Callable[[Account], Client]


@pytest.fixture(autouse=True)
def afresh() -> None:
    """Nothing was told before."""
    cache.clear()


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str, str]]:
    """What was told: account, kind and conversation; pages hear of it as it is told."""
    heard: list[tuple[int, str, str]] = []

    def tell(account_id: int, event: str, **about: str) -> None:
        assert event == "notice"
        assert about.keys() == {"id", "kind", "thread"}
        heard.append((account_id, about["kind"], about["thread"]))

    monkeypatch.setattr(notices, "tell", tell)
    return heard


def thread(account: Account) -> str:
    """The key of the account's one conversation."""
    return str(Conversation.objects.get(account=account).pk)


def test_who_receives_is_told_and_who_sends_is_not(
    house: House, told: list[tuple[int, str, str]]
) -> None:
    house.write()
    assert told == [(house.bob.pk, "letter", thread(house.bob))]


def test_who_wants_no_notifications_is_not_told(
    house: House, told: list[tuple[int, str, str]]
) -> None:
    Account.objects.update(notify=Account.Notify.NONE)
    house.write()
    assert told == []


def test_what_waits_is_not_told(house: House, told: list[tuple[int, str, str]]) -> None:
    house.write()
    told.clear()
    letters = list(Letter.objects.select_related("account"))
    Conversation.objects.filter(account=house.bob).update(waiting=True)
    notices.letters_came(letters)
    assert told == []
    Conversation.objects.filter(account=house.bob).update(waiting=False)
    notices.letters_came(letters)
    assert told == [(house.bob.pk, "letter", thread(house.bob))]


def test_a_blocked_person_is_not_told_of(house: House, told: list[tuple[int, str, str]]) -> None:
    Contact.objects.filter(account=house.bob).update(blocked=timezone.now())
    house.write()
    assert told == []


def test_requests_and_echo_are_silent(house: House, told: list[tuple[int, str, str]]) -> None:
    notices.notify(house.alice, "request")
    house.alice.is_echo = True
    notices.notify(house.alice, "letter", "1")
    assert told == []


def test_many_at_once_are_told_together(house: House, told: list[tuple[int, str, str]]) -> None:
    for number in range(5):
        send(house.alice, to=[str(house.bob.fingerprint)], title=f"{number}", body="x")
    house.deliver()
    assert told == [(house.bob.pk, "letter", "")]


def test_words(house: House) -> None:
    house.write(title="Secret title", body="Secret body")
    key = thread(house.bob)
    said = notices.describe(house.bob, "letter", key)
    assert said is not None
    assert (said.title, said.body) == ("Alice Adams wrote to you", "hearth")
    assert said.url == f"/mail/inbox/{key}/"
    house.bob.notify = Account.Notify.QUIET
    said = notices.describe(house.bob, "letter", key)
    assert said is not None
    assert (said.title, said.body) == ("Something came for you on hearth", "")
    house.bob.notify = Account.Notify.NONE
    assert notices.describe(house.bob, "letter", key) is None
    assert notices.describe(house.bob, "test") is not None


def test_words_of_a_notice_and_of_an_end(house: House) -> None:
    send(house.alice, to=[], title="To all", body="x", notice=True)
    house.deliver()
    said = notices.describe(house.bob, "letter", thread(house.bob))
    assert said is not None
    assert said.title == "Alice Adams published a notice"
    assert said.url.startswith("/mail/notices/")
    ends = notices.describe(house.bob, "expiry")
    assert ends is not None
    assert ends.title == "Something of yours ends soon"


def test_what_was_read_meanwhile_or_is_another_ones(house: House) -> None:
    house.write()
    key = thread(house.bob)
    assert notices.describe(house.alice, "letter", key) is None
    Conversation.objects.filter(account=house.bob).update(waiting=True)
    assert notices.describe(house.bob, "letter", key) is None
    assert notices.latest(house.bob) is None
    for odd in ("x", "9" * 30, "-1"):
        assert notices.describe(house.bob, "letter", odd) is None
    assert notices.describe(house.bob, "request", key) is None


def test_what_a_woken_browser_learns(house: House) -> None:
    assert notices.latest(house.bob) is None
    house.write()
    said = notices.latest(house.bob)
    assert said is not None
    assert said.title == "Alice Adams wrote to you"
    house.write(title="Another")
    said = notices.latest(house.bob)
    assert said is not None
    assert (said.title, said.url) == ("Something came for you on hearth", "/mail/inbox/")
    old = timezone.now() - timedelta(days=1)
    Conversation.objects.filter(account=house.bob).update(latest=old)
    assert notices.latest(house.bob) is None
    notices.notify(house.bob, "expiry")
    said = notices.latest(house.bob)
    assert said is not None
    assert said.tag == "expiry"


def test_a_page_that_asks_has_told(house: House, browse: Browse) -> None:
    house.write()
    client = browse(house.bob)
    query = {"id": "abc", "kind": "letter", "thread": thread(house.bob)}
    answer = client.get("/settings/notice/", query)
    assert answer.json()["title"] == "Alice Adams wrote to you"
    assert cache.get(f"told-{house.bob.pk}-abc")
    assert not cache.get(f"told-{house.alice.pk}-abc")
    assert Client().get("/settings/notice/", query).status_code == 403
    assert Client().get("/settings/notice/latest/").status_code == 403
    assert client.get("/settings/notice/latest/").json()["tag"].startswith("letter-")


@pytest.mark.parametrize("page_told", [True, False])
async def test_browsers_are_pushed_unless_a_page_told(
    page_told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Any] = []
    monkeypatch.setattr(notices, "start_task", lambda *given: started.append(given))
    monkeypatch.setattr(notices, "_PATIENCE", 0.01)
    if page_told:
        notices.told(Account(pk=7), "abc")
    await notices._push_unless_told(7, "abc")
    assert started == ([] if page_told else [("mail.tasks.push", 7)])


@pytest.mark.parametrize("page_told", [True, False])
def test_what_is_told_now_takes_no_job(
    house: House, monkeypatch: pytest.MonkeyPatch, page_told: bool
) -> None:
    cache.clear()
    pushed: list[int] = []
    monkeypatch.setattr(notices, "start_task", lambda *_: pushed.append(0))
    monkeypatch.setattr(notices, "wake_browsers", pushed.append)
    monkeypatch.setattr(notices, "_PATIENCE", 0.01)
    monkeypatch.setattr("mail.notices.secrets.token_urlsafe", lambda *_: "abc")
    if page_told:
        notices.told(house.bob, "abc")
    assert notices.notify_now(house.bob, "node")  # he has no browser that could be woken
    assert pushed == ([] if page_told else [house.bob.pk])
    PushSubscription.objects.create(account=house.bob, sealed=b"", endpoint_hash="x")
    assert notices.notify_now(house.bob, "node") is page_told


def test_in_the_language_of_who_asks(house: House, browse: Browse) -> None:
    with translation.override("de"):
        assert notices.something()
    script = browse(house.bob).get("/worker.js")
    assert script["Content-Type"].startswith("text/javascript")
    assert "Something came for you on hearth" in script.content.decode()
    assert "no-cache" in script["Cache-Control"]
