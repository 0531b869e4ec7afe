"""A renewed key of the node takes over."""

from typing import Any

import pytest

from journal import takeover
from journal.authorising import authorise, former_trusts
from journal.credentials import card_of, credentials_for, judge_shown
from journal.meeting import Meeting
from journal.models import Resource
from journal.publish import publish
from journal.renewal import renew_agreements
from journal.revoke import revoke_all
from journal.takeover import former_meant, renew_node_key, users_who_must_sign
from journal.trusts import trust_user
from journal.verification import verify_journal
from mail.opening import open_waiting
from nodes import keystore
from nodes.addresses import addresses_of
from nodes.enrolment import NODE_LIFETIME
from nodes.errors import UserError
from nodes.facts import current_facts
from nodes.models import LocalNode, Peer
from nodes.peers import get_peer, nodes_to_dial, note_contact, take_lease
from sdmp.card import read_card
from sdmp.lines import check_chain
from sdmp.trust import ALL_POWERS, CREATE_TRUST, READ_RESOURCE
from tests.support.cast import ALICE, BOB, DESK, LAPTOP, RELAY, TABLET, User
from tests.support.world import World, later, letter_to

OWN, OLD, NEW = ALICE.fingerprint, LAPTOP.fingerprint, TABLET.fingerprint
DAILY = frozenset(ALL_POWERS) - {CREATE_TRUST}


@pytest.fixture(autouse=True)
def fresh_turns() -> None:
    """Forget who called before."""
    takeover._calls.clear()


@pytest.fixture
def renewed(world: World) -> World:
    """Our node with a new key: the tablet's. Alice and Bob knew each other before."""
    world.know()
    authorise(OWN, RELAY.fingerprint, {READ_RESOURCE}, until=None, now=world.now)
    publish(OWN, {"message": "said before"}, now=world.now)
    return renew(world)


def renew(world: World) -> World:
    world._next_key(keystore, TABLET)
    renew_node_key(world.now)
    return world


def test_the_new_key_acts_for_the_user_in_all_but_making_trusts(renewed: World) -> None:
    assert keystore.own_fingerprints() == (NEW, OLD)
    assert current_facts().authorised(OWN, NEW, later()) == DAILY
    assert current_facts().may_talk(NEW, DESK.fingerprint, later())
    row = publish(OWN, {"message": "said after"}, now=renewed.now)
    assert row.signer == NEW


def test_what_takes_more_is_signed_with_the_earlier_key(renewed: World) -> None:
    trust_user(OWN, TABLET.owner.fingerprint, now=renewed.now)
    [trust] = current_facts().trusts_between(OWN, TABLET.owner.fingerprint)
    assert trust.signer == OLD
    [before] = Resource.objects.filter(kind="message")
    [revocation] = revoke_all([before.identifier], now=renewed.now)
    assert revocation.signer == OLD


def test_the_journal_is_the_new_nodes_and_holds_all(world: World) -> None:
    world.know()
    old = world.journal()
    renew(world)
    lines = world.journal()
    assert lines[0] == NEW
    assert [x.partition("@")[2] for x in lines[1 : len(old)]] == [
        x.partition("@")[2] for x in old[1:]
    ]
    check_chain(lines)
    node = LocalNode.objects.get()
    assert (node.fingerprint, node.head_line) == (NEW, lines[-1])
    assert node.head_position == len(lines)
    verify_journal()
    publish(OWN, {"message": "more"}, now=world.now)
    check_chain(world.journal())


def test_many_lines_are_chained_a_few_at_a_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(takeover, "_AT_ONCE", 2)
    world.know()
    renew(world)
    check_chain(world.journal())
    assert len(world.journal()) == LocalNode.objects.get().head_position


def test_peers_are_told_the_journal_anew_and_read_on_where_they_were(world: World) -> None:
    world.know()
    peer = get_peer(DESK.fingerprint)
    Peer.objects.update(sent_position=7, known_position=5, known_line="x")
    renew(world)
    peer.refresh_from_db()
    assert (peer.sent_position, peer.known_position, peer.known_line) == (1, 5, "x")


def test_nobody_is_sent_to_the_earlier_key(renewed: World) -> None:
    assert addresses_of(OLD) == []
    assert addresses_of(NEW) == [f"ws://{LAPTOP.address}/sdmp"]
    assert nodes_to_dial(current_facts(), NEW, later()) == {DESK.fingerprint, RELAY.fingerprint}


def test_strangers_and_peers_can_follow_from_what_they_are_shown(renewed: World) -> None:
    now = later()
    shown = credentials_for(DESK.fingerprint, here=NEW, facts=current_facts(), now=now)
    for envelopes in (shown, read_card(card_of(OWN, current_facts(), now))):
        facts = _in_an_empty_world(envelopes)
        assert facts.authorised(OWN, NEW, now) == DAILY


