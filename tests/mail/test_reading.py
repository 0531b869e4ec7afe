"""What of a conversation is open, and what is folded."""

from typing import Any

import pytest

from mail import reading, sealing, selectors
from mail.flags import mark_read
from mail.models import Conversation, Letter
from mail.reading import ConversationView, open_conversation
from mail.send import send
from sdmp.resource import uri
from tests.mail.conftest import Take
from tests.support.cast import ALICE, BOB, CAROL
from tests.support.world import World, letter_to


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The sealed bodies that were opened."""
    bodies: list[Any] = []
    true = sealing.open_text

    def note(sealed: bytes) -> str:
        bodies.append(sealed)
        return true(sealed)

    monkeypatch.setattr(selectors, "open_text", note)
    return bodies


def conversation_of(world: World, take: Take, number: int) -> str:
    """Let Bob write so many letters of one conversation, all read."""
    first = letter_to(ALICE, title="Long", text="Letter 0")
    at = uri(BOB.fingerprint, first.identifier)
    rest = [letter_to(ALICE, text=f"Letter {n}", in_reply_to=at) for n in range(1, number)]
    take(first, *rest)
    key = str(Conversation.objects.get().pk)
    mark_read(world.alice, key)
    return key


def view(world: World, key: str, **options: Any) -> ConversationView:
    found = open_conversation(world.alice, key, **options)
    assert found is not None
    return found


def bodies(found: ConversationView) -> list[str]:
    return [line.letter.body if line.letter else "" for line in found.lines]


def keys() -> list[str]:
    return [str(key) for key in Letter.objects.order_by("id").values_list("pk", flat=True)]


def test_a_short_conversation_stands_as_lines_and_its_last_letter(world: World, take: Take) -> None:
    found = view(world, conversation_of(world, take, 3))
    assert bodies(found) == ["", "", "Letter 2"]
    assert [line.text for line in found.lines][:2] == ["Letter 0", "Letter 1"]
    assert (found.title, found.earlier) == ("Long", None)
    assert found.latest is not None


def test_many_older_letters_are_behind_one_button(world: World, take: Take) -> None:
    key = conversation_of(world, take, 9)
    found = view(world, key)
    assert bodies(found) == ["Letter 8"]
    assert found.earlier is not None
    assert (found.earlier.count, found.earlier.before) == (8, keys()[8])
    assert [person.name for person in found.earlier.people] == ["Bob"]
    before = reading.earlier_letters(world.alice, key, found.earlier.before)
    assert before is not None
    assert before[0] is None
    assert [line.text for line in before[1]] == [f"Letter {n}" for n in range(8)]
    shown = view(world, key, before=found.earlier.before)
    assert (len(shown.lines), shown.earlier) == (9, None)


def test_no_body_is_opened_that_is_not_shown(world: World, take: Take, opened: list[Any]) -> None:
    key = conversation_of(world, take, 30)
    view(world, key)
    assert len(opened) == 1
    reading.earlier_letters(world.alice, key, keys()[-1])
    assert len(opened) == 1


def test_what_is_unread_is_open(world: World, take: Take) -> None:
    key = conversation_of(world, take, 8)
    Letter.objects.filter(pk__in=keys()[5:7]).update(read=False)
    found = view(world, key)
    assert bodies(found) == ["Letter 5", "Letter 6", "Letter 7"]
    assert [line.unread for line in found.lines] == [True, True, False]
    Letter.objects.update(read=False)
    Conversation.objects.update(unread=8)
    assert view(world, key).unread


def test_what_one_answered_is_open_beside_the_answer(world: World, take: Take) -> None:
    key = conversation_of(world, take, 4)
    thread = Conversation.objects.get().thread
    send(world.alice, to=[BOB.fingerprint], body="Mine", reply_to=thread)
    assert bodies(view(world, key)) == ["Letter 3", "Mine"]


def test_a_wanted_letter_is_open_and_what_was_shown_stays(world: World, take: Take) -> None:
    key = conversation_of(world, take, 8)
    wanted = keys()[3]
    found = view(world, key, wanted=[wanted, "x", "999999"])
    assert bodies(found) == ["Letter 3", "", "", "", "Letter 7"]
    again = view(world, key, first=keys()[0])
    assert len(again.lines) == 8


def test_letters_that_came_after_one(world: World, take: Take) -> None:
    key = conversation_of(world, take, 3)
    newer = reading.newer_letters(world.alice, key, keys()[0])
    assert [line.letter.body for line in newer if line.letter] == ["Letter 1", "Letter 2"]
    assert reading.newer_letters(world.alice, key, keys()[-1]) == []
    assert reading.newer_letters(world.alice, key, "x") == []
    assert reading.newer_letters(world.alice, key, "999999") == []


def test_one_letter_open_and_folded(world: World, take: Take) -> None:
    conversation_of(world, take, 1)
    one = reading.one_letter(world.alice, keys()[0])
    assert one is not None
    assert one.letter is not None
    folded = reading.one_letter(world.alice, keys()[0], folded=True)
    assert folded is not None
    assert (folded.letter, folded.text) == (None, "Letter 0")


def test_nothing_of_another_account_is_opened(world: World, take: Take) -> None:
    key = conversation_of(world, take, 2)
    carol = world.enrol(CAROL)
    assert open_conversation(carol, key) is None
    assert reading.earlier_letters(carol, key, keys()[1]) is None
    assert reading.newer_letters(carol, key, keys()[0]) == []
    assert reading.one_letter(carol, keys()[0]) is None
    assert selectors.about_letter(carol, keys()[0]) is None
    assert selectors.marks(carol, key) is None
