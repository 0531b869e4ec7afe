"""Withdrawing trust and blocking, with a moment to undo."""

from datetime import timedelta

import pytest
from django.utils import timezone

from journal.credentials import judge_shown, keep_contact_requests
from mail import held
from mail.contacts import contact_view, list_contacts, remove, trust_again
from mail.ending import ask_to_block, ask_to_withdraw, ending, unblock
from mail.models import Contact, Held, Letter
from mail.opening import open_waiting
from nodes.errors import UserError
from nodes.models import ContactRequest
from tests.support.cast import ALICE, BOB, CAROL, DESK, EVIL, MALLORY
from tests.support.world import (
    World,
    card_resources,
    letter_to,
    notice,
    own_memory_fixture,
    world_fixture,
)

__all__ = ["own_memory_fixture", "world_fixture"]


@pytest.fixture
def known(world: World) -> World:
    """Alice and Bob know each other."""
    world.know(DESK)
    return world


def gives(world: World) -> bool:
    return world.facts.gives(ALICE.fingerprint, BOB.fingerprint, world.now)


def state(world: World, user: str = BOB.fingerprint) -> str:
    view = contact_view(world.alice, user)
    assert view is not None
    return view.state


def time_passes(world: World) -> int:
    return held.do_due(world.now + timedelta(seconds=world.alice.undo_seconds + 1))


def ask(world: World) -> None:
    """Let Mallory's node call with a trust for Alice."""
    shown = EVIL.credentials(ALICE)
    _, accepted = judge_shown(shown, here=world.here, now=world.now)
    keep_contact_requests(shown, accepted, node=EVIL.fingerprint, here=world.here, now=world.now)


def titles(world: World) -> int:
    open_waiting()
    return Letter.objects.filter(account=world.alice).count()


def test_trust_is_withdrawn_when_the_time_is_over(known: World) -> None:
    before = known.journal()
    row = ask_to_withdraw(known.alice, BOB.fingerprint, now=known.now)
    assert row is not None
    assert gives(known)
    assert known.journal() == before  # nothing leaves this node
    assert ending(known.alice, BOB.fingerprint) == "withdraw"
    [shown] = held.pending(known.alice, known.now)
    assert shown.words == "Trust in Bob is withdrawn"
    assert shown.more == "Until then nothing leaves this node."
    assert held.do_due(known.now) == 0
    assert time_passes(known) == 1
    assert not gives(known)
    assert ending(known.alice, BOB.fingerprint) == ""
    assert len(known.journal()) == len(before) + 1


def test_withdrawing_can_be_undone(known: World) -> None:
    row = ask_to_withdraw(known.alice, BOB.fingerprint, now=known.now)
    assert row is not None
    carol = known.enrol(CAROL)
    assert held.undo(carol, row.pk) is None
    assert held.undo(known.alice, row.pk) is not None
    assert time_passes(known) == 0
    assert gives(known)


def test_without_time_to_undo_it_is_done_at_once(known: World) -> None:
    known.alice.undo_seconds = 0
    assert ask_to_withdraw(known.alice, BOB.fingerprint, now=known.now) is None
    assert not gives(known)


def test_what_cannot_be_withdrawn_is_said_at_once(known: World) -> None:
    with pytest.raises(UserError, match="no current trust"):
        ask_to_withdraw(known.alice, CAROL.fingerprint, now=known.now)
    carol = known.enrol(CAROL)
    with pytest.raises(UserError, match="no current trust"):
        ask_to_withdraw(carol, BOB.fingerprint, now=known.now)
    assert not Held.objects.exists()


def test_what_was_withdrawn_otherwise_meanwhile_fails_quietly(known: World) -> None:
    ask_to_withdraw(known.alice, BOB.fingerprint, now=known.now)
    from mail.contacts import withdraw

    withdraw(known.alice, BOB.fingerprint)
    time_passes(known)
    assert not Held.objects.exists()
    assert not gives(known)


def test_trust_can_be_given_again_without_the_card(known: World) -> None:
    known.alice.undo_seconds = 0
    ask_to_withdraw(known.alice, BOB.fingerprint, now=known.now)
    view = contact_view(known.alice, BOB.fingerprint)
    assert view is not None
    assert (view.withdrawn, view.asks) == (True, False)
    assert trust_again(known.alice, BOB.fingerprint).state == "mutual"
    assert gives(known)
    carol = known.enrol(CAROL)
    with pytest.raises(UserError, match="none of your contacts"):
        trust_again(carol, BOB.fingerprint)


def test_no_trust_again_in_an_identity_that_ended(known: World) -> None:
    known.alice.undo_seconds = 0
    ask_to_withdraw(known.alice, BOB.fingerprint, now=known.now)
    known.accept(BOB.revocation(BOB.identity()))
    with pytest.raises(UserError, match="has ended; ask for a new card"):
        trust_again(known.alice, BOB.fingerprint)


