"""What lists and conversations show."""

import pytest
from django.utils import timezone

from mail import selectors
from mail.flags import mark_read, move, set_starred
from mail.models import Contact, Conversation, Delivery, Letter
from mail.send import send
from nodes.peers import get_peer, note_failure
from sdmp.letter import Attachment
from sdmp.resource import uri
from tests.mail.conftest import Take
from tests.support.cast import ALICE, BOB, CAROL, DESK
from tests.support.world import (
    World,
    letter_to,
    notice,
    receipt_for,
)


def titles(world: World, folder: str = "inbox") -> list[str]:
    return [row.title for row in selectors.list_conversations(world.alice, folder, None, 50).rows]


def by_uri(world: World, sent: str) -> selectors.LetterView | None:
    row = Letter.objects.get(account=world.alice, resource__identifier=sent.rpartition("/")[2])
    return selectors.letter(world.alice, str(row.pk))


def test_the_newest_comes_first_and_pages_follow_each_other(world: World, take: Take) -> None:
    for number in range(7):
        take(letter_to(ALICE, title=str(number)))
    seen: list[str] = []
    cursor = None
    sizes = []
    while True:
        page = selectors.list_conversations(world.alice, "inbox", cursor, 3)
        seen += [row.title for row in page.rows]
        sizes.append(len(page.rows))
        cursor = page.next
        if cursor is None:
            break
    assert seen == list("6543210")
    assert sizes == [3, 3, 1]


def test_conversations_of_one_moment_are_neither_lost_nor_doubled(world: World, take: Take) -> None:
    take(*(letter_to(ALICE, title=str(number)) for number in range(5)))
    Conversation.objects.update(latest=timezone.now())
    first = selectors.list_conversations(world.alice, "inbox", None, 2)
    second = selectors.list_conversations(world.alice, "inbox", first.next, 2)
    third = selectors.list_conversations(world.alice, "inbox", second.next, 2)
    seen = [row.title for page in (first, second, third) for row in page.rows]
    assert sorted(seen) == list("01234")
    assert third.next is None


def test_a_full_last_page_has_no_next(world: World, take: Take) -> None:
    take(letter_to(ALICE, title="1"), letter_to(ALICE, title="2"))
    assert selectors.list_conversations(world.alice, "inbox", None, 2).next is None


@pytest.mark.parametrize("cursor", ["", "nonsense", "_", "2026-11-22_x", "9" * 50])
def test_a_cursor_that_is_none_shows_the_newest(world: World, take: Take, cursor: str) -> None:
    take(letter_to(ALICE, title="1"))
    page = selectors.list_conversations(world.alice, "inbox", cursor, 5)
    assert [row.title for row in page.rows] == ["1"]


def test_folders(world: World, take: Take) -> None:
    take(letter_to(ALICE, title="received"), notice(title="notice"))
    send(world.alice, to=[BOB.fingerprint], title="sent")
    assert titles(world) == ["received"]
    assert titles(world, "sent") == ["sent"]
    assert titles(world, "notices") == ["notice"]
    assert titles(world, "starred") == titles(world, "archive") == []
    key = selectors.list_conversations(world.alice, "inbox", None, 5).rows[0].thread
    set_starred(world.alice, key, True)
    move(world.alice, key, "archive")
    assert titles(world) == []
    assert titles(world, "starred") == titles(world, "archive") == ["received"]


def test_what_an_answer_makes_of_a_sent_conversation(world: World, take: Take) -> None:
    first = send(world.alice, to=[BOB.fingerprint], title="sent")
    assert titles(world) == []
    take(letter_to(ALICE, title="Re: sent", in_reply_to=first))
    assert titles(world) == titles(world, "sent") == ["Re: sent"]


def test_a_row_says_what_a_list_needs(world: World, take: Take) -> None:
    menu = Attachment("menu.pdf", "application/pdf", b"%PDF", image=False)
    take(letter_to(ALICE, title="Dinner", text="At **eight**?", attachments=(menu,)))
    [row] = selectors.list_conversations(world.alice, "inbox", None, 5).rows
    assert (row.title, row.count, row.unread, row.attachments) == ("Dinner", 1, True, True)
    assert [person.name for person in row.people] == ["Bob"]
    assert [person.own for person in row.to] == [True]
    assert "eight" in row.text
    assert not row.last_own
    assert row.deliveries == []
    again = selectors.conversation_row(world.alice, row.thread)
    assert again == row


def test_the_account_s_own_name_for_a_contact_is_shown(world: World, take: Take) -> None:
    Contact.objects.filter(user=BOB.fingerprint).update(name="Bobby")
    take(letter_to(ALICE))
    [row] = selectors.list_conversations(world.alice, "inbox", None, 5).rows
    assert [person.name for person in row.people] == ["Bobby"]


