"""Encryption under a passphrase in the age format, version 1, as a stream (age-encryption.org/v1).

What is written here opens with `age -d`, and the other way round. The libraries for age encrypt
under a passphrase only what is in memory as a whole; a backup may be larger than that. So the
format is put together here from the primitives of `cryptography`: scrypt, HKDF and HMAC with
SHA-256, ChaCha20-Poly1305 in chunks of 64 KiB that are numbered, the last one marked as such.
"""

from __future__ import annotations

import base64
import binascii
import io
import os
import re
from typing import BinaryIO, Final

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from hosting.backup.errors import Damaged, WrongPassphrase

_VERSION: Final = b"age-encryption.org/v1"
_LABEL: Final = b"age-encryption.org/v1/scrypt"
WORK_FACTOR: Final = 17  # 2^17 · 8 · 128 bytes: 128 MiB and half a second for each try
_MOST_WORK: Final = 20  # 1 GiB; who has changed a backup must not exhaust the machine
_FILE_KEY: Final = 16
_SALT: Final = 16
_NONCE: Final = 16
_CHUNK: Final = 64 * 1024
_TAG: Final = 16
_LONGEST_LINE: Final = 128
_NO_BACKUP: Final = "This is not a backup made by `sdmpweb backup`."
_DAMAGED: Final = "The backup is damaged, cut short or changed; use another one."
_WRONG: Final = "The passphrase does not open this backup."


class Encrypting(io.RawIOBase):
    """Encrypts what is written and passes it on; `finish` writes the end, without which it is cut.

    Args:
        below: where the encrypted bytes go.
        passphrase: opens it again.
        work_factor: binary logarithm of scrypt's N.
    """

    def __init__(self, below: BinaryIO, passphrase: str, work_factor: int = WORK_FACTOR) -> None:
        super().__init__()
        self._below = below
        self._pending = bytearray()
        file_key = os.urandom(_FILE_KEY)
        salt = os.urandom(_SALT)
        wrapping = ChaCha20Poly1305(_wrapping_key(passphrase, salt, work_factor))
        stanza = f"-> scrypt {_text(salt)} {work_factor}\n".encode()
        body = _text(wrapping.encrypt(bytes(12), file_key, None)).encode()
        header = _VERSION + b"\n" + stanza + body + b"\n---"
        mac = _header_mac(file_key)
        mac.update(header)
        nonce = os.urandom(_NONCE)
        self._cipher = _Chunks(file_key, nonce)
        below.write(header + b" " + _text(mac.finalize()).encode() + b"\n" + nonce)

    def writable(self) -> bool:
        """Say that it is written to."""
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Take bytes; whole chunks go on encrypted."""
        self._pending += data
        while len(self._pending) > _CHUNK:  # the last chunk is known only at the end
            self._below.write(self._cipher.encrypt(bytes(self._pending[:_CHUNK]), last=False))
            del self._pending[:_CHUNK]
        return len(data)

    def finish(self) -> None:
        """Write the last chunk, which is marked as the last."""
        self._below.write(self._cipher.encrypt(bytes(self._pending), last=True))
        self._pending.clear()


class Decrypting(io.RawIOBase):
    """Gives the clear bytes of what was encrypted; each chunk is checked before it is given.

    Args:
        below: where the encrypted bytes come from.
        passphrase: what it was encrypted under.

    Raises:
        WrongPassphrase: the passphrase does not open it.
        Damaged: it is not of this format, cut short, or changed.
    """

    def __init__(self, below: BinaryIO, passphrase: str) -> None:
        super().__init__()
        self._below = below
        file_key = _read_header(below, passphrase)
        self._cipher = _Chunks(file_key, _exactly(below, _NONCE))
        self._next = _up_to(below, _CHUNK + _TAG)
        self._clear = b""
        self._at = 0
        self._ended = False

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill `buffer` as far as the current chunk goes; 0 after the end, which was checked."""
        if self._at == len(self._clear) and not self._ended:
            self._read_chunk()
        part = self._clear[self._at : self._at + len(buffer)]
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)

    def _read_chunk(self) -> None:
        chunk, self._next = self._next, _up_to(self._below, _CHUNK + _TAG)
        self._ended = not self._next
        if self._ended and len(chunk) < _TAG:
            raise Damaged(_DAMAGED)
        self._clear, self._at = self._cipher.decrypt(chunk, last=self._ended), 0


