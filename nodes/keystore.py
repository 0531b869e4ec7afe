"""Private keys and what is sealed at rest. Nothing else in the project opens a private key.

The node secret is a file of 32 bytes with mode 0600, outside the database. From it one key for
each purpose is derived (HKDF-SHA-512); data is sealed with AES-256-GCM, bound to the purpose.
"""

from __future__ import annotations

import os
import secrets
import stat
from functools import lru_cache
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils.translation import gettext

from nodes.errors import UserError
from nodes.files import write_once
from nodes.models import LocalNode, SealedKey
from nodes.phrases import tidy_phrase
from sdmp.errors import SdmpError, WrongPassphrase
from sdmp.keys import PrivateKey, generate, load_private, open_recovery_kit

_SECRET_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_KEYS: Final = "private key"


class SecretError(UserError):
    """The node secret is missing, unreadable or not the one that sealed this database."""


def secret_path() -> Path:
    """Say where the node secret is kept: `SDMPWEB_NODE_SECRET`, else in the data directory."""
    return Path(settings.NODE_SECRET_FILE)


def create_secret() -> None:
    """Write a new node secret with mode 0600, unless there is one."""
    write_once(secret_path(), secrets.token_bytes(_SECRET_BYTES))


def check_secret() -> None:
    """Make sure that the node can open what it sealed; called before anything is served.

    A node that has no keys yet gets a new secret.

    Raises:
        SecretError: one sentence that says what is wrong and what to do.
    """
    forget()
    if not SealedKey.objects.exists() and not secret_path().exists():
        create_secret()
    _read_secret()
    sealed = SealedKey.objects.first()
    if sealed is not None:
        unseal(bytes(sealed.sealed), _KEYS)


def forget() -> None:
    """Drop what is kept in memory, so that the secret and the keys are read anew."""
    _derived.cache_clear()
    _private_key.cache_clear()
    _fingerprint.cache_clear()
    _former.cache_clear()


def seal(data: bytes, purpose: str) -> bytes:
    """Seal bytes for one purpose: nonce, then AES-256-GCM ciphertext and tag."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + _derived(purpose).encrypt(nonce, data, purpose.encode())


def unseal(sealed: bytes, purpose: str) -> bytes:
    """Open what `seal` made for the same purpose.

    Raises:
        SecretError: the secret is not the one that sealed it, or the bytes were changed.
    """
    nonce, ciphertext = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    try:
        return _derived(purpose).decrypt(nonce, ciphertext, purpose.encode())
    except (InvalidTag, ValueError):
        raise SecretError(
            f"The node secret in {secret_path()} is not the one that sealed this database; "
            "put back the file that belongs to it."
        ) from None


def create_node_key() -> PrivateKey:
    """Make the node's key, seal it and keep it (`SDMPWEB_NODE_KEY_BITS`)."""
    key = generate(settings.NODE_KEY_BITS)
    SealedKey.objects.create(
        fingerprint=key.fingerprint, sealed=seal(key.pem().encode("ascii"), _KEYS)
    )
    return key


def node_fingerprint() -> str:
    """Give the fingerprint of this node.

    Raises:
        UserError: the node has not been made yet.
    """
    try:
        return _fingerprint()
    except LocalNode.DoesNotExist:
        raise UserError(
            "This node has no owner yet; open the link that `sdmpweb up` prints, "
            "or run `sdmpweb init_node`."
        ) from None


def follow(fingerprint: str) -> None:
    """Notice that the node's key has been renewed: `fingerprint` is what the database says now."""
    if node_fingerprint() != fingerprint:
        forget()


def node_key() -> PrivateKey:
    """Open the node's key; it stays in memory, since loading costs as much as 150 signatures."""
    return _private_key(node_fingerprint())


def former_fingerprints() -> tuple[str, ...]:
    """Give the fingerprints that this node had before its key was renewed, the latest first.

    Users who have not let the new key do all yet are still acted for with the earlier one.
    """
    return _former(node_fingerprint())


def own_fingerprints() -> tuple[str, ...]:
    """Give the fingerprints of this node's key and of its earlier ones, the latest first."""
    return (node_fingerprint(), *former_fingerprints())


def own_key(fingerprint: str) -> PrivateKey:
    """Open the node's key, or one that it had before."""
    return _private_key(fingerprint)


def own_keys() -> list[PrivateKey]:
    """Open the node's key and those that it had before: mail may still come for them."""
    return [own_key(fingerprint) for fingerprint in own_fingerprints()]


def open_kit(kit: bytes, phrase: str) -> PrivateKey:
    """Open a recovery kit (protocol §12); the user key stays with the caller, in memory alone.

    Takes half a second on purpose.

    Args:
        kit: the recovery file, or what the account keeps of it here.
        phrase: the twelve words, as a person typed them.

    Raises:
        UserError: one sentence; the words are not those of the file, or the file is damaged.
    """
    try:
        return open_recovery_kit(kit, tidy_phrase(phrase))
    except WrongPassphrase:
        raise UserError(
            gettext("These words do not open the recovery file; compare each with your paper.")
        ) from None
    except SdmpError:
        raise UserError(gettext("This is not a recovery file, or it is damaged.")) from None


@lru_cache(maxsize=1)
def _fingerprint() -> str:
    return LocalNode.objects.get().fingerprint


@lru_cache(maxsize=1)
def _former(current: str) -> tuple[str, ...]:
    present = SealedKey.objects.get(fingerprint=current)
    rows = SealedKey.objects.filter(pk__lt=present.pk).order_by("-pk")
    return tuple(rows.values_list("fingerprint", flat=True))


@lru_cache(maxsize=16)
def _private_key(fingerprint: str) -> PrivateKey:
    sealed = SealedKey.objects.get(fingerprint=fingerprint)
    return load_private(unseal(bytes(sealed.sealed), _KEYS).decode("ascii"))


@lru_cache(maxsize=16)
def _derived(purpose: str) -> AESGCM:
    material = HKDF(SHA512(), _SECRET_BYTES, salt=None, info=f"sdmpweb {purpose}".encode())
    return AESGCM(material.derive(_read_secret()))


def _read_secret() -> bytes:
    path = secret_path()
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        secret = path.read_bytes()
    except FileNotFoundError:
        raise SecretError(
            f"The node secret {path} is missing; put it back from your backup, "
            "without it the keys and letters of this node cannot be opened."
        ) from None
    except OSError as error:
        raise SecretError(f"The node secret {path} cannot be read: {error.strerror}.") from None
    if mode & 0o077:
        raise SecretError(f"The node secret {path} can be read by others; run `chmod 600 {path}`.")
    if len(secret) != _SECRET_BYTES:
        raise SecretError(
            f"The node secret {path} must hold {_SECRET_BYTES} bytes and holds {len(secret)}; "
            "put back the file that belongs to this database."
        )
    return secret
