"""Letting nodes act for a user, and no longer."""

from datetime import datetime, timedelta

import pytest

from journal.authorising import (
    authorise,
    current_trusts,
    prolong_trust,
    takes_user_key,
    takes_user_key_to_trust,
    takes_user_key_to_withdraw,
    withdraw_node,
)
from journal.trusts import trust_user
from nodes.errors import UserError
from nodes.facts import current_facts
from sdmp.keys import PrivateKey
from sdmp.trust import ALL_POWERS, PUBLISH_RESOURCE, READ_ENCRYPTED, READ_RESOURCE
from tests.support.cast import ALICE, BOB, LAPTOP, RELAY, TABLET, Node
from tests.support.world import World, later

OWN = ALICE.fingerprint
HOST = frozenset({READ_RESOURCE})
READS = frozenset({READ_RESOURCE, PUBLISH_RESOURCE, READ_ENCRYPTED})
ALL = frozenset(ALL_POWERS)


def let_in(
    node: Node, powers: frozenset[str], until: datetime | None = None, key: PrivateKey | None = None
) -> None:
    authorise(OWN, node.fingerprint, powers, until=until, now=later(), key=key)


def powers_of(node: Node, now: datetime | None = None) -> frozenset[str]:
    trusts = current_trusts(OWN, node.fingerprint, current_facts(), now or later())
    return frozenset[str]().union(*(trust.powers for trust in trusts))


def test_the_node_signs_what_it_may(world: World) -> None:
    assert not takes_user_key(OWN, RELAY.fingerprint, HOST, until=None, now=later())
    let_in(RELAY, HOST)
    [trust] = current_facts().trusts_between(OWN, RELAY.fingerprint)
    assert (trust.signer, trust.powers) == (LAPTOP.fingerprint, HOST)


@pytest.mark.parametrize(("node", "powers"), [(RELAY, ALL), (LAPTOP, READS)])
def test_only_the_user_lets_make_trusts_or_decides_about_this_node(
    world: World, node: Node, powers: frozenset[str]
) -> None:
    assert takes_user_key(OWN, node.fingerprint, powers, until=None, now=later())
    before = world.journal()
    with pytest.raises(UserError, match="recovery phrase"):
        let_in(node, powers)
    assert world.journal() == before
    let_in(node, powers, key=ALICE.key)
    assert powers_of(node) == powers


def test_fewer_powers_leave_nothing_of_the_earlier_trust(world: World) -> None:
    let_in(RELAY, READS)
    let_in(RELAY, HOST)
    assert powers_of(RELAY) == HOST


def test_an_earlier_end_holds(world: World) -> None:
    let_in(RELAY, HOST)
    let_in(RELAY, HOST, until=later(days=3))
    assert powers_of(RELAY, later(days=2)) == HOST
    assert powers_of(RELAY, later(days=4)) == frozenset()
    with pytest.raises(UserError, match="lies in the past"):
        let_in(RELAY, HOST, until=later(seconds=-1))


def test_a_later_end_revokes_nothing(world: World) -> None:
    let_in(RELAY, HOST, until=later(days=3))
    let_in(RELAY, HOST, until=later(days=9))
    assert powers_of(RELAY, later(days=8)) == HOST
    assert not world.our_resources(kind="revoke")


def test_the_same_can_be_given_and_taken_many_times(world: World) -> None:
    for _ in range(3):
        let_in(RELAY, HOST)
        withdraw_node(OWN, RELAY.fingerprint, now=later())
        assert powers_of(RELAY) == frozenset()
        let_in(RELAY, READS, key=ALICE.key)
        let_in(RELAY, HOST, key=ALICE.key)
        assert powers_of(RELAY) == HOST


def test_what_a_node_had_signed_outlives_the_change_of_its_trust(world: World) -> None:
    let_in(RELAY, HOST, until=later(days=9))
    let_in(LAPTOP, READS, key=ALICE.key)  # which may make no trusts any more
    [trust] = current_trusts(OWN, RELAY.fingerprint, current_facts(), later())
    assert (trust.signer, trust.powers) == (OWN, HOST)
    assert not current_trusts(OWN, RELAY.fingerprint, current_facts(), later(days=10))


def test_what_ended_before_is_not_signed_anew(world: World) -> None:
    let_in(RELAY, HOST)
    withdraw_node(OWN, RELAY.fingerprint, now=later())
    let_in(LAPTOP, READS, key=ALICE.key)
    assert powers_of(RELAY) == frozenset()


def test_withdrawing_takes_the_key_where_the_node_has_no_right(world: World) -> None:
    let_in(RELAY, READS, key=ALICE.key)
    assert not takes_user_key_to_withdraw(OWN, RELAY.fingerprint, later())
    let_in(LAPTOP, READS, key=ALICE.key)
    assert takes_user_key_to_withdraw(OWN, RELAY.fingerprint, later())
    with pytest.raises(UserError, match="recovery phrase"):
        withdraw_node(OWN, RELAY.fingerprint, now=later())
    withdraw_node(OWN, RELAY.fingerprint, now=later(), key=ALICE.key)
    assert powers_of(RELAY) == frozenset()


def test_neither_this_node_nor_a_strange_one_is_withdrawn(world: World) -> None:
    before = world.journal()
    with pytest.raises(UserError, match="delete the account"):
        withdraw_node(OWN, LAPTOP.fingerprint, now=later(), key=ALICE.key)
    with pytest.raises(UserError, match="nothing for you"):
        withdraw_node(OWN, RELAY.fingerprint, now=later())
    assert world.journal() == before


def test_a_contact_is_trusted_for_longer_or_again(world: World) -> None:
    world.know()
    trust_user(OWN, BOB.fingerprint, now=later())
    with pytest.raises(UserError, match="never trusted"):
        prolong_trust(OWN, TABLET.owner.fingerprint, until=later(days=9), now=later())
    prolong_trust(OWN, BOB.fingerprint, until=later(days=9), now=later())
    assert current_facts().gives(OWN, BOB.fingerprint, later(days=8))
    assert not takes_user_key_to_trust(OWN, later())
    let_in(LAPTOP, READS, key=ALICE.key)
    assert takes_user_key_to_trust(OWN, later())
    with pytest.raises(UserError, match="power"):
        prolong_trust(OWN, BOB.fingerprint, until=later(days=9), now=later())
    prolong_trust(OWN, BOB.fingerprint, until=later(days=20), now=later(), key=ALICE.key)


def test_a_person_is_not_let_in_as_a_node(world: World) -> None:
    world.know()
    with pytest.raises(UserError, match="person's key"):
        authorise(OWN, BOB.fingerprint, HOST, until=None, now=later() + timedelta(seconds=1))
