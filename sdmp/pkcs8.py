"""Encrypted PKCS#8, with a key derivation slow enough to be of use (RFC 5958, RFC 8018).

`cryptography` reads every form of it, and writes one with 2048 rounds only. What is written here
is PBES2 with PBKDF2-HMAC-SHA-512 and AES-256-CBC, which OpenSSL and others read too.
"""

from __future__ import annotations

import hashlib
import os
import textwrap
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7

# OWASP's figure for this hash is 210,000; half a second on a small machine.
ROUNDS: Final = 600_000
# What is read: who hands over a file must not say how long we work at it.
ROUNDS_MAX: Final = 10_000_000

_BEGIN: Final = "-----BEGIN ENCRYPTED PRIVATE KEY-----"
_END: Final = "-----END ENCRYPTED PRIVATE KEY-----"
_SEQUENCE: Final = 0x30
_INTEGER: Final = 0x02
_OCTETS: Final = 0x04
_NULL: Final = bytes((0x05, 0x00))
# Object identifiers, as they are written in DER.
_PBES2: Final = bytes.fromhex("06092a864886f70d01050d")
_PBKDF2: Final = bytes.fromhex("06092a864886f70d01050c")
_HMAC_SHA512: Final = bytes.fromhex("06082a864886f70d020b")
_AES256_CBC: Final = bytes.fromhex("060960864801650304012a")


def encrypt_pkcs8(
    der: bytes, passphrase: bytes, random: Callable[[int], bytes] = os.urandom
) -> str:
    """Return an ENCRYPTED PRIVATE KEY PEM of an unencrypted PKCS#8 structure (protocol §12)."""
    salt, iv = random(16), random(16)
    secret = hashlib.pbkdf2_hmac("sha512", passphrase, salt, ROUNDS, dklen=32)
    padder = PKCS7(AES256.block_size).padder()
    encryptor = Cipher(AES256(secret), CBC(iv)).encryptor()
    sealed = encryptor.update(padder.update(der) + padder.finalize()) + encryptor.finalize()

    rounds = _tagged(_INTEGER, ROUNDS.to_bytes(4, "big").lstrip(b"\0"))
    derivation = _sequence(
        _PBKDF2, _sequence(_tagged(_OCTETS, salt), rounds, _sequence(_HMAC_SHA512, _NULL))
    )
    cipher = _sequence(_AES256_CBC, _tagged(_OCTETS, iv))
    scheme = _sequence(_PBES2, _sequence(derivation, cipher))
    body = b2a_base64(_sequence(scheme, _tagged(_OCTETS, sealed)), newline=False).decode("ascii")
    lines = "\n".join(textwrap.wrap(body, 64))
    return f"{_BEGIN}\n{lines}\n{_END}\n"


def rounds_of(pem: str) -> int:
    """Return how many rounds of PBKDF2 the key of an ENCRYPTED PRIVATE KEY PEM takes.

    Raises ValueError when it is written in another way.
    """
    first, *body, last = pem.strip().splitlines()
    if (first, last) != (_BEGIN, _END):
        raise ValueError("not an encrypted key")
    der = a2b_base64("".join(body), strict_mode=True)  # one block, and nothing between
    info = _inside(der, _SEQUENCE)
    scheme = _inside(info, _SEQUENCE)
    if not scheme.startswith(_PBES2):
        raise ValueError("another scheme")
    derivation = _inside(_inside(scheme[len(_PBES2) :], _SEQUENCE), _SEQUENCE)
    if not derivation.startswith(_PBKDF2):
        raise ValueError("another derivation")
    parameters = _inside(derivation[len(_PBKDF2) :], _SEQUENCE)
    salt = _inside(parameters, _OCTETS)
    return int.from_bytes(_inside(parameters[len(_tagged(_OCTETS, salt)) :], _INTEGER), "big")


def _inside(der: bytes, tag: int) -> bytes:
    """Return the content of the value with which DER begins. Raises ValueError."""
    if len(der) < 2 or der[0] != tag:
        raise ValueError("another structure")
    length, start = der[1], 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(der[2:start], "big")
    if start + length > len(der):
        raise ValueError("cut off")
    return der[start : start + length]


def _sequence(*parts: bytes) -> bytes:
    return _tagged(_SEQUENCE, b"".join(parts))


def _tagged(tag: int, content: bytes) -> bytes:
    """Return tag, length and content as DER has them."""
    length = len(content)
    if length < 128:
        return bytes((tag, length)) + content
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(size))) + size + content
