"""Peers: leases, back-off, and whom there is a reason to call."""

from datetime import timedelta

import pytest

from journal.models import Resource
from journal.revoke import revoke_all
from nodes import backoff
from nodes.models import Farewell, Peer
from nodes.peers import (
    LEASE,
    SOON,
    clear_back_off,
    clear_leases,
    get_peer,
    keep_leases,
    nodes_to_dial,
    note_contact,
    note_failure,
    release_lease,
    take_lease,
)
from tests.support.cast import ALICE, BOB, CAROL, DESK, EVIL, RELAY, TABLET
from tests.support.world import ANOTHER, World, card_resources, later, trust_for

pytestmark = pytest.mark.django_db


def peer(fingerprint: str = DESK.fingerprint) -> Peer:
    return Peer.objects.get(fingerprint=fingerprint)


def test_a_new_peer_is_at_the_first_line() -> None:
    made = get_peer(DESK.fingerprint)
    assert made.known_line == DESK.fingerprint
    assert (made.known_position, made.sent_position) == (1, 1)
    assert get_peer(DESK.fingerprint).pk == made.pk


def test_a_lease_belongs_to_one() -> None:
    now = later()
    get_peer(DESK.fingerprint)
    assert take_lease(DESK.fingerprint, "one", now)
    assert not take_lease(DESK.fingerprint, "two", now)
    assert not take_lease(DESK.fingerprint, "two", now + LEASE)
    assert peer().lease_owner == "one"


def test_a_lease_can_be_taken_again_by_its_owner() -> None:
    now = later()
    get_peer(DESK.fingerprint)
    take_lease(DESK.fingerprint, "one", now)
    assert take_lease(DESK.fingerprint, "one", now + timedelta(seconds=5))
    assert peer().lease_until == now + timedelta(seconds=5) + LEASE


def test_a_lease_ends_by_itself() -> None:
    now = later()
    get_peer(DESK.fingerprint)
    take_lease(DESK.fingerprint, "killed", now)
    assert take_lease(DESK.fingerprint, "two", now + LEASE + timedelta(milliseconds=1))
    assert peer().lease_owner == "two"


def test_renewing_leases_touches_ones_own_only() -> None:
    now = later()
    for node in (DESK, TABLET, RELAY):
        get_peer(node.fingerprint)
    take_lease(DESK.fingerprint, "one", now)
    take_lease(TABLET.fingerprint, "two", now)
    take_lease(RELAY.fingerprint, "one", now)
    after = now + timedelta(seconds=5)
    keep_leases("one", {DESK.fingerprint, TABLET.fingerprint}, after)
    assert (peer().lease_until, peer().last_contact) == (after + LEASE, after)
    for untouched in (TABLET, RELAY):
        assert peer(untouched.fingerprint).lease_until == now + LEASE
        assert peer(untouched.fingerprint).last_contact is None


def test_a_lease_that_ran_out_and_went_to_another_is_not_renewed() -> None:
    now = later()
    get_peer(DESK.fingerprint)
    take_lease(DESK.fingerprint, "one", now)
    take_lease(DESK.fingerprint, "two", now + 2 * LEASE)
    keep_leases("one", {DESK.fingerprint}, now + 3 * LEASE)
    assert peer().lease_owner == "two"
    assert peer().lease_until == now + 3 * LEASE


def test_a_lease_is_given_back_by_its_owner_alone() -> None:
    now = later()
    get_peer(DESK.fingerprint)
    take_lease(DESK.fingerprint, "one", now)
    release_lease(DESK.fingerprint, "two")
    assert peer().lease_owner == "one"
    release_lease(DESK.fingerprint, "one")
    assert (peer().lease_owner, peer().lease_until) == ("", None)
    assert take_lease(DESK.fingerprint, "two", now)


def test_a_process_alone_with_the_database_forgets_all_leases() -> None:
    get_peer(DESK.fingerprint)
    take_lease(DESK.fingerprint, "before", later())
    clear_leases()
    assert take_lease(DESK.fingerprint, "now", later())


def test_waiting_doubles_from_5_seconds_to_15_minutes() -> None:
    full = [5, 10, 20, 40, 80, 160, 320, 640, 900, 900]
    for failures, seconds in enumerate(full, start=1):
        drawn = {backoff.delay(failures).total_seconds() for _ in range(20)}
        assert all(0.75 * seconds <= wait <= seconds for wait in drawn)
        assert len(drawn) > 1  # jitter
    assert backoff.delay(100_000).total_seconds() <= 900


