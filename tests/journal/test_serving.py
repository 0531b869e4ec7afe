"""Agreeing to act for a user who has authorised this node."""

import pytest

from journal.serving import serve_user
from nodes.errors import UserError
from nodes.models import Account
from sdmp.card import write_card
from sdmp.resource import read_resource
from tests.support.cast import ALL_POWERS, BOB, DESK, EVIL, FULL, HOST, LAPTOP
from tests.support.world import World, card, later


def card_for(powers: tuple[str, ...] = HOST, expires: str | None = None) -> bytes:
    trust = BOB.trust(LAPTOP, powers, expires)
    return write_card([BOB.identity(), BOB.profile(), trust])


def test_a_relay_agrees_by_publishing_its_identity_and_address(world: World) -> None:
    before = len(world.our_resources())
    assert serve_user(card_for(), now=world.now) == BOB.fingerprint
    powers = world.facts.authorised(BOB.fingerprint, world.here, world.now)
    assert powers == frozenset(HOST)
    made = world.our_resources()[before:]
    assert [(row.kind, row.signer) for row in made] == [
        ("identity", BOB.fingerprint),
        ("user", BOB.fingerprint),
        ("trust", BOB.fingerprint),
        ("identity", LAPTOP.fingerprint),
        ("node", LAPTOP.fingerprint),
    ]
    assert read_resource(made[3].envelope()).trust == made[2].identifier
    assert not Account.objects.filter(fingerprint=BOB.fingerprint).exists()


def test_agreeing_twice_publishes_nothing_more(world: World) -> None:
    serve_user(card_for(), now=world.now)
    before = world.journal()
    serve_user(card_for(), now=world.now)
    assert world.journal() == before


@pytest.mark.parametrize(("powers", "mode"), [(HOST, "host"), (FULL, "full"), (ALL_POWERS, "full")])
def test_an_account_is_what_its_user_allows(
    world: World, powers: tuple[str, ...], mode: str
) -> None:
    serve_user(card_for(powers), now=world.now, username="bob", password="a long house-key 7")
    account = Account.objects.get(fingerprint=BOB.fingerprint)
    assert (account.mode, account.username) == (mode, "bob")
    assert account.check_password("a long house-key 7")
    with pytest.raises(UserError, match="has an account here already"):
        serve_user(card_for(powers), now=world.now, username="bobby")


def test_a_name_that_will_not_do_leaves_nothing(world: World) -> None:
    before = world.journal()
    with pytest.raises(UserError):
        serve_user(card_for(), now=world.now, username="alice")
    assert world.journal() == before


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"x", "This is not a card"),
        (card(DESK), "holds no current trust for this node"),
        (card_for(expires="2026-01-01T00:00:00.000Z"), "holds no current trust for this node"),
        (write_card([BOB.trust(LAPTOP, HOST)]), "the current identity of one person"),
        (write_card([BOB.identity(), EVIL.owner.identity()]), "identity of one person"),
        (
            write_card([BOB.identity("2026-01-01T00:00:00.000Z"), BOB.trust(LAPTOP, HOST)]),
            "the current identity of one person",
        ),
    ],
)
def test_whom_it_does_not_serve(world: World, data: bytes, words: str) -> None:
    before = world.journal()
    with pytest.raises(UserError, match=words):
        serve_user(data, now=world.now)
    assert world.journal() == before


def test_one_who_took_the_trust_back_is_not_served(world: World) -> None:
    serve_user(card_for(), now=world.now)
    world.accept(BOB.revocation(BOB.trust(LAPTOP, HOST)))
    assert world.facts.authorised(BOB.fingerprint, world.here, later()) is None
    with pytest.raises(UserError, match="holds no current trust"):
        serve_user(card_for(), now=world.now)