def test_a_conversation_is_opened_oldest_first(world: World, take: Take) -> None:
    first = letter_to(ALICE, text="one")
    at = uri(BOB.fingerprint, first.identifier)
    take(first)
    take(letter_to(ALICE, text="two", in_reply_to=at))
    send(world.alice, to=[BOB.fingerprint], body="three", reply_to=at)
    key = str(Conversation.objects.get().pk)
    views = selectors.conversation(world.alice, key)
    assert [view.body for view in views] == ["one", "two", "three"]
    assert [view.author.own for view in views] == [False, False, True]
    assert [view.unread for view in views] == [True, True, False]
    assert views[0].uri == at


@pytest.mark.parametrize("key", ["", "x", "-1", "0", "9" * 30, "1.5"])
def test_what_is_no_key_opens_nothing(world: World, key: str) -> None:
    assert selectors.conversation(world.alice, key) == []
    assert selectors.conversation_row(world.alice, key) is None
    assert selectors.letter(world.alice, key) is None
    assert selectors.attachment(world.alice, key, 0) is None


def test_what_belongs_to_another_account_is_not_shown(world: World, take: Take) -> None:
    carol = world.enrol(CAROL)
    take(letter_to(ALICE, attachments=(Attachment("a", "text/plain", b"x", image=False),)))
    letter = Letter.objects.get()
    assert selectors.conversation(carol, str(letter.conversation_id)) == []
    assert selectors.letter(carol, str(letter.pk)) is None
    assert selectors.attachment(carol, str(letter.pk), 0) is None
    assert list(selectors.all_letters(carol)) == []
    assert set(selectors.counts(carol).values()) == {0}


def test_a_letter_is_opened_by_its_key(world: World, take: Take) -> None:
    menu = Attachment("menu.pdf", "application/pdf", b"%PDF", image=False)
    take(letter_to(ALICE, text="Hello", attachments=(menu,)))
    row = Letter.objects.get()
    view = selectors.letter(world.alice, str(row.pk))
    assert view is not None
    assert view.uri == row.resource.uri
    assert [(file.name, file.type, file.size) for file in view.attachments] == [
        ("menu.pdf", "application/pdf", 4)
    ]
    assert selectors.attachment(world.alice, view.key, 0) == menu
    assert selectors.attachment(world.alice, view.key, 1) is None


def test_all_letters_are_listed_oldest_first(world: World, take: Take) -> None:
    take(letter_to(ALICE, text="one"))
    send(world.alice, to=[BOB.fingerprint], body="two")
    assert [view.body for view in selectors.all_letters(world.alice)] == ["one", "two"]


def unread(world: World) -> tuple[int, int]:
    found = selectors.counts(world.alice)
    return found["inbox"], found["notices"]


def test_unread_conversations_are_counted(world: World, take: Take) -> None:
    first = letter_to(ALICE, text="1")
    at = uri(BOB.fingerprint, first.identifier)
    take(first, letter_to(ALICE, text="2", in_reply_to=at), letter_to(ALICE, text="3"), notice())
    assert unread(world) == (2, 1)
    mark_read(world.alice, str(Conversation.objects.get(thread=at).pk))
    assert unread(world) == (1, 1)
    rest = Conversation.objects.get(unread=1, is_notice=False)
    move(world.alice, str(rest.pk), "archive")
    assert unread(world) == (0, 1)


def test_deliveries_tell_how_far_it_has_come(world: World, take: Take) -> None:
    sent = send(world.alice, to=[BOB.fingerprint], body="Hello")
    view = by_uri(world, sent)
    assert view is not None
    [delivery] = view.deliveries
    assert (delivery.state, delivery.at, delivery.to.name) == ("waiting", None, "Bob")
    take(receipt_for(sent.rpartition("/")[2]))
    view = by_uri(world, sent)
    assert view is not None
    [delivery] = view.deliveries
    assert delivery.state == "received"
    assert delivery.at is not None


def test_why_it_waits_is_said_in_words(world: World, take: Take) -> None:
    get_peer(DESK.fingerprint)
    note_failure(DESK.fingerprint, "nothing listens there", world.now, world.now)
    sent = send(world.alice, to=[BOB.fingerprint], body="Hello")
    view = by_uri(world, sent)
    assert view is not None
    [delivery] = view.deliveries
    assert delivery.reason == "Their node does not answer."
    assert delivery.next_try is not None
    Delivery.objects.update(state="handed", node=DESK.fingerprint)
    view = by_uri(world, sent)
    assert view is not None
    assert view.deliveries[0].reason == ""
