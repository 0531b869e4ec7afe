"""The door for resources of others: order, repetition, drops, endings."""

from dataclasses import replace
from typing import Any

import pytest

from journal.accept import accept, count_drops, read_batch
from journal.models import DropCount, Line, Resource, Wanted
from journal.signals import resources_accepted
from nodes.enrolment import identity_section
from nodes.errors import UserError
from sdmp.encoding import format_time
from sdmp.lines import check_chain
from sdmp.trust import State
from tests.support.cast import (
    ALICE,
    ALL_POWERS,
    BOB,
    CAROL,
    DESK,
    EVIL,
    FULL,
    LAPTOP,
    MALLORY,
    RELAY,
    TABLET,
    Node,
)
from tests.support.world import (
    ANOTHER,
    World,
    card_resources,
    later,
    letter_to,
    notice,
    signed,
    trust_for,
)

BASE = [BOB.identity(), DESK.authorisation(), DESK.identity()]


def why(report: Any) -> dict[str, str]:
    return {identifier: error.why for identifier, error in report.refused.items()}


def drops() -> dict[str, int]:
    return dict(DropCount.objects.values_list("reason", "count"))


def test_a_batch_is_taken_in_its_order_with_a_line_each(world: World) -> None:
    batch = [*BASE, notice(), letter_to(ALICE)]
    start = len(world.journal())
    report = world.accept(*batch)
    identifiers = [envelope.identifier for envelope in batch]
    assert report.accepted == identifiers
    assert [row.identifier for row in world.our_resources(author=BOB.fingerprint)] == identifiers
    lines = world.journal()
    check_chain(lines)
    assert [line.rpartition("/")[2] for line in lines[start:]] == identifiers


def test_what_a_resource_depends_on_comes_first(world: World) -> None:
    post = notice()
    report = world.accept(post, *BASE)
    assert why(report) == {post.identifier: "unknown_signer"}
    assert world.accept(post).accepted == [post.identifier]


def test_accepting_twice_changes_nothing(world: World) -> None:
    batch = [*BASE, notice()]
    world.accept(*batch)
    before = world.journal()
    report = world.accept(*batch)
    assert report.accepted == []
    assert report.held == [envelope.identifier for envelope in batch]
    assert world.journal() == before
    assert drops() == {}


def test_one_resource_twice_in_a_batch_gets_one_line(world: World) -> None:
    post = notice()
    report = world.accept(*BASE, post, post)
    assert report.accepted.count(post.identifier) == 1
    assert report.held == [post.identifier]
    assert Line.objects.filter(resource__identifier=post.identifier).count() == 1


def test_one_bad_resource_does_not_spoil_the_others(world: World) -> None:
    good, forged = notice(text="good"), signed(BOB, EVIL, DESK.authorisation().identifier,
                                               message="forged")  # fmt: skip
    last = notice(text="last")
    report = world.accept(*BASE, good, forged, last)
    assert why(report) == {forged.identifier: "unknown_signer"}
    assert report.accepted[-2:] == [good.identifier, last.identifier]
    check_chain(world.journal())


def test_a_refusal_is_not_remembered_by_identifier(world: World) -> None:
    post, other = notice(), letter_to(ALICE)
    spoilt = replace(post, signature=other.signature)
    assert spoilt.identifier == post.identifier
    assert why(world.accept(*BASE, spoilt)) == {post.identifier: "signature"}
    assert world.accept(post).accepted == [post.identifier]
    report = world.accept(spoilt)  # held already: what is here is the good one
    assert report.held == [post.identifier]
    assert Resource.objects.get(identifier=post.identifier).signature == post.signature


def test_drops_are_counted_by_reason(world: World) -> None:
    unknown = [notice(EVIL, str(n)) for n in range(3)]
    world.accept(*unknown)
    assert drops() == {"unknown_signer": 3}
    world.accept(unknown[0], *BASE, signed(BOB, DESK, ANOTHER, message="x"))
    assert drops() == {"unknown_signer": 4, "unauthorised": 1}
    count_drops([])
    assert drops() == {"unknown_signer": 4, "unauthorised": 1}


