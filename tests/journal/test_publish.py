"""The door for own resources."""

from typing import Any

import pytest

from journal.models import Line, Resource
from journal.publish import ToPublish, publish, publish_all, trust_to_name
from journal.signals import resources_published
from nodes.errors import UserError
from nodes.models import Account, LocalNode
from sdmp.lines import check_chain
from sdmp.resource import read_resource
from sdmp.signature import verify
from tests.support.cast import ALICE, ALL_POWERS, BOB, CAROL, DESK, LAPTOP
from tests.support.world import World, later, signed, trust_for


def test_what_is_published_is_signed_for_the_user_and_has_its_line(world: World) -> None:
    row = publish(ALICE.fingerprint, {"message": "Hello"}, now=world.now)
    content = read_resource(row.envelope())
    verify(row.envelope(), LAPTOP.public)
    assert (content.user, content.signer) == (ALICE.fingerprint, LAPTOP.fingerprint)
    assert content.trust == LAPTOP.authorisation().identifier
    assert world.journal()[-1].endswith(f"@{ALICE.fingerprint}/{row.identifier}")
    check_chain(world.journal())


def test_several_are_written_in_their_order(world: World) -> None:
    items = [ToPublish(ALICE.fingerprint, {"message": str(number)}) for number in range(3)]
    written = publish_all(items, now=world.now)
    assert [row.line.position for row, _ in written] == [7, 8, 9]
    assert [content.sections["message"] for _, content in written] == ["0", "1", "2"]


def test_a_host_account_publishes_nothing(world: World) -> None:
    world.enrol(BOB, mode=Account.Mode.HOST)
    before = world.journal()
    with pytest.raises(UserError, match="has not given this node the power"):
        publish(BOB.fingerprint, {"message": "Hello"}, now=world.now)
    assert world.journal() == before


def test_nobody_is_published_for_who_did_not_ask_for_it(world: World) -> None:
    world.know(DESK)
    with pytest.raises(UserError, match="has not given this node the power"):
        publish(BOB.fingerprint, {"message": "I am Bob"}, now=world.now)


def test_one_without_power_keeps_all_from_being_written(world: World) -> None:
    before = world.journal()
    items = [ToPublish(user.fingerprint, {"message": "x"}) for user in (ALICE, BOB)]
    with pytest.raises(UserError):
        publish_all(items, now=world.now)
    assert world.journal() == before


def test_what_the_protocol_refuses_is_not_written(world: World) -> None:
    before = world.journal()
    good = ToPublish(ALICE.fingerprint, {"message": "x"})
    bad = ToPublish(ALICE.fingerprint, {"user": {"about": "nameless"}})
    with pytest.raises(UserError, match="This cannot be published: "):
        publish_all([good, bad], now=world.now)
    assert world.journal() == before
    assert not Resource.objects.filter(kind="message").exists()
    assert LocalNode.objects.get().head_line == before[-1]


def test_a_failure_of_the_apps_above_takes_the_line_back(world: World) -> None:
    before = world.journal()

    def fail(**_: Any) -> None:
        raise RuntimeError

    resources_published.connect(fail)
    try:
        with pytest.raises(RuntimeError):
            publish(ALICE.fingerprint, {"message": "x"}, now=world.now)
    finally:
        resources_published.disconnect(fail)
    assert world.journal() == before
    assert LocalNode.objects.get().head_line == before[-1]
    publish(ALICE.fingerprint, {"message": "x"}, now=world.now)
    check_chain(world.journal())


def test_the_right_trust_is_named(world: World) -> None:
    less = trust_for(LAPTOP, ("read_resource", "publish_resource"))
    world.accept(less)
    named = [
        trust_to_name(world.facts, ALICE.fingerprint, frozenset(needs), world.now)
        for needs in ([], ["publish_resource"], ["create_trust"])
    ]
    assert named == [less.identifier, less.identifier, LAPTOP.authorisation().identifier]


def test_an_ended_trust_is_not_named(world: World) -> None:
    account = world.enrol(BOB, mode=Account.Mode.HOST)
    lent = signed(
        BOB,
        BOB,
        trust={
            "trustee": LAPTOP.fingerprint,
            "type": "node",
            "authorization": list(ALL_POWERS),
            "expires": "2026-01-01T00:00:00.000Z",
        },
    )
    world.accept(lent)
    with pytest.raises(UserError):
        publish(str(account.fingerprint), {"message": "x"}, now=world.now)


def test_the_last_line_is_the_head(world: World) -> None:
    publish(ALICE.fingerprint, {"message": "x"}, now=world.now)
    world.accept(BOB.identity())
    publish(ALICE.fingerprint, {"message": "y"}, now=later())
    node = LocalNode.objects.get()
    last = Line.objects.order_by("position").last()
    assert last is not None
    assert (node.head_position, node.head_line) == (last.position, last.text)
    assert CAROL.fingerprint not in node.head_line


def test_the_very_same_is_not_published_twice(world: World) -> None:
    publish(ALICE.fingerprint, {"message": "x"}, now=world.now)
    before = world.journal()
    with pytest.raises(UserError, match="has been published already"):
        publish(ALICE.fingerprint, {"message": "x"}, now=world.now)
    assert world.journal() == before
