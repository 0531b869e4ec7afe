"""Taking back, and giving and withdrawing trust."""

import pytest

from journal.models import Resource
from journal.publish import publish
from journal.revoke import may_take_back, revoke, revoke_all
from journal.trusts import trust_node, trust_user, withdraw
from nodes.errors import UserError
from nodes.models import Account, Farewell, Peer
from nodes.peers import get_peer, note_failure
from sdmp.resource import read_resource, uri
from tests.support.cast import ALICE, BOB, CAROL, DESK, EVIL, LAPTOP, MALLORY, RELAY, TABLET
from tests.support.world import ANOTHER, World, card_resources, later, notice


def own_message(world: World) -> Resource:
    return publish(ALICE.fingerprint, {"message": "Hello"}, now=world.now)


def test_a_node_takes_back_what_it_published(world: World) -> None:
    row = own_message(world)
    revocation = revoke(row.uri, now=world.now)
    row.refresh_from_db()
    assert not row.is_held
    assert row.revoked_by == revocation
    content = read_resource(revocation.envelope())
    assert content.sections["revoke"] == {"resource": row.identifier}  # names no authorization


def test_what_the_user_signed_is_revoked_by_the_power(world: World) -> None:
    row = trust_row(ALICE.trust(BOB).identifier, world)
    content = read_resource(revoke(row.uri, now=world.now).envelope())
    assert content.sections["revoke"] == {
        "resource": row.identifier,
        "authorization": LAPTOP.authorisation().identifier,
    }
    assert not world.facts.gives(ALICE.fingerprint, BOB.fingerprint, world.now)


def trust_row(identifier: str, world: World) -> Resource:
    world.accept(ALICE.trust(BOB))
    return Resource.objects.get(identifier=identifier)


def test_without_the_power_it_takes_the_phrase(world: World) -> None:
    world.enrol(BOB, mode=Account.Mode.HOST)
    trust = Resource.objects.get(author=BOB.fingerprint, kind="trust")
    with pytest.raises(UserError, match="has not given it the power to revoke"):
        revoke(trust.uri, now=world.now)


def test_an_identity_is_revoked_by_its_own_key(world: World) -> None:
    identity = Resource.objects.get(signer=ALICE.fingerprint, kind="identity")
    with pytest.raises(UserError, match="by the user's own key, with the recovery phrase"):
        revoke(identity.uri, now=world.now)


def test_the_node_s_own_identity_can_be_taken_back(world: World) -> None:
    identity = Resource.objects.get(signer=LAPTOP.fingerprint, kind="identity")
    revoke(identity.uri, now=world.now)
    assert world.facts.authorised(ALICE.fingerprint, world.here, world.now) is None


def test_a_revocation_stays(world: World) -> None:
    revocation = revoke(own_message(world).uri, now=world.now)
    with pytest.raises(UserError, match="A revocation cannot be revoked"):
        revoke(revocation.uri, now=world.now)


