"""RSA keys and their fingerprints (protocol §3), and recovery kits (§12)."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any, Final, Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from sdmp import limits
from sdmp.container import build, read_container
from sdmp.encoding import format_time, hash_b64, write_json
from sdmp.errors import (
    BadIdentity,
    BadSchema,
    BadSignature,
    CannotOpen,
    Malformed,
    WrongPassphrase,
)
from sdmp.pkcs8 import ROUNDS_MAX, encrypt_pkcs8, rounds_of

_OAEP: Final = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
_PKCS1: Final = padding.PKCS1v15()
# RFC 7518 §3.5: the salt is as long as the hash.
_PSS: Final = padding.PSS(padding.MGF1(hashes.SHA512()), hashes.SHA512.digest_size)
_SHA512: Final = hashes.SHA512()

# The only signature algorithms there are here (protocol §4).
ALGORITHMS: Final[dict[str, padding.AsymmetricPadding]] = {"RS512": _PKCS1, "PS512": _PSS}

# A key of 4096 bits makes 799 characters.
_PEM_MAX: Final = 1024

# Bytes of a recovery kit: an encrypted key of 4096 bits makes some 3400.
_KIT_MAX: Final = 16 * limits.KIB


class Signer(Protocol):
    """Something that signs: a private key, or a door to one kept elsewhere."""

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the key."""

    def sign(self, data: bytes) -> bytes:
        """Return the RS512 signature of the data."""


class PublicKey:
    """A public key in the one form that has a fingerprint."""

    __slots__ = ("_key", "fingerprint", "pem", "size")

    def __init__(self, key: rsa.RSAPublicKey) -> None:
        self._key = key
        self.pem: Final = _write_public(key)
        self.fingerprint: Final = fingerprint(self.pem)
        # Length in bytes of the modulus, and so of each signature and wrapped key.
        self.size: Final = (key.key_size + 7) // 8

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PublicKey) and other.fingerprint == self.fingerprint

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __repr__(self) -> str:
        return f"PublicKey({self.fingerprint})"

    def verify(self, alg: str, data: bytes, signature: bytes) -> None:
        """Check a signature made with `alg`, RS512 or PS512. Raises BadSignature (protocol §4)."""
        scheme = ALGORITHMS.get(alg)
        if scheme is None:
            raise BadSignature("Signatures are made with RS512 or PS512.")
        try:
            self._key.verify(signature, data, scheme, _SHA512)
        except InvalidSignature:
            raise BadSignature("The signature does not fit the content and the key.") from None

    def wrap(self, secret: bytes) -> bytes:
        """Encrypt a short secret for the holder of the key, with RSA-OAEP-256 (protocol §7)."""
        return self._key.encrypt(secret, _OAEP)


class PrivateKey:
    """A private key. A Signer."""

    __slots__ = ("_key", "public")

    def __init__(self, key: rsa.RSAPrivateKey) -> None:
        _check(key.public_key())
        self._key = key
        self.public: Final = PublicKey(key.public_key())

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the public key."""
        return self.public.fingerprint

    def __repr__(self) -> str:
        return f"PrivateKey({self.fingerprint})"

    def sign(self, data: bytes) -> bytes:
        """Return the RS512 signature of the data (protocol §4)."""
        return self._key.sign(data, _PKCS1, _SHA512)

    def unwrap(self, wrapped: bytes) -> bytes:
        """Decrypt a secret that `wrap` encrypted. Raises CannotOpen (protocol §7)."""
        try:
            return self._key.decrypt(wrapped, _OAEP)
        except ValueError:
            raise CannotOpen("This cannot be opened.") from None

    def pem(self) -> str:
        """Return the key as an unencrypted PKCS#8 PEM. To be sealed before it is stored."""
        return self._key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode("ascii")

    def encrypted_pem(self, passphrase: str) -> str:
        """Return the key as a PKCS#8 PEM encrypted under a passphrase. Slow on purpose."""
        der = self._key.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return encrypt_pkcs8(der, passphrase.encode())


def fingerprint(pem: str) -> str:
    """Return the fingerprint of a PEM: the hash of it as it stands in JSON (protocol §3)."""
    return hash_b64(pem.replace("\n", "\\n").encode())