def test_what_cannot_be_read_is_counted_and_spoils_nothing(world: World) -> None:
    good = notice()
    bad = good.to_json()
    section: Any = bad["signature"]
    bad["signature"] = {**section, "identifier": ANOTHER}
    values: list[Any] = [{"nonsense": 1}, good.to_json(), bad, None]
    envelopes, unreadable = read_batch(values)
    assert envelopes == [good]
    assert unreadable == 3
    assert drops() == {"schema": 2, "identifier": 1}


def test_only_wanted_authors_are_kept(world: World) -> None:
    batch = [*BASE, notice(), *card_resources(EVIL)]
    report = world.accept(*batch, authors={BOB.fingerprint})
    assert len(report.accepted) == 4
    assert not Resource.objects.filter(author=MALLORY.fingerprint).exists()
    # What was left aside lends no authority to what follows.
    after = world.accept(notice(EVIL), authors={MALLORY.fingerprint})
    assert set(why(after).values()) == {"unknown_signer"}


def test_what_comes_is_wanted_no_more(world: World) -> None:
    post = notice()
    for peer in ("p" * 86, "q" * 86):
        Wanted.objects.create(
            peer=peer, position=2, author=BOB.fingerprint, identifier=post.identifier
        )
    other = Wanted.objects.create(
        peer="p" * 86, position=3, author=BOB.fingerprint, identifier=ANOTHER
    )
    world.accept(*BASE, post)
    assert list(Wanted.objects.all()) == [other]


def test_apps_above_hear_of_what_was_accepted_and_of_nothing_else(world: World) -> None:
    heard: list[list[str]] = []

    def hear(resources: Any, **_: Any) -> None:
        heard.append([row.identifier for row, _ in resources])

    resources_accepted.connect(hear)
    try:
        post = notice()
        world.accept(*BASE, notice(EVIL), post)
        world.accept(post)
    finally:
        resources_accepted.disconnect(hear)
    assert heard == [[*(envelope.identifier for envelope in BASE), post.identifier]]


# Revocations (§6)


def test_revoked_content_is_deleted_and_its_identifier_remembered(world: World) -> None:
    post = notice()
    world.accept(*BASE, post)
    lines = world.journal()
    revocation = BOB.revocation(post)
    assert world.accept(revocation).accepted == [revocation.identifier]
    row = Resource.objects.get(identifier=post.identifier)
    assert not row.is_held
    assert row.payload is None
    assert row.revoked_by is not None
    assert row.revoked_by.identifier == revocation.identifier
    assert world.journal()[:-1] == lines  # its line stays
    again = world.accept(post)
    assert why(again) == {post.identifier: "revoked"}
    assert world.accept(revocation).held == [revocation.identifier]


@pytest.mark.parametrize("target", ["trust", "identity"])
def test_an_ended_identity_or_trust_is_kept(world: World, target: str) -> None:
    world.accept(*BASE, BOB.trust(ALICE))
    revoked = BOB.trust(ALICE) if target == "trust" else DESK.identity()
    world.accept(BOB.revocation(revoked))
    row = Resource.objects.get(identifier=revoked.identifier)
    assert row.is_held
    assert row.revoked_by is not None
    assert world.facts.is_revoked(revoked.identifier)
    assert why(world.accept(revoked)) == {revoked.identifier: "revoked"}


def test_a_revocation_before_its_target_is_applied_when_the_target_comes(world: World) -> None:
    post, trust = notice(), BOB.trust(ALICE)
    world.accept(*BASE, BOB.revocation(post), BOB.revocation(trust))
    report = world.accept(post, trust)
    assert why(report) == {post.identifier: "revoked"}
    assert report.accepted == [trust.identifier]  # as ended
    row = Resource.objects.get(identifier=trust.identifier)
    assert row.is_held
    assert row.revoked_by is not None
    assert not world.facts.gives(BOB.fingerprint, ALICE.fingerprint, world.now)
    assert not Resource.objects.filter(identifier=post.identifier).exists()


def test_both_in_one_batch_revocation_first(world: World) -> None:
    trust = BOB.trust(ALICE)
    world.accept(*BASE, BOB.revocation(trust), trust)
    assert Resource.objects.get(identifier=trust.identifier).revoked_by is not None