def _in_an_empty_world(envelopes: Any) -> Any:
    from sdmp.acceptance import judge, record
    from sdmp.trust import Facts

    facts = Facts()
    for envelope in envelopes:
        record(judge(envelope, facts, later()), facts)
    return facts


def test_mail_for_either_key_is_opened(renewed: World) -> None:
    report = renewed.accept(letter_to(ALICE), hand=DESK)
    assert report.refused == {}
    assert open_waiting() == 1
    assert renewed.alice.letter_set.count() == 1


def test_the_user_confirms_and_the_earlier_key_may_do_nothing(renewed: World) -> None:
    now = later()
    assert former_trusts(OWN, current_facts(), now)
    authorise(OWN, NEW, ALL_POWERS, until=None, now=now, key=ALICE.key)
    facts = current_facts()
    assert facts.authorised(OWN, NEW, later()) == frozenset(ALL_POWERS)
    assert facts.authorised(OWN, OLD, later()) is None
    [*_, relay] = facts.trusts_between(OWN, RELAY.fingerprint)
    assert relay.signer == OWN
    assert facts.is_current(relay, later())
    assert facts.gives(OWN, BOB.fingerprint, later())
    # Also for who hears of it only now, and takes nothing that the earlier key had signed.
    [*earlier, latest] = facts.trusts_between(OWN, BOB.fingerprint)
    assert [trust.signer for trust in earlier] == [OLD]
    assert (latest.signer, latest.expires is None or latest.expires > later(days=9999)) == (
        NEW,
        True,
    )
    assert latest.named is not None
    assert not facts.is_revoked(latest.named)
    trust_user(OWN, TABLET.owner.fingerprint, now=later())


def test_both_identities_are_prolonged_while_both_act(renewed: World) -> None:
    assert renew_agreements(later() + NODE_LIFETIME) == 2


def test_a_third_key_follows_before_the_second_is_confirmed(renewed: World) -> None:
    renewed._next_key(keystore, RELAY)
    renew_node_key(later())
    facts = current_facts()
    assert facts.authorised(OWN, RELAY.fingerprint, later()) == DAILY
    assert keystore.own_fingerprints() == (RELAY.fingerprint, NEW, OLD)


def test_who_lets_the_node_make_no_trusts_must_sign(world: World) -> None:
    world.enrol(BOB, mode="host")
    assert users_who_must_sign(world.now) == [BOB.fingerprint]
    world._next_key(keystore, TABLET)
    assert renew_node_key(world.now).waiting == (BOB.fingerprint,)
    assert current_facts().users_of(NEW, later()) == {OWN}
    authorise(BOB.fingerprint, NEW, [READ_RESOURCE], until=None, now=later(), key=BOB.key)
    assert current_facts().users_of(NEW, later()) == {OWN, BOB.fingerprint}
    assert former_trusts(BOB.fingerprint, current_facts(), later()) == []


def test_while_the_node_runs_nothing_is_changed(world: World) -> None:
    get_peer(DESK.fingerprint)
    take_lease(DESK.fingerprint, "somebody", world.now)
    with pytest.raises(UserError, match="stop all its processes first"):
        renew_node_key(world.now)
    assert keystore.own_fingerprints() == (OLD,)


def test_a_failure_in_the_middle_leaves_the_old_key(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: str) -> None:
        raise RuntimeError

    before = world.journal()
    world._next_key(keystore, TABLET)
    monkeypatch.setattr(takeover, "_take_over_journal", fail)
    with pytest.raises(RuntimeError):
        renew_node_key(world.now)
    assert world.journal() == before
    assert keystore.own_fingerprints() == (OLD,)
    publish(OWN, {"message": "as before"}, now=world.now)


def test_callers_are_answered_by_turns_until_they_have_met_the_new_key(renewed: World) -> None:
    def meant() -> str | None:
        return former_meant(DESK.fingerprint, current_facts(), later())

    get_peer(DESK.fingerprint)
    assert [meant() for _ in range(4)] == [OLD, None, OLD, None]
    authorise(OWN, NEW, ALL_POWERS, until=None, now=later(), key=ALICE.key)
    assert [meant() for _ in range(2)] == [OLD, None]
    note_contact(DESK.fingerprint, later())
    assert [meant() for _ in range(2)] == [None, None]
    assert former_meant(RELAY.fingerprint, current_facts(), later()) is None
    assert Meeting().introduced is False


def test_without_an_earlier_key_nobody_means_one(world: World) -> None:
    world.know()
    assert former_meant(DESK.fingerprint, current_facts(), later()) is None
    facts, _ = judge_shown([], here=OLD, now=later())
    assert User("alice").fingerprint in facts.users_of(OLD, later())
