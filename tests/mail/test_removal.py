"""Asking for removal, and who has confirmed."""

from datetime import timedelta

import pytest

from journal import answers
from journal.desk import Desk
from journal.signals import resources_handed
from mail import held, reading
from mail.models import Held, Letter, Removal, RemovalConfirmed
from mail.people import People
from mail.removal import RemovalView, ask_for_removal, removals
from mail.send import send
from nodes.errors import UserError
from nodes.facts import current_facts
from tests.mail.conftest import Take
from tests.support.cast import ALICE, BOB, CAROL, DESK
from tests.support.world import World, letter_to


def the_letter() -> Letter:
    return Letter.objects.get(outgoing=True)


def removal_of(world: World) -> RemovalView:
    key = str(the_letter().pk)
    return removals(world.alice, [key], People(world.alice))[key]


@pytest.fixture
def sent(world: World, take: Take) -> str:
    """A message from Alice to Bob, elsewhere."""
    return send(world.alice, to=[BOB.fingerprint], title="Secret", body="Never mind")


def remove(world: World) -> None:
    ask_for_removal(world.alice, str(the_letter().pk))
    held.do_due(world.now + timedelta(seconds=60))


def test_it_is_held_for_a_moment_and_can_be_undone(world: World, sent: str) -> None:
    row = ask_for_removal(world.alice, str(the_letter().pk))
    assert row is not None
    [pending] = held.pending(world.alice, world.now)
    assert "Secret" in pending.words
    assert the_letter().removed is None
    held.undo(world.alice, row.pk)
    held.do_due(world.now + timedelta(seconds=60))
    assert the_letter().removed is None


def test_then_the_message_is_revoked_and_its_text_gone(world: World, sent: str) -> None:
    remove(world)
    assert the_letter().removed is not None
    [row] = world.our_resources(identifier=sent.rpartition("/")[2])
    assert (row.is_held, row.revoked_by is not None) == (False, True)
    view = removal_of(world)
    assert view.confirmed == []
    assert [[person.name for person in node.people] for node in view.missing] == [["Bob"]]
    line = reading.one_letter(world.alice, str(the_letter().pk))
    assert line is not None
    assert line.letter is not None
    assert (line.letter.body, line.removal is not None) == ("", True)


def test_a_node_that_was_given_the_revocation_has_confirmed(world: World, sent: str) -> None:
    remove(world)
    revocation = Removal.objects.get().revocation
    for _ in range(2):
        resources_handed.send(sender=Desk, node=DESK.fingerprint, identifiers=[revocation])
    view = removal_of(world)
    assert [[person.name for person in node.people] for node in view.confirmed] == [["Bob"]]
    assert view.missing == []
    assert RemovalConfirmed.objects.count() == 1


def test_who_asks_for_the_message_itself_gets_the_revocation_and_confirms(
    world: World, sent: str
) -> None:
    remove(world)
    wanted = [(ALICE.fingerprint, sent.rpartition("/")[2])]
    given = answers.give(
        wanted, node=DESK.fingerprint, here=world.here, facts=current_facts(), now=world.now
    )
    assert given.handed == [Removal.objects.get().revocation]


def test_only_one_s_own_message_and_only_once(world: World, take: Take, sent: str) -> None:
    take(letter_to(ALICE))
    received = Letter.objects.get(outgoing=False)
    with pytest.raises(UserError):
        ask_for_removal(world.alice, str(received.pk))
    with pytest.raises(UserError):
        ask_for_removal(world.enrol(CAROL), str(the_letter().pk))
    remove(world)
    with pytest.raises(UserError):
        ask_for_removal(world.alice, str(the_letter().pk))
    assert Removal.objects.count() == 1
    assert not Held.objects.exists()


def test_a_letter_that_is_deleted_meanwhile_is_removed_all_the_same(
    world: World, sent: str
) -> None:
    ask_for_removal(world.alice, str(the_letter().pk))
    Letter.objects.all().delete()
    held.do_due(world.now + timedelta(seconds=60))
    [row] = world.our_resources(identifier=sent.rpartition("/")[2])
    assert row.revoked_by is not None