def test_an_early_revocation_without_the_right_does_nothing(world: World) -> None:
    """A node without `revoke` may revoke what it signed itself, and this it did not."""
    trust = BOB.trust(ALICE)
    early = DESK.resource(revoke={"resource": trust.identifier})
    assert world.accept(*BASE, early, trust).refused == {}
    assert Resource.objects.get(identifier=trust.identifier).revoked_by is None
    assert world.facts.gives(BOB.fingerprint, ALICE.fingerprint, world.now)


def test_an_early_revocation_of_another_user_does_nothing(world: World) -> None:
    trust = BOB.trust(ALICE)
    world.accept(*BASE, MALLORY.identity(), MALLORY.revocation(trust), trust)
    assert world.facts.gives(BOB.fingerprint, ALICE.fingerprint, world.now)


def test_a_revocation_cannot_be_revoked(world: World) -> None:
    post = notice()
    first = BOB.revocation(post)
    world.accept(*BASE, post, first)
    second = BOB.revocation(first)
    assert why(world.accept(second)) == {second.identifier: "forbidden"}


def test_a_node_revokes_what_it_signed(world: World) -> None:
    post = notice()
    by_desk = DESK.resource(revoke={"resource": post.identifier})
    world.accept(*BASE, post, by_desk)
    assert not Resource.objects.get(identifier=post.identifier).is_held


def test_a_node_with_the_power_revokes_what_others_signed_naming_its_trust(
    world: World,
) -> None:
    profile = BOB.profile()
    trust = trust_for(DESK, ALL_POWERS)
    identity = signed(BOB, DESK, trust.identifier,
                      identity=identity_section(DESK.public, "node", later(days=9)))  # fmt: skip
    world.accept(BOB.identity(), trust, identity, profile)
    silent = signed(BOB, DESK, trust.identifier, revoke={"resource": profile.identifier})
    assert set(why(world.accept(silent)).values()) == {"unauthorised"}
    named = signed(
        BOB,
        DESK,
        trust.identifier,
        revoke={"resource": profile.identifier, "authorization": trust.identifier},
    )
    assert world.accept(named).accepted == [named.identifier]
    assert not Resource.objects.get(identifier=profile.identifier).is_held


def test_a_node_without_the_power_cannot(world: World) -> None:
    profile = BOB.profile()
    trust = DESK.authorisation().identifier
    named = DESK.resource(revoke={"resource": profile.identifier, "authorization": trust})
    report = world.accept(*BASE, profile, named)
    assert why(report) == {named.identifier: "unauthorised"}
    identity = signed(BOB, DESK, trust, revoke={"resource": BOB.identity().identifier})
    assert set(why(world.accept(identity)).values()) == {"unauthorised"}


# What has ended (§5)


def soon_over(node: Node = DESK, powers: Any = FULL) -> tuple[list[Any], Any]:
    """A node whose trust ends in an hour, and a signer of resources under it."""
    trust = trust_for(node, powers, later(hours=1))
    section = identity_section(node.public, "node", later(days=9))
    identity = signed(node.owner, node, trust.identifier, identity=section)

    def make(**sections: Any) -> Any:
        return signed(node.owner, node, trust.identifier, **sections)

    return [node.owner.identity(), trust, identity], make


def test_what_was_accepted_is_not_undone_when_the_trust_ends(world: World) -> None:
    base, make = soon_over()
    post = make(message="Hello")
    world.accept(*base, post)
    report = world.accept(post, now=later(hours=2))
    assert report.held == [post.identifier]


def test_what_comes_after_the_end_is_expired(world: World) -> None:
    base, make = soon_over()
    world.accept(*base)
    contents: list[dict[str, Any]] = [
        {"message": "x"},
        {"node": {"ips": []}},
        {"user": {"name": "Bob"}},
    ]
    for sections in contents:
        late = make(**sections)
        assert why(world.accept(late, now=later(hours=2))) == {late.identifier: "expired"}


def test_an_ended_trust_or_node_identity_is_accepted_as_ended(world: World) -> None:
    base, _ = soon_over()
    report = world.accept(*base, now=later(hours=2))
    assert report.accepted == [envelope.identifier for envelope in base]
    trust = world.facts.trust(base[1].identifier)
    assert trust is not None
    assert world.facts.trust_state(trust, later(hours=2)) is State.EXPIRED
    assert world.facts.authorised(BOB.fingerprint, DESK.fingerprint, later(hours=2)) is None


