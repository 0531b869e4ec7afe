"""Sealed frames: containers encrypted and numbered for one direction of a session.

A sealed frame is an `encrypted` container without recipients (JWE's flattened form) whose
protected header carries the number of the frame. Protocol §10.
"""

from collections.abc import Callable

from sdmp import limits
from sdmp.container import VERSION, check_container
from sdmp.encoding import JSON, b64, read_json, unb64
from sdmp.encrypted import open_bytes, seal_bytes
from sdmp.errors import BadSchema, BadVersion, CannotOpen

_HEAD = f'{{"sdmp":{{"version":"{VERSION}","schemas":["encrypted"]}},"encrypted":{{"protected":"'


def _protected(number: int) -> str:
    """Return the protected header of frame `number` as we write it, in base64url."""
    return b64(b'{"alg":"dir","enc":"A256CBC-HS512","seq":%d}' % number)


def version_of(value: JSON) -> str:
    """Return the version that a parsed and checked container bears."""
    head = value["sdmp"] if isinstance(value, dict) else None
    version = head["version"] if isinstance(head, dict) else None
    assert isinstance(version, str)  # has been checked
    return version


class Sealer:
    """Seals the frames that we send, counting from 0 (protocol §10)."""

    def __init__(self, key: bytes, random: Callable[[int], bytes]) -> None:
        """Take the 64-octet key of our direction and a source of random octets."""
        self._key = key
        self._random = random
        self._next = 0

    def seal(self, plaintext: bytes) -> str:
        """Return the next frame, holding `plaintext`, the JSON of one container."""
        protected = _protected(self._next)
        iv = self._random(limits.IV_BYTES)
        padded = plaintext + bytes(-len(plaintext) % limits.FRAME_BLOCK)
        ciphertext, tag = seal_bytes(self._key, padded, protected.encode("ascii"), iv)
        self._next += 1
        # Every part is base64url, so the JSON needs no escaping.
        return (
            f'{_HEAD}{protected}","iv":"{b64(iv)}","payload":"{b64(ciphertext)}",'
            f'"tag":"{b64(tag)}"}}}}'
        )


class Opener:
    """Opens the frames that the peer sends, in their order only (protocol §10)."""

    def __init__(self, key: bytes, version: str) -> None:
        """Take the 64-octet key of the peer's direction and the version of its clear frame.

        The version of a sealed frame is not under its tag. That of the clear frame is under the
        transcript, and each later one must repeat it, so that no bit can be changed unnoticed.
        """
        self._key = key
        self._version = version
        self._next = 0

    def open(self, frame: bytes) -> bytes:
        """Return the JSON of the container in `frame`, its padding removed.

        Raises Malformed for a frame that is not as protocol §10 writes it, CannotOpen for one
        that is out of order, was changed on the way or was not made for this direction.
        """
        value = read_json(frame)
        container = check_container(value)
        if version_of(value) != self._version:
            raise BadVersion(f"A frame of this session must bear the version {self._version}.")
        if container.schemas != ("encrypted",):
            raise BadSchema("A sealed frame must be a container of “encrypted” alone.")
        section = container.section("encrypted")
        if not isinstance(section, dict) or section.keys() != {"protected", "iv", "payload", "tag"}:
            raise BadSchema("A sealed frame must be a flattened JWE without recipients.")
        protected, iv, payload, tag = (
            _text(section[name]) for name in ("protected", "iv", "payload", "tag")
        )
        self._check_header(protected)
        plaintext = open_bytes(
            self._key, unb64(payload), unb64(tag), protected.encode("ascii"), unb64(iv)
        )
        if len(plaintext) % limits.FRAME_BLOCK:
            raise BadSchema(
                f"The plaintext of a frame must be a multiple of {limits.FRAME_BLOCK} bytes."
            )
        self._next += 1
        return plaintext.rstrip(b"\0")

    def _check_header(self, protected: str) -> None:
        if protected == _protected(self._next):
            return
        # Another writer may order the members in another way or put spaces between them.
        header = read_json(unb64(protected))
        if not isinstance(header, dict) or header.keys() != {"alg", "enc", "seq"}:
            raise BadSchema("The header of a frame must hold alg, enc and seq, nothing else.")
        if header["alg"] != "dir" or header["enc"] != "A256CBC-HS512":
            raise BadSchema("A frame must be encrypted with dir and A256CBC-HS512.")
        number = header["seq"]
        if type(number) is not int:  # not bool, which Python counts among the integers
            raise BadSchema("The number of a frame must be an integer.")
        if number != self._next:
            raise CannotOpen(f"Frame {self._next} was due, and another came.")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise BadSchema("The parts of a sealed frame must be strings.")
    return value
