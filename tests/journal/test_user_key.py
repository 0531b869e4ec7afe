"""Signing with the user's own key."""

import pytest

from journal.user_key import open_user_key, publish_signed
from nodes.errors import UserError
from sdmp.encoding import JSON
from sdmp.keys import make_recovery_kit
from tests.support.cast import ALICE, BOB, User
from tests.support.world import World, later

PHRASE = "abandon ability able"


def kit_of(user: User) -> bytes:
    return make_recovery_kit(user.key, PHRASE, later(days=1))


def test_the_kept_file_opens_with_the_words(world: World) -> None:
    world.alice.recovery_kit = kit_of(ALICE).decode()
    assert open_user_key(world.alice, "Abandon  ability able").fingerprint == ALICE.fingerprint


def test_a_file_is_asked_for_where_none_is_kept(world: World) -> None:
    world.alice.recovery_kit = ""
    with pytest.raises(UserError, match="keeps no copy of your recovery file"):
        open_user_key(world.alice, PHRASE)
    assert open_user_key(world.alice, PHRASE, kit_of(ALICE)).fingerprint == ALICE.fingerprint


def test_no_words_and_the_file_of_another_are_refused(world: World) -> None:
    with pytest.raises(UserError, match="takes your recovery phrase"):
        open_user_key(world.alice, " ", kit_of(ALICE))
    with pytest.raises(UserError, match="belongs to another account"):
        open_user_key(world.alice, PHRASE, kit_of(BOB))


def test_what_the_user_signs_is_judged_like_anything_else(world: World) -> None:
    [row] = publish_signed(ALICE.key, [{"user": {"name": "Alice"}}], now=world.now)
    assert (row.author, row.signer) == (ALICE.fingerprint, ALICE.fingerprint)
    count = len(world.journal())
    bad: dict[str, JSON] = {"revoke": {"resource": row.identifier, "authorization": row.identifier}}
    with pytest.raises(UserError, match="cannot be published"):
        publish_signed(ALICE.key, [{"message": "hello"}, bad], now=world.now)
    assert len(world.journal()) == count
