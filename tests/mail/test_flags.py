"""What an account marks on its conversations."""

from typing import Any

from mail.flags import Moved, mark_read, mark_seen, mark_unread, move, put_back, set_starred
from mail.models import Conversation, Letter
from sdmp.resource import uri
from sdmp.signature import Envelope
from tests.mail.conftest import Take
from tests.support.cast import ALICE, BOB, CAROL
from tests.support.world import World, letter_to


def at(envelope: Envelope, author: Any = BOB) -> str:
    return uri(author.fingerprint, envelope.identifier)


def test_reading_a_conversation(world: World, take: Take) -> None:
    first = letter_to(ALICE)
    take(first, letter_to(ALICE, in_reply_to=at(first)))
    other = letter_to(ALICE, text="other")
    take(other)
    mark_read(world.alice, str(Conversation.objects.get(thread=at(first)).pk))
    assert Conversation.objects.get(thread=at(first)).unread == 0
    assert Conversation.objects.get(thread=at(other)).unread == 1
    assert Letter.objects.filter(read=False).count() == 1


def test_flags_are_for_one_s_own_conversations(world: World, take: Take) -> None:
    carol = world.enrol(CAROL)
    take(letter_to(ALICE))
    key = str(Conversation.objects.get().pk)
    mark_read(carol, key)
    set_starred(carol, key, True)
    move(carol, key, "archive")
    row = Conversation.objects.get()
    assert (row.unread, row.starred, row.archived) == (1, False, False)


def test_stars_and_the_archive(world: World, take: Take) -> None:
    take(letter_to(ALICE))
    key = str(Conversation.objects.get().pk)
    set_starred(world.alice, key, True)
    move(world.alice, key, "archive")
    assert Conversation.objects.filter(starred=True, archived=True).exists()
    set_starred(world.alice, key, False)
    move(world.alice, key, "inbox")
    assert Conversation.objects.filter(starred=False, archived=False).exists()


def keys(*titles: Envelope) -> list[str]:
    found = Conversation.objects.filter(thread__in=[at(envelope) for envelope in titles])
    return [str(key) for key in found.order_by("id").values_list("pk", flat=True)]


def test_what_was_archived_goes_from_the_bin_back_to_the_archive(world: World, take: Take) -> None:
    first, second = letter_to(ALICE, text="1"), letter_to(ALICE, text="2")
    take(first, second)
    both = keys(first, second)
    move(world.alice, both[:1], "archive")
    move(world.alice, both, "bin")
    assert Conversation.objects.filter(binned=True).count() == 2
    move(world.alice, both, "restored")
    assert list(Conversation.objects.order_by("id").values_list("archived", "binned")) == [
        (True, False),
        (False, False),
    ]


def test_undo_restores_each_conversation_exactly(world: World, take: Take) -> None:
    first, second, third = (letter_to(ALICE, text=text) for text in "123")
    take(first, second, third)
    three = keys(first, second, third)
    move(world.alice, three[0], "archive")
    move(world.alice, three[1], "bin")
    before = list(Conversation.objects.order_by("id").values())
    moved = move(world.alice, three, "archive")
    assert set(moved.places) == {int(key) for key in three[1:]}  # one was there already
    assert Conversation.objects.filter(archived=True, binned=False).count() == 3
    assert put_back(world.alice, Moved.from_fields(moved.as_fields())) == 2
    assert list(Conversation.objects.order_by("id").values()) == before


def test_nobody_puts_back_what_belongs_to_another(world: World, take: Take) -> None:
    carol = world.enrol(CAROL)
    take(letter_to(ALICE))
    key = Conversation.objects.get().pk
    assert put_back(carol, Moved({key: "ab"}, (BOB.fingerprint,))) == 0
    assert not Conversation.objects.get().archived
    odd = Moved.from_fields({"places": "x.a -1.b 9999999999999999999999.a 7", "let_in": ""})
    assert odd.places == {7: ""}


def test_unread_again_is_the_last_letter_that_came(world: World, take: Take) -> None:
    first = letter_to(ALICE)
    take(first, letter_to(ALICE, in_reply_to=at(first)))
    [key] = keys(first)
    mark_read(world.alice, key)
    assert mark_unread(world.alice, [key, "nonsense"]) == 1
    assert Conversation.objects.get().unread == 1
    assert list(Letter.objects.order_by("id").values_list("read", flat=True)) == [True, False]
    assert mark_unread(world.alice, key) == 0


def test_what_was_seen_counts_as_read_and_no_more(world: World, take: Take) -> None:
    first = letter_to(ALICE)
    take(first, letter_to(ALICE, in_reply_to=at(first)))
    [key] = keys(first)
    newest = Letter.objects.order_by("-id")[0]
    assert mark_seen(world.alice, key, [str(newest.pk), "x"]) == 1
    assert mark_seen(world.alice, key, [str(newest.pk)]) == 0
    assert Conversation.objects.get().unread == 1
    assert not Letter.objects.order_by("id")[0].read