def test_a_current_trust_of_the_same_powers_stands_in(world: World) -> None:
    base, make = soon_over()
    world.accept(*base)
    stand_in = trust_for(DESK, FULL)
    post = make(message="Hello")
    assert world.accept(stand_in, post, now=later(hours=2)).accepted[-1] == post.identifier


def test_one_of_fewer_powers_does_not_stand_in(world: World) -> None:
    base, make = soon_over()
    world.accept(*base)
    less = trust_for(DESK, ("read_resource", "read_encrypted"))
    post = make(message="Hello")
    report = world.accept(less, post, now=later(hours=2))
    assert why(report) == {post.identifier: "expired"}


def test_one_of_another_node_does_not_stand_in(world: World) -> None:
    base, make = soon_over()
    other = Node("tablet", BOB, FULL, "192.0.2.9:1")
    world.accept(*base, other.authorisation(), other.identity())
    post = make(message="Hello")
    assert why(world.accept(post, now=later(hours=2))) == {post.identifier: "expired"}


def test_a_trust_that_never_granted_it_is_no_matter_of_time(world: World) -> None:
    base, make = soon_over(powers=("read_resource",))
    post = make(message="Hello")
    world.accept(*base, trust_for(DESK, FULL))
    assert why(world.accept(post, now=later(hours=2))) == {post.identifier: "unauthorised"}


# Vouching: the node handing over could have published it itself

OTHER = Node("tablet", BOB, FULL, "192.0.2.9:1")


def test_the_author_s_other_node_vouches(world: World) -> None:
    base, make = soon_over()
    world.accept(*base, OTHER.authorisation(), OTHER.identity())
    post = make(message="Hello")
    assert why(world.accept(post, now=later(hours=2))) == {post.identifier: "expired"}
    report = world.accept(post, now=later(hours=2), hand=OTHER)
    assert report.accepted == [post.identifier]


def test_a_node_that_only_hosts_the_author_does_not_vouch(world: World) -> None:
    base, make = soon_over()
    host = Node("tablet", BOB, ("read_resource",), "192.0.2.9:1")
    world.accept(*base, host.authorisation(), host.identity())
    post = make(message="Hello")
    report = world.accept(post, now=later(hours=2), hand=host)
    assert why(report) == {post.identifier: "expired"}


def test_the_signer_itself_does_not_vouch_once_its_trust_has_ended(world: World) -> None:
    base, make = soon_over()
    world.accept(*base)
    post = make(message="Hello")
    report = world.accept(post, now=later(hours=2), hand=DESK)
    assert why(report) == {post.identifier: "expired"}


def test_to_vouch_for_a_trust_takes_every_power_that_it_grants(world: World) -> None:
    base, make = soon_over(powers=(*FULL, "create_trust"))
    grant = {"type": "node", "authorization": ["read_resource", "publish_resource"]}
    trust = make(trust={"trustee": TABLET.fingerprint, **grant})
    reader = Node("relay", BOB, ("read_resource", "publish_resource"), "192.0.2.9:2")
    grantor = Node("evil", BOB, (*FULL, "create_trust"), "192.0.2.9:3")
    world.accept(*base)
    for node in (reader, grantor):
        world.accept(node.authorisation(), node.identity())
    world.accept(trust, now=later(hours=2), hand=reader)
    fact = world.facts.trust(trust.identifier)
    assert fact is not None
    assert not fact.settled  # accepted as ended: the hand lacks create_trust
    user_trust = make(
        trust={"trustee": CAROL.fingerprint, "type": "user", "authorization": ["read_resource"]}
    )
    world.accept(user_trust, now=later(hours=2), hand=grantor)
    settled = world.facts.trust(user_trust.identifier)
    assert settled is not None
    assert settled.settled
    assert world.facts.gives(BOB.fingerprint, CAROL.fingerprint, later(hours=2))