def test_what_belongs_to_others_is_not_ours_to_revoke(world: World) -> None:
    world.know(DESK)
    post = notice()
    world.accept(post)
    with pytest.raises(UserError, match="did not publish that resource"):
        revoke(uri(BOB.fingerprint, post.identifier), now=world.now)
    with pytest.raises(UserError, match="There is no such resource here"):
        revoke(uri(BOB.fingerprint, post.identifier), now=world.now, user=ALICE.fingerprint)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nonsense", "is not a resource's URI"),
        (uri(ALICE.fingerprint, ANOTHER), "There is no such resource here"),
        (uri(BOB.fingerprint, LAPTOP.authorisation().identifier), "There is no such resource"),
        (uri(ALICE.fingerprint), "There is no such resource here"),
    ],
)
def test_what_is_not_there_cannot_be_revoked(world: World, text: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        revoke(text, now=world.now)


def test_all_or_none(world: World) -> None:
    good = own_message(world)
    identity = Resource.objects.get(signer=ALICE.fingerprint, kind="identity")
    before = world.journal()
    with pytest.raises(UserError):
        revoke_all([good.identifier, identity.identifier], now=world.now)
    assert world.journal() == before
    good.refresh_from_db()
    assert good.is_held


def test_what_is_revoked_already_is_left_out(world: World) -> None:
    row = own_message(world)
    assert len(revoke_all([row.identifier], now=world.now)) == 1
    assert revoke_all([row.identifier], now=world.now) == []
    with pytest.raises(UserError, match="revoked already"):
        revoke(row.uri, now=world.now)


# Trusts


def test_trusting_a_user(world: World) -> None:
    world.accept(*card_resources(DESK))
    row = trust_user(ALICE.fingerprint, BOB.fingerprint, now=world.now)
    assert row is not None
    assert read_resource(row.envelope()).sections["trust"] == {
        "trustee": BOB.fingerprint,
        "type": "user",
        "authorization": ["read_resource"],
    }
    assert trust_user(ALICE.fingerprint, BOB.fingerprint, now=world.now) is None


def test_a_new_trust_has_the_contact_s_nodes_called_at_once(world: World) -> None:
    world.accept(*card_resources(DESK))
    now = world.now
    for node in (DESK, TABLET):
        note_failure(node.fingerprint, "nothing listens there", now, now)
    trust_user(ALICE.fingerprint, BOB.fingerprint, now=now)
    assert Peer.objects.get(fingerprint=DESK.fingerprint).next_attempt == now
    assert Peer.objects.get(fingerprint=TABLET.fingerprint).next_attempt > now


def test_whom_one_cannot_trust_as_a_user(world: World) -> None:
    world.accept(*card_resources(DESK))
    with pytest.raises(UserError, match="your own card"):
        trust_user(ALICE.fingerprint, ALICE.fingerprint, now=world.now)
    with pytest.raises(UserError, match="a node's key, not a person's"):
        trust_user(ALICE.fingerprint, DESK.fingerprint, now=world.now)


def test_authorising_a_node(world: World) -> None:
    until = later(days=30)
    trust_node(ALICE.fingerprint, RELAY.fingerprint, ["read_resource"], until=until, now=world.now)
    # Nothing yet: the node has not agreed.
    assert world.facts.authorised(ALICE.fingerprint, RELAY.fingerprint, world.now) is None
    given = world.facts.trusts_between(ALICE.fingerprint, RELAY.fingerprint)
    assert [fact.powers for fact in given] == [{"read_resource"}]
    assert given[0].expires is not None
    assert abs((given[0].expires - until).total_seconds()) < 0.001


def test_what_cannot_be_authorised(world: World) -> None:
    world.accept(BOB.identity())
    now = world.now
    with pytest.raises(UserError, match="a person's key, not a node's"):
        trust_node(ALICE.fingerprint, BOB.fingerprint, ["read_resource"], until=None, now=now)
    with pytest.raises(UserError, match="lies in the past"):
        trust_node(ALICE.fingerprint, RELAY.fingerprint, ["read_resource"], until=now, now=now)
    with pytest.raises(UserError):  # never the power to create trusts
        trust_node(
            ALICE.fingerprint,
            RELAY.fingerprint,
            ["read_resource", "create_trust"],
            until=None,
            now=now,
        )
    assert not world.facts.trusts_between(ALICE.fingerprint, RELAY.fingerprint)


def test_withdrawing_ends_every_current_trust(world: World) -> None:
    world.know(DESK)
    world.accept(ALICE.trust(BOB))
    rows = withdraw(ALICE.fingerprint, BOB.fingerprint, now=world.now)
    assert len(rows) == 2
    assert not world.facts.gives(ALICE.fingerprint, BOB.fingerprint, world.now)
    with pytest.raises(UserError, match="no current trust"):
        withdraw(ALICE.fingerprint, BOB.fingerprint, now=world.now)


def test_the_peers_cut_off_are_to_be_told_for_30_days(world: World) -> None:
    world.know(DESK)
    for node in (DESK, TABLET, EVIL):
        get_peer(node.fingerprint)
    now = world.now
    assert world.facts.may_talk(world.here, DESK.fingerprint, now)
    [revocation] = withdraw(ALICE.fingerprint, BOB.fingerprint, now=now)
    [farewell] = Farewell.objects.all()
    assert (farewell.peer, farewell.revocation) == (DESK.fingerprint, revocation.identifier)
    assert (farewell.until - now).days == 30


def test_a_peer_that_stays_connected_through_others_gets_no_farewell(world: World) -> None:
    world.know(DESK)
    world.enrol(CAROL)
    carol = world.accounts["carol"]
    trust_user(str(carol.fingerprint), BOB.fingerprint, now=world.now)
    world.accept(BOB.trust(CAROL))
    get_peer(DESK.fingerprint)
    withdraw(ALICE.fingerprint, BOB.fingerprint, now=world.now)
    assert world.facts.may_talk(world.here, DESK.fingerprint, world.now)
    assert not Farewell.objects.exists()


def test_what_others_revoke_among_themselves_is_no_farewell_of_ours(world: World) -> None:
    world.know(DESK)
    get_peer(DESK.fingerprint)
    world.accept(BOB.revocation(BOB.trust(ALICE)))
    assert not world.facts.may_talk(world.here, DESK.fingerprint, world.now)
    assert not Farewell.objects.exists()
    assert MALLORY.fingerprint not in world.facts.users_of(EVIL.fingerprint, world.now)


def test_trust_that_was_withdrawn_can_be_given_again_and_again(world: World) -> None:
    world.know(DESK)
    for _ in range(3):
        withdraw(ALICE.fingerprint, BOB.fingerprint, now=world.now)
        assert not world.facts.gives(ALICE.fingerprint, BOB.fingerprint, world.now)
        assert trust_user(ALICE.fingerprint, BOB.fingerprint, now=world.now) is not None
        assert world.facts.gives(ALICE.fingerprint, BOB.fingerprint, later(days=365))


def test_a_node_can_be_authorised_again_until_the_same_moment(world: World) -> None:
    until = later(days=30)
    for _ in range(2):
        trust_node(
            ALICE.fingerprint, RELAY.fingerprint, ["read_resource"], until=until, now=world.now
        )
        withdraw(ALICE.fingerprint, RELAY.fingerprint, now=world.now)
    facts = world.facts.trusts_between(ALICE.fingerprint, RELAY.fingerprint)
    assert len({fact.identifier for fact in facts}) == 2
    for fact in facts:
        assert fact.expires is not None
        assert abs((fact.expires - until).total_seconds()) < 0.01


def test_what_this_node_may_take_back_is_what_it_can(world: World) -> None:
    """`may_take_back` says what `revoke_all` would do."""
    facts = world.facts
    [own] = facts.trusts_between(ALICE.fingerprint, LAPTOP.fingerprint)
    assert may_take_back([own], world.now)  # it has the power to revoke
    world.know(DESK)
    [theirs] = world.facts.trusts_between(BOB.fingerprint, ALICE.fingerprint)
    assert not may_take_back([theirs], world.now)
    assert not may_take_back([own, theirs], world.now)
    with pytest.raises(UserError, match="recovery phrase"):
        revoke_all([theirs.identifier], now=world.now)