class _Chunks:
    """The key of the content, with the number of the next chunk."""

    def __init__(self, file_key: bytes, nonce: bytes) -> None:
        key = HKDF(algorithm=SHA256(), length=32, salt=nonce, info=b"payload").derive(file_key)
        self._key = ChaCha20Poly1305(key)
        self._number = 0

    def encrypt(self, clear: bytes, *, last: bool) -> bytes:
        return self._key.encrypt(self._nonce(last), clear, None)

    def decrypt(self, chunk: bytes, *, last: bool) -> bytes:
        try:
            return self._key.decrypt(self._nonce(last), chunk, None)
        except InvalidTag:
            raise Damaged(_DAMAGED) from None

    def _nonce(self, last: bool) -> bytes:
        nonce = self._number.to_bytes(11, "big") + bytes([last])
        self._number += 1
        return nonce


def _read_header(below: BinaryIO, passphrase: str) -> bytes:
    """Read up to the end of the header, and give the key of the file."""
    version = _line(below)
    if version != _VERSION:
        raise Damaged(_NO_BACKUP)
    stanza = _line(below)
    matched = re.fullmatch(rb"-> scrypt ([A-Za-z0-9+/]{22}) ([1-9][0-9]?)", stanza)
    if matched is None:
        raise Damaged(_NO_BACKUP if stanza.startswith(b"-> ") else _DAMAGED)
    work_factor = int(matched[2])
    if work_factor > _MOST_WORK:
        raise Damaged("The backup asks for more memory to open it than is allowed.")
    body, end = _line(below), _line(below)
    wrapping = ChaCha20Poly1305(_wrapping_key(passphrase, _bytes(matched[1]), work_factor))
    wrapped = _bytes(body)
    if len(wrapped) != _FILE_KEY + _TAG or not end.startswith(b"--- "):
        raise Damaged(_DAMAGED)
    try:
        file_key = wrapping.decrypt(bytes(12), wrapped, None)
    except InvalidTag:
        raise WrongPassphrase(_WRONG) from None
    mac = _header_mac(file_key)
    mac.update(b"\n".join((version, stanza, body, b"---")))
    try:
        mac.verify(_bytes(end[4:]))
    except InvalidSignature:
        raise Damaged(_DAMAGED) from None
    return file_key


def _wrapping_key(passphrase: str, salt: bytes, work_factor: int) -> bytes:
    scrypt = Scrypt(salt=_LABEL + salt, length=32, n=1 << work_factor, r=8, p=1)
    return scrypt.derive(passphrase.encode())


def _header_mac(file_key: bytes) -> HMAC:
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"header").derive(file_key)
    return HMAC(key, SHA256())


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode().rstrip("=")


def _bytes(text: bytes) -> bytes:
    try:
        return base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        raise Damaged(_DAMAGED) from None


def _line(below: BinaryIO) -> bytes:
    line = bytearray()
    while len(line) < _LONGEST_LINE:
        byte = below.read(1)
        if not byte:
            raise Damaged(_NO_BACKUP)
        if byte == b"\n":
            return bytes(line)
        line += byte
    raise Damaged(_NO_BACKUP)


def _up_to(below: BinaryIO, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size and (part := below.read(size - len(parts))):
        parts += part
    return bytes(parts)


def _exactly(below: BinaryIO, size: int) -> bytes:
    data = _up_to(below, size)
    if len(data) < size:
        raise Damaged(_DAMAGED)
    return data
