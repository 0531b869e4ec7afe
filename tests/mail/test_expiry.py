"""What ends is said in time, once at each stage, and renewed."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from journal.authorising import authorise, prolong_trust, withdraw_node
from journal.takeover import renew_node_key
from journal.trusts import withdraw
from mail import expiry
from mail.expiry import Ending
from mail.models import Contact, Reminder
from mail.own_nodes import own_nodes
from nodes import facts as nodes_facts
from nodes import keystore
from nodes.enrolment import NODE_LIFETIME, USER_LIFETIME
from nodes.errors import UserError
from nodes.facts import current_facts
from nodes.models import Account
from sdmp.trust import ALL_POWERS, READ_RESOURCE, State
from tests.support.cast import ALICE, BOB, LAPTOP, RELAY, TABLET
from tests.support.world import World, own_memory_fixture, world_fixture

__all__ = ["own_memory_fixture", "world_fixture"]

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
OWN = ALICE.fingerprint


@pytest.fixture(autouse=True)
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Whom notifications went to."""
    names: list[str] = []
    monkeypatch.setattr(expiry, "notify", lambda account, kind: names.append(account.username))
    yield names
    nodes_facts.forget()


@pytest.fixture
def bob_until(world: World) -> datetime:
    """Alice trusts Bob for five more days."""
    world.know()
    now = world.now
    withdraw(OWN, BOB.fingerprint, now=now)
    until = now + timedelta(days=5)
    prolong_trust(OWN, BOB.fingerprint, until=until, now=now)
    return until


def only(world: World, now: datetime) -> Ending:
    [ending] = expiry.endings(world.alice, now)
    return ending


def test_nothing_is_said_of_what_lasts(world: World) -> None:
    world.know()
    assert expiry.endings(world.alice, world.now) == []


@pytest.mark.parametrize(
    ("before", "stage"),
    [(31, None), (29, 30), (8, 30), (6.5, 7), (1.5, 7), (0.5, 1), (-1, 0), (-89, 0), (-91, None)],
)
def test_stages(world: World, bob_until: datetime, before: float, stage: int | None) -> None:
    found = expiry.endings(world.alice, bob_until - timedelta(days=before))
    assert [ending.stage for ending in found] == ([] if stage is None else [stage])


def test_a_contact_is_renewed_with_one_click(world: World, bob_until: datetime) -> None:
    ending = only(world, world.now)
    assert (ending.kind, ending.name, ending.phrase) == ("contact", "Bob", False)
    assert ending.words.startswith("Your trust in Bob ends in 5 days, on ")
    sentence = expiry.renew(world.alice, ending, now=world.now)
    assert sentence.startswith("Bob may read what you publish until ")
    assert expiry.endings(world.alice, world.now) == []
    assert current_facts().gives(OWN, BOB.fingerprint, bob_until + timedelta(days=364))


def test_after_the_end_it_says_what_has_stopped(world: World, bob_until: datetime) -> None:
    now = bob_until + timedelta(days=2)
    ending = only(world, now)
    assert ending.ended
    assert "can read nothing new" in ending.words
    expiry.renew(world.alice, ending, now=now)
    assert current_facts().gives(OWN, BOB.fingerprint, now)


def test_whoever_is_blocked_or_withdrawn_is_not_spoken_of(
    world: World, bob_until: datetime
) -> None:
    Contact.objects.update(blocked=world.now)
    assert expiry.endings(world.alice, world.now) == []
    Contact.objects.update(blocked=None)
    withdraw(OWN, BOB.fingerprint, now=world.now)
    assert expiry.endings(world.alice, world.now) == []


def test_words_long_before_the_end_name_the_day(world: World) -> None:
    ending = expiry.find(world.alice, "identity", OWN, world.now)
    assert ending is not None
    assert ending.words.startswith("Your identity lasts until ")
    assert expiry.find(world.alice, "identity", BOB.fingerprint, world.now) is None


def test_words_for_today_and_tomorrow(world: World, bob_until: datetime) -> None:
    noon = bob_until.replace(hour=12)
    assert "ends tomorrow, on" in only(world, noon - timedelta(hours=24)).words
    assert "ends today, on" in only(world, bob_until - timedelta(seconds=1)).words


def test_the_identity_is_renewed_with_the_phrase(world: World) -> None:
    now = world.now + USER_LIFETIME - timedelta(days=3)
    ending = next(e for e in expiry.endings(world.alice, now) if e.kind == "identity")
    assert ending.phrase
    with pytest.raises(UserError, match="recovery phrase"):
        expiry.renew(world.alice, ending, now=now)
    sentence = expiry.renew(world.alice, ending, now=now, key=ALICE.key)
    assert sentence.startswith("Your identity is renewed until ")
    assert current_facts().user_state(OWN, now + timedelta(days=999)) is State.CURRENT