def test_blocking_keeps_out_at_once_and_withdraws_later(known: World) -> None:
    row = ask_to_block(known.alice, BOB.fingerprint, now=known.now)
    assert row is not None
    assert (state(known), gives(known)) == ("blocked", True)
    known.accept(letter_to(ALICE), notice())
    receipts = known.our_resources(author=ALICE.fingerprint, kind="encrypted")
    assert titles(known) == 0
    assert known.our_resources(author=ALICE.fingerprint, kind="encrypted") == receipts
    assert time_passes(known) == 1
    assert (state(known), gives(known)) == ("blocked", False)


def test_undoing_a_block_files_what_came_meanwhile(known: World) -> None:
    row = ask_to_block(known.alice, BOB.fingerprint, now=known.now)
    assert row is not None
    known.accept(letter_to(ALICE))
    assert titles(known) == 0
    held.undo(known.alice, row.pk)
    assert (state(known), titles(known)) == ("mutual", 1)
    assert time_passes(known) == 0
    assert gives(known)


def test_unblocking_and_trusting_again_files_what_came_meanwhile(known: World) -> None:
    ask_to_block(known.alice, BOB.fingerprint, now=known.now)
    known.accept(letter_to(ALICE))
    assert time_passes(known) == 1
    assert titles(known) == 0
    unblock(known.alice, BOB.fingerprint)
    assert titles(known) == 0  # there is no trust
    assert state(known) != "blocked"
    trust_again(known.alice, BOB.fingerprint)
    assert titles(known) == 1
    with pytest.raises(UserError, match="not blocked"):
        unblock(known.alice, BOB.fingerprint)


def test_unblocking_in_time_keeps_the_trust(known: World) -> None:
    ask_to_block(known.alice, BOB.fingerprint, now=known.now)
    unblock(known.alice, BOB.fingerprint)
    assert time_passes(known) == 0
    assert gives(known)


def test_blocking_takes_the_place_of_withdrawing(known: World) -> None:
    ask_to_withdraw(known.alice, BOB.fingerprint, now=known.now)
    row = ask_to_block(known.alice, BOB.fingerprint, now=known.now)
    assert ending(known.alice, BOB.fingerprint) == "block"
    assert row is not None
    held.undo(known.alice, row.pk)
    assert not Held.objects.exists()


def test_one_who_asks_and_is_blocked_asks_in_vain(world: World) -> None:
    ask(world)
    assert state(world, MALLORY.fingerprint) == "request"
    assert ask_to_block(world.alice, MALLORY.fingerprint, now=world.now) is None
    assert not ContactRequest.objects.exists()
    ask(world)
    assert not ContactRequest.objects.exists()
    [seen] = list_contacts(world.alice)
    assert seen.state == "blocked"
    unblock(world.alice, MALLORY.fingerprint)
    ask(world)
    assert ContactRequest.objects.count() == 1


def test_blocking_is_the_account_s_own(known: World) -> None:
    carol = known.enrol(CAROL)
    with pytest.raises(UserError, match="none of your contacts"):
        ask_to_block(carol, BOB.fingerprint, now=known.now)
    ask_to_block(known.alice, BOB.fingerprint, now=known.now)
    with pytest.raises(UserError, match="not blocked"):
        unblock(carol, BOB.fingerprint)
    assert state(known) == "blocked"


def test_a_contact_is_removed_once_trust_has_ended(known: World) -> None:
    with pytest.raises(UserError, match="Withdraw your trust first"):
        remove(known.alice, BOB.fingerprint)
    known.alice.undo_seconds = 0
    ask_to_withdraw(known.alice, BOB.fingerprint, now=known.now)
    remove(known.alice, BOB.fingerprint)
    assert list_contacts(known.alice) == []  # though he still gives trust
    assert not Contact.objects.exists()
    with pytest.raises(UserError, match="none of your contacts"):
        remove(known.alice, BOB.fingerprint)
    # His page is still there for whoever comes back to it, and trust needs no card.
    assert trust_again(known.alice, BOB.fingerprint).state == "mutual"


def test_one_who_is_blocked_is_not_removed(known: World) -> None:
    ask_to_block(known.alice, BOB.fingerprint, now=known.now)
    with pytest.raises(UserError, match="blocked stays"):
        remove(known.alice, BOB.fingerprint)


def test_a_request_of_one_unknown_cannot_be_withdrawn(world: World) -> None:
    world.accept(*card_resources(DESK))
    with pytest.raises(UserError):
        ask_to_withdraw(world.alice, BOB.fingerprint, now=timezone.now())
