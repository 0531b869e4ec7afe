"""Facts in memory: fresh, standing still for readers, and never from what was rolled back."""

import contextlib
import threading
from collections.abc import Iterator

import pytest
from django.db import connection, transaction

from nodes import facts
from nodes.facts import current_facts
from nodes.models import Trust
from sdmp.encoding import format_time
from sdmp.trust import State
from tests.support.cast import ALICE, ALL_POWERS, BOB, CAROL, DESK, LAPTOP
from tests.support.world import World, later, signed, trust_for


class Undone(Exception):
    """Rolls a transaction back."""


@contextlib.contextmanager
def rolled_back() -> Iterator[None]:
    """A transaction that is given up at its end."""
    with contextlib.suppress(Undone), transaction.atomic():
        yield
        raise Undone


def test_what_is_accepted_shows_at_once(world: World) -> None:
    assert not world.facts.gives(BOB.fingerprint, ALICE.fingerprint, world.now)
    world.accept(BOB.identity(), BOB.trust(ALICE))
    assert world.facts.gives(BOB.fingerprint, ALICE.fingerprint, world.now)


def test_all_that_a_fact_says_is_read_back(world: World) -> None:
    until = later(days=3)
    node_made = signed(
        ALICE,
        LAPTOP,
        LAPTOP.authorisation().identifier,
        trust={
            "trustee": DESK.fingerprint,
            "type": "node",
            "authorization": ["read_resource", "revoke"],
            "expires": format_time(until),
        },
    )
    revocation = signed(
        ALICE,
        LAPTOP,
        LAPTOP.authorisation().identifier,
        revoke={
            "resource": node_made.identifier,
            "authorization": LAPTOP.authorisation().identifier,
        },
    )
    world.accept(node_made, revocation)
    within = world.facts  # read inside the transaction that wrote
    facts.forget()
    for known in (within, world.facts):
        fact = known.trust(node_made.identifier)
        assert fact is not None
        assert (fact.issuer, fact.trustee) == (ALICE.fingerprint, DESK.fingerprint)
        assert fact.type == "node"
        assert fact.powers == {"read_resource", "revoke"}
        assert fact.expires is not None
        assert format_time(fact.expires) == format_time(until)
        assert (fact.signer, fact.named) == (
            LAPTOP.fingerprint,
            LAPTOP.authorisation().identifier,
        )
        assert fact.settled
        [revoked] = known.revocations(node_made.identifier)
        assert revoked.authorization == LAPTOP.authorisation().identifier
        assert revoked.signer == LAPTOP.fingerprint
        [copy] = known.copies(LAPTOP.fingerprint, ALICE.fingerprint)
        assert copy.type == "node"
        assert known.key(LAPTOP.fingerprint) == LAPTOP.public
        assert known.kind(ALICE.fingerprint) == "user"
        assert known.trust_state(fact, world.now) is State.REVOKED


def test_a_trust_accepted_as_ended_is_remembered_so(world: World) -> None:
    giving = trust_for(DESK, (*DESK.powers, "create_trust"), later(days=-1))
    by_desk = signed(
        BOB,
        DESK,
        giving.identifier,
        trust={"trustee": CAROL.fingerprint, "type": "user", "authorization": ["read_resource"]},
    )
    world.accept(BOB.identity(), giving, DESK.identity(), by_desk)
    named = signed(BOB, DESK, giving.identifier, identity=identity_of_desk())
    world.accept(named, by_desk)
    assert not Trust.objects.get(identifier=by_desk.identifier).settled
    facts.forget()
    fact = world.facts.trust(by_desk.identifier)
    assert fact is not None
    assert not fact.settled
    assert not world.facts.gives(BOB.fingerprint, CAROL.fingerprint, world.now)


def identity_of_desk() -> dict[str, str]:
    return {
        "type": "node",
        "expires": "2036-01-01T00:00:00.000Z",
        "key": DESK.public.pem,
        "fingerprint": DESK.fingerprint,
    }


def test_what_a_reader_holds_stands_still(world: World) -> None:
    before = world.facts
    world.accept(BOB.identity(), BOB.trust(ALICE))
    assert world.facts is not before
    assert before.kind(BOB.fingerprint) is None
    assert before.trusts_between(BOB.fingerprint, ALICE.fingerprint) == []
    assert before.issuers(ALICE.fingerprint, "user") == set()


@pytest.mark.django_db(transaction=True)
def test_nothing_is_read_twice_when_nothing_came(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch).start()
    world.enrol()
    assert world.facts is world.facts
    assert world.facts.authorised(ALICE.fingerprint, LAPTOP.fingerprint, world.now) == frozenset(
        ALL_POWERS
    )


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_never_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch).start()
    world.enrol()
    with rolled_back():
        world.accept(BOB.identity(), BOB.trust(ALICE))
        assert world.facts.gives(BOB.fingerprint, ALICE.fingerprint, world.now)
    assert world.facts.kind(BOB.fingerprint) is None
    # The rows that come now bear the numbers of those that are gone.
    world.accept(CAROL.identity(), CAROL.trust(ALICE))
    assert world.facts.kind(CAROL.fingerprint) == "user"
    assert world.facts.kind(BOB.fingerprint) is None
    assert world.facts.gives(CAROL.fingerprint, ALICE.fingerprint, world.now)


@pytest.mark.django_db(transaction=True)
def test_a_transaction_right_after_one_rolled_back_reads_afresh(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(monkeypatch).start()
    world.enrol()
    with rolled_back():
        world.accept(BOB.identity(), BOB.trust(ALICE))
    with transaction.atomic():
        assert world.facts.kind(BOB.fingerprint) is None
        world.accept(CAROL.identity())
        assert world.facts.kind(CAROL.fingerprint) == "user"
    assert world.facts.kind(CAROL.fingerprint) == "user"
    assert world.facts.kind(BOB.fingerprint) is None


@pytest.mark.django_db(transaction=True)
def test_a_part_that_is_rolled_back_within_a_transaction_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(monkeypatch).start()
    world.enrol()
    with transaction.atomic():
        world.accept(CAROL.identity())
        with rolled_back():
            world.accept(BOB.identity())
            assert world.facts.kind(BOB.fingerprint) == "user"
        assert world.facts.kind(BOB.fingerprint) is None
    assert world.facts.kind(BOB.fingerprint) is None
    assert world.facts.kind(CAROL.fingerprint) == "user"


@pytest.mark.django_db(transaction=True)
def test_threads_that_wrote_nothing_share_one_set(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch).start()
    world.enrol()
    found: list[object] = []

    def look() -> None:
        try:
            found.append(current_facts())
        finally:
            connection.close()

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 3
    assert all(each is world.facts for each in found)
