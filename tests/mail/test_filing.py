"""Conversations: to which a letter belongs, and their sums."""

from typing import Any

from mail.filing import file_letters, prepare
from mail.flags import move
from mail.models import Conversation, Letter
from mail.send import send
from sdmp.letter import read_letter
from sdmp.resource import uri
from sdmp.signature import Envelope
from tests.mail.conftest import Take
from tests.support.cast import ALICE, BOB, CAROL, TABLET
from tests.support.world import (
    ANOTHER,
    World,
    letter_to,
    message_text,
    notice,
)


def at(envelope: Envelope, author: Any = BOB) -> str:
    return uri(author.fingerprint, envelope.identifier)


def threads() -> list[tuple[str, int]]:
    rows = Conversation.objects.order_by("id")
    return list(rows.values_list("thread", "letters"))


def test_a_letter_alone_begins_a_conversation(world: World, take: Take) -> None:
    post = letter_to(ALICE)
    take(post)
    assert threads() == [(at(post), 1)]
    row = Conversation.objects.get()
    assert (row.unread, row.has_received, row.has_sent, row.is_notice) == (1, True, False, False)


def test_an_answer_belongs_to_what_it_answers(world: World, take: Take) -> None:
    first = letter_to(ALICE)
    second = letter_to(ALICE, in_reply_to=at(first))
    take(first, second)
    assert threads() == [(at(first), 2)]


def test_a_thread_holds_letters_of_several_people_together(world: World, take: Take) -> None:
    first = letter_to(ALICE, CAROL)
    second = letter_to(ALICE, BOB, node=TABLET, in_reply_to=at(first), thread=at(first))
    take(first, second)
    assert threads() == [(at(first), 2)]


def test_an_answer_that_comes_first_waits_in_the_thread_that_it_names(
    world: World, take: Take
) -> None:
    first = letter_to(ALICE)
    second = letter_to(ALICE, in_reply_to=at(first), thread=at(first))
    take(second, first)
    assert threads() == [(at(first), 2)]


def test_what_is_answered_counts_before_the_thread_that_is_named(world: World, take: Take) -> None:
    first, other = letter_to(ALICE, text="1"), letter_to(ALICE, text="2")
    answer = letter_to(ALICE, in_reply_to=at(first), thread=at(other))
    take(first, other, answer)
    assert threads() == [(at(first), 2), (at(other), 1)]


def test_an_unknown_thread_is_taken_as_named(world: World, take: Take) -> None:
    unknown = uri(CAROL.fingerprint, ANOTHER)
    take(letter_to(ALICE, thread=unknown), letter_to(ALICE, text="2", in_reply_to=unknown))
    assert threads() == [(unknown, 2)]


def test_one_s_own_answer_is_filed_with_what_it_answers(world: World, take: Take) -> None:
    first = letter_to(ALICE)
    take(first)
    send(world.alice, to=[BOB.fingerprint], body="Yes", reply_to=at(first))
    row = Conversation.objects.get()
    assert (row.letters, row.has_sent, row.has_received, row.unread) == (2, True, True, 1)


def test_conversations_of_two_accounts_are_apart(world: World, take: Take) -> None:
    carol = world.enrol(CAROL)
    world.accept(CAROL.trust(BOB))
    first = letter_to(ALICE, CAROL)
    take(first, letter_to(ALICE, in_reply_to=at(first)))
    assert Conversation.objects.get(account=world.alice).letters == 2
    assert Conversation.objects.get(account=carol).letters == 1


def test_a_new_letter_brings_a_conversation_back(world: World, take: Take) -> None:
    first = letter_to(ALICE)
    take(first)
    key = str(Conversation.objects.get().pk)
    move(world.alice, key, "archive")
    assert Conversation.objects.get().archived
    take(letter_to(ALICE, in_reply_to=at(first)))
    row = Conversation.objects.get()
    assert (row.archived, row.binned, row.unread) == (False, False, 2)


def test_notices_have_their_own_folder(world: World, take: Take) -> None:
    take(notice())
    row = Conversation.objects.get()
    assert row.is_notice
    assert row.unread == 1


def test_a_notice_does_not_pull_a_private_conversation_among_the_notices(
    world: World, take: Take
) -> None:
    first = letter_to(ALICE)
    take(first, notice(thread=at(first)))
    assert not Conversation.objects.get(thread=at(first)).is_notice


def test_a_private_answer_to_a_notice_is_private(world: World, take: Take) -> None:
    post = notice()
    take(post)
    send(world.alice, to=[BOB.fingerprint], body="Thanks", reply_to=at(post))
    assert not Conversation.objects.get().is_notice


def test_a_letter_is_filed_once_for_each_account(world: World, take: Take) -> None:
    post = letter_to(ALICE)
    take(post)
    [row] = world.our_resources(identifier=post.identifier)
    text = message_text("Hello", [ALICE])
    filing = prepare(world.alice, text, read_letter(text), notice=False)
    assert file_letters([(filing, row), (filing, row)], world.now) == []
    assert Letter.objects.count() == 1
    assert Conversation.objects.get().letters == 1
