"""What an account marks on its conversations."""

from typing import Any

from mail.flags import mark_read, move, set_starred
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
