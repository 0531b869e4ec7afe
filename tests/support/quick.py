"""What is slow on purpose, made quick for processes in which tests prepare what they are about."""

from cryptography.hazmat.primitives import serialization

from sdmp.keys import PrivateKey

_ROUNDS = 1000


def be_quick() -> None:
    """Derive and check keys with little work from now on, and hash passwords with little."""
    from django.contrib.auth.hashers import Argon2PasswordHasher

    from nodes import keystore
    from sdmp import pkcs8

    pkcs8.ROUNDS = _ROUNDS  # type: ignore[misc]
    setattr(keystore, "load_private", _load_own)  # noqa: B010  (it is imported there)
    Argon2PasswordHasher.time_cost = 1
    Argon2PasswordHasher.memory_cost = 8 * Argon2PasswordHasher.parallelism


def _load_own(pem: str, passphrase: str | None = None) -> PrivateKey:
    """Load a key as `sdmp.keys.load_private` does, but for the primality of its factors."""
    secret = passphrase.encode() if passphrase else None
    key = serialization.load_pem_private_key(
        pem.encode(), secret, unsafe_skip_rsa_key_validation=True
    )
    return PrivateKey(key)  # type: ignore[arg-type]
