"""Sealed containers, each a JWE under SDMP's names (protocol §7)."""

from __future__ import annotations

import os
import random as random_numbers
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwe import JWERegistry

from sdmp import limits
from sdmp.container import Container, Resolve, read_container
from sdmp.encoding import JSON, b64, read_json, unb64, write_json
from sdmp.errors import BadEncoding, BadJSON, BadSchema, CannotOpen, Forbidden, TooLarge
from sdmp.keys import PrivateKey, PublicKey
from sdmp.resource import check_message
from sdmp.schemas import NAMES

_ENC: Final = "A256CBC-HS512"
_CIPHER: Final = JWERegistry(algorithms=[_ENC]).get_enc(_ENC)
_HEADER: Final[dict[str, JSON]] = {"alg": "RSA-OAEP-256", "enc": _ENC}
_PROTECTED: Final = b64(write_json(_HEADER))

# What may be inside, beside `resource` and URI schemas.
_INSIDE: Final = frozenset({"message", "receipt"})

_CLOSED: Final = "This cannot be opened with the keys at hand."


def seal(
    container: dict[str, JSON],
    keys: Sequence[PublicKey],
    random: Callable[[int], bytes] = os.urandom,
) -> dict[str, JSON]:
    """Return the `encrypted` section that the holders of `keys` can open (protocol §7).

    Recipients are in random order, the plaintext is padded to a multiple of 8192 bytes. Raises
    TooLarge for no or more than 256 keys.
    """
    if not 1 <= len(keys) <= limits.RECIPIENTS:
        raise TooLarge(f"A message is sealed for 1 to {limits.RECIPIENTS} keys.")
    plaintext = write_json(container)
    plaintext += bytes(-len(plaintext) % limits.SEALED_BLOCK)
    secret, iv = random(limits.CONTENT_KEY_BYTES), random(limits.IV_BYTES)
    ciphertext, tag = seal_bytes(secret, plaintext, _PROTECTED.encode("ascii"), iv)
    recipients: list[JSON] = [{"key": b64(key.wrap(secret))} for key in keys]
    random_numbers.SystemRandom().shuffle(recipients)
    return {
        "protected": _PROTECTED,
        "iv": b64(iv),
        "payload": b64(ciphertext),
        "tag": b64(tag),
        "recipients": recipients,
    }


def check_header(section: JSON) -> None:
    """Judge what everyone judges of an `encrypted` section of a resource (protocol §5, §7).

    The section is valid against its schema. Raises BadSchema unless the header is the one there
    is and the recipients are 1 to 256; BadEncoding for a header not in canonical base64url.
    """
    sealed: Any = section
    if not 1 <= len(sealed.get("recipients", ())) <= limits.RECIPIENTS:
        raise BadSchema(f"Sealed content has 1 to {limits.RECIPIENTS} recipients.")
    if not _is_header(sealed["protected"]):
        raise BadSchema(f"The header of sealed content says RSA-OAEP-256 and {_ENC} alone.")


def open_sealed(section: JSON, keys: Sequence[PrivateKey]) -> bytes:
    """Return what an `encrypted` section holds, without the zero bytes that pad it.

    Raises CannotOpen, always with the same sentence, when none of `keys` opens it, it has been
    changed, or it is not padded as it should be; and what `check_header` raises (protocol §7).
    """
    check_header(section)
    sealed: Any = section
    try:
        entries = [unb64(entry["key"]) for entry in sealed["recipients"]]
        ciphertext, tag, iv = (unb64(sealed[name]) for name in ("payload", "tag", "iv"))
    except BadEncoding:
        raise CannotOpen(_CLOSED) from None
    aad = sealed["protected"].encode("ascii")
    for key in keys:
        for entry in entries:
            if len(entry) != key.public.size:
                continue
            try:
                plaintext = open_bytes(key.unwrap(entry), ciphertext, tag, aad, iv)
            except CannotOpen:
                continue
            if plaintext and len(plaintext) % limits.SEALED_BLOCK == 0:
                return plaintext.rstrip(b"\0")
    raise CannotOpen(_CLOSED)


def read_inner(plaintext: bytes, outer_user: str, resolve: Resolve | None = None) -> Container:
    """Read what was sealed in a resource of `outer_user` (a fingerprint).

    Raises Malformed errors; among them Forbidden when it speaks for somebody else or holds what
    is not sent sealed. Nothing in it grants any power (protocol §7).
    """
    container = read_container(plaintext, limit=limits.RESOURCE_BYTES, resolve=resolve)
    if "resource" not in container.schemas:
        raise BadSchema("Sealed content lists “resource”.")
    contents = [name for name in container.schemas if name != "resource"]
    core = [name for name in contents if name in NAMES]
    if not contents or len(core) > 1 or (core == ["receipt"] and len(contents) > 1):
        raise BadSchema("Sealed content is a message, a receipt, or has schemas of its own.")
    if not _INSIDE.issuperset(core):
        raise Forbidden(f"A section “{core[0]}” has no meaning inside sealed content.")
    about: Any = container.section("resource")
    if about["user"] != outer_user:
        raise Forbidden("Sealed content speaks for another user than the resource around it.")
    if core == ["message"]:
        check_message(container.section("message"))
    return container


def seal_bytes(secret: bytes, plaintext: bytes, aad: bytes, iv: bytes) -> tuple[bytes, bytes]:
    """Return ciphertext and tag of A256CBC-HS512 (RFC 7518 §5.2.5).

    `secret` is 64 bytes, `iv` 16 and never used again with it.
    """
    return _CIPHER.encrypt(plaintext, secret, iv, aad)


def open_bytes(secret: bytes, ciphertext: bytes, tag: bytes, aad: bytes, iv: bytes) -> bytes:
    """Return the plaintext of A256CBC-HS512, once the tag has been found right.

    Raises CannotOpen, always with the same sentence (RFC 7518 §5.2.5).
    """
    if len(secret) != limits.CONTENT_KEY_BYTES or len(iv) != limits.IV_BYTES:
        raise CannotOpen(_CLOSED)
    try:
        return _CIPHER.decrypt(ciphertext, tag, secret, iv, aad)
    except (JoseError, ValueError):
        raise CannotOpen(_CLOSED) from None


@lru_cache(maxsize=64)
def _is_header(protected: str) -> bool:
    try:
        return read_json(unb64(protected), limit=1024) == _HEADER
    except (BadJSON, TooLarge):
        return False