@lru_cache(maxsize=4096)
def load_public(pem: str) -> PublicKey:
    """Read a public key.

    Raises BadIdentity unless it is RSA of 2048 to 4096 bits with exponent 65537, written exactly
    as this program would write it (protocol §3).
    """
    if len(pem) > _PEM_MAX:
        raise BadIdentity("This is too long to be a public key.")
    try:
        key = serialization.load_pem_public_key(pem.encode("ascii"))
    except (ValueError, UnsupportedAlgorithm):
        raise BadIdentity("This is not a public key in PEM form.") from None
    public = PublicKey(_check(key))
    if public.pem != pem:
        raise BadIdentity("This public key is not written in the one allowed form.")
    return public


def generate(bits: int) -> PrivateKey:
    """Make a key of so many bits, 2048 to 4096. Takes a tenth of a second or more."""
    return PrivateKey(rsa.generate_private_key(limits.KEY_EXPONENT, bits))


def load_private(pem: str, passphrase: str | None = None) -> PrivateKey:
    """Read a private key from PKCS#8 PEM, encrypted or not. Costs as much as 150 signatures.

    Raises CannotOpen when it cannot be read so, BadIdentity when it is no key for this protocol.
    """
    secret = None if passphrase is None else passphrase.encode()
    try:
        key = serialization.load_pem_private_key(pem.encode(), secret)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise CannotOpen("The private key cannot be read, or the passphrase is wrong.") from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise BadIdentity("Keys are RSA keys.")
    return PrivateKey(key)


def make_recovery_kit(key: PrivateKey, passphrase: str, expires: datetime) -> bytes:
    """Return a `private_key` container with the key encrypted under a passphrase (protocol §12).

    `expires` is when the identity of the key does. For its owner's eyes: never published or sent.
    """
    return write_json(
        build(
            private_key={
                "expires": format_time(expires),
                "key": key.encrypted_pem(passphrase),
                "fingerprint": key.fingerprint,
            }
        )
    )


def open_recovery_kit(data: bytes, passphrase: str) -> PrivateKey:
    """Return the key in a recovery kit.

    Raises CannotOpen with a sentence for its owner: WrongPassphrase when the passphrase is not
    the one (or the encrypted key is damaged), CannotOpen itself when the file is no recovery kit.
    """
    try:
        container = read_container(data, limit=_KIT_MAX)
        if container.schemas != ("private_key",):
            raise BadSchema("A recovery kit holds a private key and nothing else.")
    except Malformed as error:
        raise CannotOpen(f"This file is not a recovery kit. {error}") from None
    section: Any = container.section("private_key")
    try:
        if rounds_of(section["key"]) > ROUNDS_MAX:
            raise CannotOpen("This recovery kit takes too long to open.")
    except ValueError:
        raise CannotOpen("The key in this recovery kit is not encrypted as it should be.") from None
    try:
        key = load_private(section["key"], passphrase)
    except CannotOpen:
        raise WrongPassphrase("The passphrase does not open this recovery kit.") from None
    except BadIdentity as error:
        raise CannotOpen(f"The key in this recovery kit cannot be used. {error}") from None
    if key.fingerprint != section["fingerprint"]:
        raise CannotOpen("The key in this recovery kit is not the one that it names.")
    return key


def _check(key: object) -> rsa.RSAPublicKey:
    if not isinstance(key, rsa.RSAPublicKey):
        raise BadIdentity("Keys are RSA keys.")
    if not limits.KEY_BITS_MIN <= key.key_size <= limits.KEY_BITS_MAX:
        raise BadIdentity(
            f"A key has {limits.KEY_BITS_MIN} to {limits.KEY_BITS_MAX} bits, not {key.key_size}."
        )
    if key.public_numbers().e != limits.KEY_EXPONENT:
        raise BadIdentity(f"The public exponent of a key is {limits.KEY_EXPONENT}.")
    return key


def _write_public(key: rsa.RSAPublicKey) -> str:
    pem = key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return pem.decode("ascii").removesuffix("\n")