def test_for_a_revocation_any_trust_vouches_and_the_right_is_the_signer_s(
    world: World,
) -> None:
    base, make = soon_over()
    post, profile = make(message="Hello"), BOB.profile()
    host = Node("tablet", BOB, ("read_resource",), "192.0.2.9:1")
    world.accept(*base, post, profile, host.authorisation(), host.identity())
    own, foreign = (make(revoke={"resource": r.identifier}) for r in (post, profile))
    assert why(world.accept(own, now=later(hours=2))) == {own.identifier: "expired"}
    report = world.accept(own, foreign, now=later(hours=2), hand=host)
    assert report.accepted == [own.identifier]
    assert why(report) == {foreign.identifier: "unauthorised"}
    assert not Resource.objects.get(identifier=post.identifier).is_held


@pytest.mark.parametrize(
    "sections",
    [{"message": "x"}, {"user": {"name": "B"}}, {"receipt": ANOTHER}],
    ids=lambda sections: next(iter(sections)),
)
def test_mail_is_fetched_again_from_a_node_of_ours_that_reads_and_publishes(
    world: World, sections: dict[str, Any]
) -> None:
    base, make = soon_over()
    mine = Node("tablet", ALICE, FULL, "192.0.2.9:1")
    world.accept(*base, mine.authorisation(), mine.identity())
    late = make(**sections)
    # Nobody here has trusted the author yet.
    report = world.accept(late, now=later(hours=2), hand=mine)
    assert why(report) == {late.identifier: "expired"}
    world.accept(ALICE.trust(BOB))
    report = world.accept(late, now=later(hours=2), hand=mine)
    assert report.accepted == [late.identifier]


@pytest.mark.parametrize(
    "sections",
    [
        {"node": {"ips": []}},
        {"schema": {}},
        {"revoke": {"resource": ANOTHER}},
    ],
    ids=lambda sections: next(iter(sections)),
)
def test_nothing_but_mail_is_fetched_again_so(world: World, sections: dict[str, Any]) -> None:
    base, make = soon_over()
    mine = Node("tablet", ALICE, FULL, "192.0.2.9:1")
    world.accept(*base, mine.authorisation(), mine.identity(), ALICE.trust(BOB))
    late = make(**sections)
    report = world.accept(late, now=later(hours=2), hand=mine)
    assert why(report) == {late.identifier: "expired"}


def test_our_relay_which_cannot_read_does_not_vouch(world: World) -> None:
    base, make = soon_over()
    world.accept(*base, RELAY.authorisation(), RELAY.identity(), ALICE.trust(BOB))
    late = make(message="x")
    report = world.accept(late, now=later(hours=2), hand=RELAY)
    assert why(report) == {late.identifier: "expired"}


def test_when_the_user_s_identity_has_ended_an_own_signature_needs_a_voucher(
    world: World,
) -> None:
    world.accept(BOB.identity(format_time(later(hours=1))))
    profile = BOB.profile()
    report = world.accept(profile, now=later(hours=2))
    assert why(report) == {profile.identifier: "expired"}
    world.accept(BOB.identity())  # prolonged
    assert world.accept(profile, now=later(hours=2)).accepted == [profile.identifier]


def test_a_revoked_identity_ends_all(world: World) -> None:
    world.accept(*BASE, BOB.trust(ALICE), BOB.revocation(BOB.identity()))
    post = notice()
    assert why(world.accept(post)) == {post.identifier: "revoked"}
    assert world.facts.authorised(BOB.fingerprint, DESK.fingerprint, world.now) is None
    assert world.facts.user_state(BOB.fingerprint, world.now) is State.REVOKED


def test_a_key_is_of_one_kind(world: World) -> None:
    world.accept(*BASE)
    as_user = signed(DESK, DESK, identity=identity_section(DESK.public, "user", later(days=9)))
    assert why(world.accept(as_user)) == {as_user.identifier: "identity"}


def test_a_trust_alone_gives_a_node_nothing(world: World) -> None:
    post = notice()
    report = world.accept(BOB.identity(), DESK.authorisation(), post)
    assert why(report) == {post.identifier: "unknown_signer"}
    assert world.facts.authorised(BOB.fingerprint, DESK.fingerprint, world.now) is None
    assert not world.accept(*BASE, LAPTOP.identity(), now=world.now).refused


def test_nothing_is_written_without_a_node(db: None) -> None:
    with pytest.raises(UserError):
        accept(BASE, now=later())
    assert not Resource.objects.exists()
