"""Identities that are renewed before they end."""

from datetime import timedelta

import pytest

from journal.authorising import authorise
from journal.renewal import prolong_identity, renew_agreements
from nodes.enrolment import NODE_LIFETIME, USER_LIFETIME
from nodes.errors import UserError
from nodes.facts import current_facts
from sdmp.trust import State
from tests.support.cast import ALICE, BOB, LAPTOP
from tests.support.world import World, later

OWN = ALICE.fingerprint


def test_a_user_lives_longer_by_the_users_own_key(world: World) -> None:
    after = later() + USER_LIFETIME + timedelta(days=1)
    assert current_facts().user_state(OWN, after) is State.EXPIRED
    assert not current_facts().users_of(LAPTOP.fingerprint, after)
    prolong_identity(world.alice, ALICE.key, now=after)
    assert current_facts().user_state(OWN, after) is State.CURRENT
    assert current_facts().user_state(OWN, after + USER_LIFETIME) is State.EXPIRED


def test_a_revoked_user_is_gone_for_good(world: World) -> None:
    [identity, *_] = world.our_resources(kind="identity", signer=OWN)
    world.accept(ALICE.revocation(identity.envelope()))
    prolong_identity(world.alice, ALICE.key, now=later(days=1))
    assert current_facts().user_state(OWN, later(days=2)) is State.REVOKED


def test_the_node_prolongs_its_own_identity_in_good_time(world: World) -> None:
    world.enrol(BOB)
    end = later() + NODE_LIFETIME
    assert renew_agreements(end - timedelta(days=31)) == 0
    assert renew_agreements(end - timedelta(days=29)) == 2
    assert renew_agreements(end - timedelta(days=29)) == 0
    assert current_facts().users_of(LAPTOP.fingerprint, end + timedelta(days=1)) == {
        OWN,
        BOB.fingerprint,
    }


def test_the_node_takes_up_an_identity_that_has_ended(world: World) -> None:
    long_after = later() + NODE_LIFETIME + timedelta(days=9)
    assert not current_facts().users_of(LAPTOP.fingerprint, long_after)
    assert renew_agreements(long_after) == 1
    assert current_facts().users_of(LAPTOP.fingerprint, long_after) == {OWN}


def test_the_node_agrees_no_more_where_it_is_not_trusted(world: World) -> None:
    until = later(days=5)
    here = LAPTOP.fingerprint
    authorise(OWN, here, {"publish_resource"}, until=until, now=later(), key=ALICE.key)
    assert renew_agreements(later() + NODE_LIFETIME) == 0


def test_words_of_a_refusal_are_for_people(world: World) -> None:
    moment = later(days=3)
    prolong_identity(world.alice, ALICE.key, now=moment)
    with pytest.raises(UserError, match=r"^This very resource has been published already\.$"):
        prolong_identity(world.alice, ALICE.key, now=moment)