def test_an_identity_that_has_ended_is_the_one_thing_said(
    world: World, bob_until: datetime
) -> None:
    until = world.now + USER_LIFETIME + timedelta(days=20)
    prolong_trust(OWN, BOB.fingerprint, until=until, now=world.now)
    now = until - timedelta(days=10)
    ending = only(world, now)
    assert ending.kind == "identity"
    assert ending.ended
    expiry.renew(world.alice, ending, now=now, key=ALICE.key)
    assert only(world, now).kind == "contact"


def test_a_relay_is_renewed_by_this_node_with_what_it_might(world: World) -> None:
    now, relay = world.now, RELAY.fingerprint
    authorise(OWN, relay, {READ_RESOURCE}, until=now + timedelta(days=5), now=now)
    ending = only(world, now)
    assert (ending.kind, ending.here, ending.phrase) == ("node", False, False)
    sentence = expiry.renew(world.alice, ending, now=now)
    assert "acts for you until" in sentence
    [*_, last] = current_facts().trusts_between(OWN, relay)
    assert last.powers == {READ_RESOURCE}
    withdraw_node(OWN, relay, now=now)
    assert expiry.find(world.alice, "node", relay, now) is None


def test_this_very_node_is_renewed_with_the_phrase_even_after_the_end(world: World) -> None:
    now, here = world.now, LAPTOP.fingerprint
    until = now + timedelta(days=5)
    authorise(OWN, here, ALL_POWERS, until=until, now=now, key=ALICE.key)
    assert "this node may do for you ends in 5 days" in only(world, now).words
    later = until + timedelta(days=1)
    ending = only(world, later)
    assert (ending.here, ending.phrase, ending.ended) == (True, True, True)
    expiry.renew(world.alice, ending, now=later, key=ALICE.key)
    assert current_facts().authorised(OWN, here, later) == frozenset(ALL_POWERS)


def test_each_stage_is_told_once_whoever_asks_how_often(
    world: World, bob_until: datetime, told: list[str]
) -> None:
    for before in (29, 29, 20, 7, 3, 1, 0.5, -1, -2):
        expiry.remind(bob_until - timedelta(days=before))
    assert told == ["alice"] * 4
    assert sorted(Reminder.objects.values_list("days", flat=True)) == [0, 1, 7, 30]


def test_with_a_new_end_it_is_told_anew(world: World, bob_until: datetime, told: list[str]) -> None:
    expiry.remind(world.now)
    expiry.renew(world.alice, only(world, world.now), now=world.now)
    expiry.remind(bob_until + timedelta(days=340))
    assert len(told) == 2


def test_what_is_put_aside_comes_back_when_fewer_days_are_left(
    world: World, bob_until: datetime
) -> None:
    expiry.remind(world.now)
    expiry.put_aside(world.alice, only(world, world.now).about, world.now)
    assert expiry.shown(world.alice, world.now) == []
    assert len(expiry.shown(world.alice, bob_until - timedelta(hours=3))) == 1
    expiry.put_aside(world.alice, "contact:nobody:never", world.now)
    assert Reminder.objects.count() == 1


def test_nobody_is_told_of_what_is_another_accounts(
    world: World, bob_until: datetime, told: list[str]
) -> None:
    other = world.enrol(BOB)
    assert expiry.endings(other, world.now) == []
    expiry.remind(world.now)
    assert told == ["alice"]
    Account.objects.update(is_active=False)
    expiry.remind(bob_until)
    assert told == ["alice"]


def test_the_node_renews_its_own_identity_by_itself(world: World) -> None:
    now = world.now + NODE_LIFETIME - timedelta(days=20)
    expiry.remind(now)
    assert current_facts().users_of(LAPTOP.fingerprint, now + timedelta(days=100)) == {OWN}
    assert expiry.endings(world.alice, now) == []


def test_a_new_key_of_the_node_is_to_be_confirmed(world: World, told: list[str]) -> None:
    world._next_key(keystore, TABLET)
    renew_node_key(world.now)
    now = world.now
    ending = only(world, now)
    assert (ending.kind, ending.phrase, ending.ended) == ("key", True, False)
    assert ending.words.startswith("This node has a new key since ")
    [node] = own_nodes(world.alice, now)
    assert node.powers == frozenset(ALL_POWERS)
    expiry.remind(now)
    expiry.remind(now + timedelta(days=300))
    assert told == ["alice"]
    with pytest.raises(UserError, match="recovery phrase"):
        expiry.renew(world.alice, ending, now=now)
    expiry.renew(world.alice, ending, now=now, key=ALICE.key)
    assert expiry.endings(world.alice, now) == []
    assert current_facts().authorised(OWN, LAPTOP.fingerprint, now) is None
    assert current_facts().authorised(OWN, TABLET.fingerprint, now) == frozenset(ALL_POWERS)
