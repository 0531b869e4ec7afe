"""The contact that answers by itself."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone, translation

from mail import echo, selectors
from mail.cards import public_card
from mail.contacts import withdraw
from mail.models import Contact, Letter
from mail.opening import open_waiting
from mail.sealing import open_text
from mail.send import send
from nodes.models import Account
from nodes.setup import owner_link
from tests.mail.conftest import House


def settle() -> None:
    """Open and answer what is on its way."""
    while open_waiting() + echo.answer_waiting():
        pass


@pytest.fixture
def greeted(house: House) -> House:
    """The house, whose accounts have met Echo."""
    echo.greet(house.alice)
    echo.greet(house.bob)
    house.deliver()
    return house


def letters(account: Account, thread: str | None = None) -> list[selectors.LetterView]:
    """The letters of an account and Echo."""
    found = thread or echo.thread_with(account)
    return selectors.conversation(account, found) if found else []


def test_there_is_one_and_everybody_knows_it(greeted: House) -> None:
    account = Account.objects.get(is_echo=True)
    assert account.username == "echo"
    assert not account.has_usable_password()
    assert account.recovery_kit == ""
    for person in (greeted.alice, greeted.bob):
        contact = Contact.objects.get(account=person, user=account.fingerprint)
        assert contact.name == "Echo"
        assert contact.let_in is not None
        echo.greet(person)
    assert Account.objects.filter(is_echo=True).count() == 1
    assert Contact.objects.filter(user=account.fingerprint).count() == 2
    assert public_card(str(account.fingerprint)) is None


def test_nobody_signs_in_as_echo(greeted: House) -> None:
    for password in ("", "echo", "!"):
        answer = Client().post("/account/login/", {"login": "echo", "password": password})
        assert answer.status_code == 200  # the form again


def test_it_is_no_first_account(db: None) -> None:
    Account.objects.create(username="echo", is_echo=True)
    assert owner_link() is not None


def test_it_receipts_and_answers_once(greeted: House) -> None:
    echo.say_hello(greeted.alice)
    settle()
    mine, answer = letters(greeted.alice)
    assert [delivery.state for delivery in mine.deliveries] == ["received"]
    assert answer.title == "Your message arrived"
    assert "signed a receipt" in answer.body
    assert answer.author.name == "Echo"
    settle()
    Letter.objects.filter(account__is_echo=True).update(read=True)
    settle()
    assert len(letters(greeted.alice)) == 2
    assert letters(greeted.bob) == []


def test_what_was_not_answered_before_a_kill_is_answered_after_it(
    greeted: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    echo.say_hello(greeted.alice)
    open_waiting()

    def die(*_: object, **__: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(echo, "send", die)
    with pytest.raises(KeyboardInterrupt):
        echo.answer_waiting()
    monkeypatch.undo()
    assert len(letters(greeted.alice)) == 1
    settle()
    assert len(letters(greeted.alice)) == 2


def test_it_answers_in_the_readers_language_and_repeats_nothing(
    greeted: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoken: list[str | None] = []
    words = echo._words

    def listen() -> str:
        spoken.append(translation.get_language())
        return words()

    monkeypatch.setattr(echo, "_words", listen)
    monkeypatch.setattr("django.conf.settings.LANGUAGES", [("en", "English"), ("de", "Deutsch")])
    Account.objects.filter(pk=greeted.alice.pk).update(language="de")
    Account.objects.filter(pk=greeted.bob.pk).update(language="xx")
    for person in (greeted.alice, greeted.bob):
        send(
            person, to=[str(echo.fingerprint())], title="<script>", body="[x](javascript:1) secret"
        )
        settle()
        answer = letters(person)[-1]
        assert "secret" not in answer.body + answer.title
        assert "script" not in answer.body + answer.title
    assert spoken == ["de", "en"]


def test_it_keeps_nothing_of_what_it_was_written(greeted: House) -> None:
    echo.say_hello(greeted.alice)
    settle()
    [kept] = Letter.objects.filter(account__is_echo=True, outgoing=False)
    assert open_text(kept.sealed_body) == ""


def test_it_answers_no_notice(greeted: House) -> None:
    send(greeted.alice, to=[], body="To all", notice=True)
    settle()
    assert letters(greeted.alice) == []
    assert not Letter.objects.filter(account=greeted.alice, outgoing=False).exists()


def test_it_answers_so_often_and_no_more(greeted: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(echo, "ANSWERS_PER_HOUR", 2)

    def answers() -> int:
        return Letter.objects.filter(account=greeted.alice, outgoing=False).count()

    for _ in range(4):
        echo.say_hello(greeted.alice)
        settle()
    assert answers() == 2
    echo.say_hello(greeted.bob)  # counted for each by itself
    settle()
    assert Letter.objects.filter(account=greeted.bob, outgoing=False).count() == 1
    echo.say_hello(greeted.alice)
    open_waiting()
    echo.answer_waiting(timezone.now() + timedelta(hours=1, minutes=1))
    settle()
    assert answers() == 3


def test_one_who_withdrew_gets_no_answer(
    greeted: House, browse: Callable[[Account], Client]
) -> None:
    withdraw(greeted.alice, str(echo.fingerprint()))
    assert browse(greeted.alice).get("/welcome/first/").status_code == 200
    settle()
    assert letters(greeted.alice) == []


def test_a_host_has_no_echo(house: House) -> None:
    house.alice.mode = Account.Mode.HOST
    echo.greet(house.alice)
    assert echo.fingerprint() is None
