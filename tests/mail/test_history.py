"""What happened between an account and a contact."""

from datetime import timedelta

from mail.checking import BY_TELEPHONE, mark_checked, take_introduction
from mail.contacts import add_contact, withdraw
from mail.ending import ask_to_block
from mail.history import Kind, history
from mail.models import Contact
from tests.support.cast import ALICE, BOB, CAROL, DESK, TABLET
from tests.support.world import World, card, later, own_memory_fixture, world_fixture

__all__ = ["own_memory_fixture", "world_fixture"]


def kinds(world: World) -> list[Kind]:
    return [event.kind for event in history(world.alice, BOB.fingerprint)]


def test_all_that_happened_the_latest_first(world: World) -> None:
    assert kinds(world) == []
    world.know(DESK)
    Contact.objects.update(added=world.now)
    assert kinds(world) == [Kind.ADDED, Kind.THEY_GAVE, Kind.GAVE]
    mark_checked(world.alice, BOB.fingerprint, BY_TELEPHONE)
    withdraw(world.alice, BOB.fingerprint)
    world.accept(BOB.revocation(BOB.trust(ALICE)))
    ask_to_block(world.alice, BOB.fingerprint, now=later(seconds=1))
    world.accept(BOB.revocation(BOB.identity()))
    listed = history(world.alice, BOB.fingerprint)
    assert [event.at for event in listed] == sorted((e.at for e in listed), reverse=True)
    assert [event.kind for event in listed if event.kind is not Kind.IDENTITY_ENDED] == [
        Kind.BLOCKED,
        Kind.THEY_WITHDREW,
        Kind.WITHDREW,
        Kind.CHECKED,
        Kind.ADDED,
        Kind.THEY_GAVE,
        Kind.GAVE,
    ]
    [checked] = [event for event in listed if event.kind is Kind.CHECKED]
    assert checked.how == BY_TELEPHONE
    assert Kind.IDENTITY_ENDED in {event.kind for event in listed}


def test_an_introduction_names_who_introduced(world: World) -> None:
    world.know(DESK)
    add_contact(world.alice, card(TABLET), "Carol")
    world.accept(CAROL.trust(BOB))
    mark_checked(world.alice, CAROL.fingerprint, BY_TELEPHONE)
    take_introduction(world.alice, BOB.fingerprint, CAROL.fingerprint)
    [event] = [e for e in history(world.alice, BOB.fingerprint) if e.kind is Kind.INTRODUCED]
    assert event.by == "Carol"


def test_a_trust_that_ran_out(world: World) -> None:
    world.know(DESK)
    soon = world.now + timedelta(days=1)
    world.accept(ALICE.trust(BOB, expires=soon.strftime("%Y-%m-%dT%H:%M:%S.000Z")))
    assert Kind.RAN_OUT not in kinds(world)


def test_it_is_each_account_s_own(world: World) -> None:
    world.know(DESK)
    carol = world.enrol(CAROL)
    assert history(carol, BOB.fingerprint) == []
