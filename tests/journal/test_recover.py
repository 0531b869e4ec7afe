"""Making an account from a recovery kit."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from journal.models import Line, Resource
from journal.recover import recover, recover_owner
from nodes.enrolment import user_identity
from nodes.errors import UserError
from nodes.models import Account, LocalNode
from nodes.setup import check_token, owner_link
from sdmp.keys import make_recovery_kit
from sdmp.lines import check_chain
from sdmp.resource import make_resource
from tests.support.cast import ALICE, ALL_POWERS, BOB
from tests.support.world import World, card, later

PHRASE = "abandon ability able about above absent absorb abstract absurd abuse access accident"
PASSWORD = "a long house-key 7"


def kit_of(expires: datetime) -> bytes:
    """A recovery kit of Bob's, opened by PHRASE."""
    return make_recovery_kit(BOB.key, PHRASE, expires)


def again(kit: bytes, **given: str) -> Account:
    """Recover Bob on our node."""
    values = {"phrase": PHRASE, "name": "Bob Brown", "password": PASSWORD, **given}
    return recover(kit=kit, **values)


def test_identity_stays_and_the_node_is_trusted(world: World) -> None:
    expires = later(days=1000).replace(microsecond=0)
    kit = kit_of(expires)
    account = again(kit, phrase=f"  {PHRASE.upper()} ")
    assert (account.fingerprint, account.username) == (BOB.fingerprint, "bob")
    assert account.recovery_kit.encode() == kit
    assert account.recovered is not None
    assert account.backup_checked is not None
    assert not account.is_superuser
    assert account.check_password(PASSWORD)
    now = timezone.now()
    assert world.facts.authorised(BOB.fingerprint, world.here, now) == frozenset(ALL_POWERS)
    identity = world.our_resources(author=BOB.fingerprint)[0]
    before = user_identity(BOB.key, expires)
    assert identity.identifier == before.envelope.identifier  # the very resource of before
    assert [row.kind for row in world.our_resources(author=BOB.fingerprint)] == [
        "identity", "trust", "identity", "user", "node",
    ]  # fmt: skip
    check_chain(world.journal())


def test_identity_that_ends_is_prolonged(world: World) -> None:
    again(kit_of(timezone.now() - timedelta(days=1)))
    now = timezone.now()
    [own, *_] = world.facts.copies(BOB.fingerprint, BOB.fingerprint)
    assert own.expires > now + timedelta(days=3000)


def test_what_the_node_holds_already_is_not_published_twice(world: World) -> None:
    world.know()  # Bob is a contact of Alice: his identity and profile are here
    held = {row.identifier for row in Resource.objects.filter(author=BOB.fingerprint)}
    kit = kit_of(world.facts.copies(BOB.fingerprint, BOB.fingerprint)[0].expires)
    again(kit)
    more = [r for r in world.our_resources(author=BOB.fingerprint) if r.identifier not in held]
    assert [row.kind for row in more] == ["trust", "identity", "node"]
    assert world.facts.authorised(BOB.fingerprint, world.here, world.now) is not None


def test_trust_that_was_revoked_here_is_made_anew(world: World) -> None:
    kit = kit_of(later(days=1000))
    account = again(kit)
    [trust] = world.our_resources(author=BOB.fingerprint, kind="trust")
    revocation = make_resource(
        BOB.fingerprint, BOB.key, sections={"revoke": {"resource": trust.identifier}}
    )
    world.accept(revocation.envelope)
    assert world.facts.authorised(BOB.fingerprint, world.here, world.now) is None
    account.delete()
    again(kit)
    assert world.facts.authorised(BOB.fingerprint, world.here, world.now) == frozenset(ALL_POWERS)


def test_what_will_not_do(world: World) -> None:
    kit = kit_of(later(days=1000))
    before = world.journal()
    for given in (
        {"phrase": "not the words"},
        {"password": "short"},
        {"password": "bob-brown"},
        {"name": "x" * 201},
    ):
        with pytest.raises(UserError):
            again(kit, **given)
    for damaged in (b"", b"{}", b"\xff", kit[:-10], card()):
        with pytest.raises(UserError, match="recovery file"):
            again(damaged)
    assert world.journal() == before
    assert Account.objects.count() == 1


def test_who_has_an_account_here_signs_in(world: World) -> None:
    kit = make_recovery_kit(ALICE.key, PHRASE, later(days=1000))
    with pytest.raises(UserError, match="account here already"):
        again(kit)


def test_identity_that_was_revoked_is_not_used(world: World) -> None:
    world.know()
    [identity] = world.facts.copies(BOB.fingerprint, BOB.fingerprint)
    revocation = make_resource(
        BOB.fingerprint, BOB.key, sections={"revoke": {"resource": identity.identifier}}
    )
    world.accept(revocation.envelope)
    with pytest.raises(UserError, match="revoked"):
        again(kit_of(later(days=1000)))


@pytest.mark.django_db
def test_owner_of_a_new_node(own_memory: None) -> None:
    link = owner_link()
    assert link
    token = link.rstrip("/").rpartition("/")[2]
    kit = kit_of(later(days=1000))
    with pytest.raises(UserError):
        recover_owner(token, kit=kit, phrase="no", name="Bob", password=PASSWORD)
    assert check_token(token)  # the link is as good as before
    assert not LocalNode.objects.exists()
    account = recover_owner(token, kit=kit, phrase=PHRASE, name="Bob", password=PASSWORD)
    assert account.is_superuser
    assert account.fingerprint == BOB.fingerprint
    assert LocalNode.objects.get().name == "Bob’s node"
    first = [line.resource for line in Line.objects.order_by("position")[1:3]]
    assert [row.kind for row in first if row] == ["identity", "trust"]  # protocol §8
    assert not check_token(token)
