"""The node secret, and what is sealed with it."""

import stat
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag

from nodes import keystore
from nodes.errors import UserError
from nodes.keystore import SecretError
from nodes.models import LocalNode, SealedKey
from sdmp import pkcs8
from sdmp.keys import PrivateKey, generate, make_recovery_kit
from tests.support.cast import LAPTOP
from tests.support.world import World, later

PHRASE = "abandon ability able"


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_node_gets_a_secret_only_its_owner_reads(db: None) -> None:
    keystore.check_secret()
    path = keystore.secret_path()
    assert mode_of(path) == 0o600
    assert len(path.read_bytes()) == 32


def test_a_secret_that_is_there_is_kept(db: None) -> None:
    keystore.create_secret()
    before = keystore.secret_path().read_bytes()
    keystore.create_secret()
    keystore.check_secret()
    assert keystore.secret_path().read_bytes() == before


def test_a_missing_secret_is_never_made_anew_over_sealed_keys(world: World) -> None:
    keystore.secret_path().unlink()
    with pytest.raises(SecretError, match="is missing; put it back from your backup"):
        keystore.check_secret()
    assert not keystore.secret_path().exists()


def test_another_secret_is_noticed_at_the_start(world: World) -> None:
    keystore.secret_path().write_bytes(b"x" * 32)
    with pytest.raises(SecretError, match="is not the one that sealed this database"):
        keystore.check_secret()


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_secret_has_32_bytes(world: World, size: int) -> None:
    keystore.secret_path().write_bytes(b"x" * size)
    with pytest.raises(SecretError, match=f"must hold 32 bytes and holds {size}"):
        keystore.check_secret()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_secret_that_others_can_reach_stops_the_start(world: World, mode: int) -> None:
    keystore.secret_path().chmod(mode)
    with pytest.raises(SecretError, match="can be read by others; run `chmod 600"):
        keystore.check_secret()


def test_an_unreadable_secret_is_told_in_a_sentence(world: World) -> None:
    path = keystore.secret_path()
    path.unlink()
    path.mkdir(mode=0o700)
    with pytest.raises(SecretError, match=r"cannot be read: .+\.$"):
        keystore.check_secret()


def test_sealed_data_opens_again_and_hides_its_content(world: World) -> None:
    sealed = keystore.seal(b"the text of a letter", "letter")
    assert keystore.unseal(sealed, "letter") == b"the text of a letter"
    assert b"text" not in sealed
    assert keystore.seal(b"the text of a letter", "letter") != sealed


def test_purposes_are_kept_apart(world: World) -> None:
    sealed = keystore.seal(b"x", "letter")
    with pytest.raises(SecretError):
        keystore.unseal(sealed, "private key")
    # By their keys, not only by what is bound to the ciphertext.
    with pytest.raises(InvalidTag):
        keystore._derived("private key").decrypt(sealed[:12], sealed[12:], b"letter")


@pytest.mark.parametrize("at", [0, 12, -1])
def test_a_changed_byte_is_noticed(world: World, at: int) -> None:
    sealed = bytearray(keystore.seal(b"x", "letter"))
    sealed[at] ^= 1
    with pytest.raises(SecretError):
        keystore.unseal(bytes(sealed), "letter")
    with pytest.raises(SecretError):
        keystore.unseal(b"short", "letter")


def test_the_private_key_is_kept_sealed(world: World) -> None:
    row = SealedKey.objects.get()
    assert row.fingerprint == LAPTOP.fingerprint
    assert b"PRIVATE KEY" not in bytes(row.sealed)
    keystore.forget()
    assert keystore.node_key().pem() == LAPTOP.key.pem()
    assert keystore.node_key() is keystore.node_key()


def test_the_size_of_the_node_key_is_a_setting(
    db: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def note(bits: int) -> PrivateKey:
        asked.append(bits)
        return generate(2048)

    settings.NODE_KEY_BITS = 3072
    monkeypatch.setattr(keystore, "generate", note)
    keystore.check_secret()
    keystore.create_node_key()
    assert asked == [3072]


def test_a_node_that_is_not_made_yet_says_what_to_do(db: None) -> None:
    assert not LocalNode.objects.exists()
    with pytest.raises(Exception, match="has no owner yet"):
        keystore.node_fingerprint()


def a_kit() -> bytes:
    return make_recovery_kit(LAPTOP.key, PHRASE, later(days=1))


def test_a_recovery_file_opens_with_its_words_however_they_are_typed() -> None:
    key = keystore.open_kit(a_kit(), "  Abandon ABILITY\nable  ")
    assert key.fingerprint == LAPTOP.fingerprint


def test_other_words_and_damaged_files_get_a_sentence_each() -> None:
    with pytest.raises(UserError, match=r"^These words do not open the recovery file"):
        keystore.open_kit(a_kit(), "abandon ability")
    for damaged in (b"", b"{}", a_kit()[:-9], a_kit().replace(b"ENCRYPTED", b"OPEN")):
        with pytest.raises(UserError, match=r"^This is not a recovery file, or it is damaged"):
            keystore.open_kit(damaged, PHRASE)


def test_a_file_that_takes_forever_to_open_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    kit = a_kit()
    monkeypatch.setattr("sdmp.keys.ROUNDS_MAX", pkcs8.ROUNDS - 1)
    with pytest.raises(UserError, match="damaged"):
        keystore.open_kit(kit, PHRASE)