def test_failures_add_up_until_a_contact() -> None:
    now = later()
    for failures in (1, 2, 3):
        note_failure(DESK.fingerprint, "nothing listens there", now, now)
        full = timedelta(seconds=5 * 2 ** (failures - 1))
        assert peer().failures == failures
        assert now + 0.75 * full <= peer().next_attempt <= now + full
    assert peer().last_error == "nothing listens there"
    note_contact(DESK.fingerprint, now)
    after = peer()
    assert (after.failures, after.last_error, after.last_contact) == (0, "", now)
    assert after.next_attempt == now + SOON


def test_a_call_that_failed_while_the_peer_called_us_is_no_failure() -> None:
    get_peer(DESK.fingerprint)
    note_contact(DESK.fingerprint, later(seconds=5))
    next_attempt = peer().next_attempt
    assert not note_failure(
        DESK.fingerprint, "nothing listens there", later(seconds=4), later(seconds=6)
    )
    assert (peer().failures, peer().last_error) == (0, "")
    assert peer().next_attempt == next_attempt
    assert note_failure(
        DESK.fingerprint, "nothing listens there", later(seconds=6), later(seconds=7)
    )
    assert (peer().failures, peer().last_error) == (1, "nothing listens there")


def test_long_words_of_a_failure_are_cut() -> None:
    note_failure(DESK.fingerprint, "x" * 1000, later(), later())
    assert len(peer().last_error) == 300


def test_back_off_is_cleared_for_some() -> None:
    now = later()
    note_failure(DESK.fingerprint, "", now, now)
    note_failure(TABLET.fingerprint, "", now, now)
    clear_back_off({DESK.fingerprint}, now)
    assert (peer().failures, peer().next_attempt) == (0, now)
    assert peer(TABLET.fingerprint).failures == 1


# Whom there is a reason to call


def dialled(world: World) -> set[str]:
    return nodes_to_dial(world.facts, world.here, world.now)


def test_a_contact_s_nodes_are_called_before_the_contact_trusts_back(world: World) -> None:
    assert dialled(world) == set()
    world.know(DESK)
    assert dialled(world) == {DESK.fingerprint}


def test_a_contact_whose_node_did_not_agree_is_not_called(world: World) -> None:
    world.know(DESK)
    world.accept(BOB.trust(TABLET))
    assert dialled(world) == {DESK.fingerprint}


def test_one_who_trusts_us_and_whom_nobody_here_trusts_is_not_called(world: World) -> None:
    world.accept(*EVIL.credentials(ALICE))
    assert dialled(world) == set()


def test_the_other_nodes_of_our_users_are_called(world: World) -> None:
    world.accept(RELAY.authorisation(), RELAY.identity())
    assert dialled(world) == {RELAY.fingerprint}


def test_an_ended_trust_is_no_reason(world: World) -> None:
    world.accept(*card_resources(TABLET))
    world.accept(ALICE.trust(CAROL, expires="2026-01-01T00:00:00.000Z"))
    assert dialled(world) == set()


def test_an_ended_authorisation_is_no_reason(world: World) -> None:
    world.accept(BOB.identity(), trust_for(DESK, expires=later(days=-1)), DESK.identity())
    world.accept(ALICE.trust(BOB))
    assert dialled(world) == set()


def test_one_who_is_to_hear_a_revocation_is_called_for_30_days(world: World) -> None:
    Farewell.objects.create(peer=DESK.fingerprint, revocation=ANOTHER, until=later(days=1))
    Farewell.objects.create(peer=TABLET.fingerprint, revocation=ANOTHER, until=later(days=-1))
    assert dialled(world) == {DESK.fingerprint}


def test_a_contact_withdrawn_is_called_for_the_farewell_alone(world: World) -> None:
    world.know(DESK)
    get_peer(DESK.fingerprint)
    trust = Resource.objects.get(kind="trust", author=ALICE.fingerprint, subject=BOB.fingerprint)
    revoke_all([trust.identifier], now=world.now)
    assert dialled(world) == {DESK.fingerprint}
    Farewell.objects.all().delete()
    assert dialled(world) == set()
