"""The notations that everything else is written in (protocol §1).

Reading JSON strictly has to be fast, since every frame and every message of 10 MiB goes through
it. orjson refuses by itself: `NaN`, infinities, numbers that overflow a double, invalid UTF-8, a
byte-order mark, lone surrogates, anything after the value. It does three things that are not
allowed here: it keeps the last of duplicate keys, turns integers over 64 bits into floats, and
nests to 1024. Depth is counted on the parsed value. For the other two: where serialising the
value again gives the very bytes that were read, nothing can have been lost. That is so for
nearly everything that a program wrote, and costs little. All other documents are read a second
time, with Python's reader, whose hook sees every member of every object.
"""

from __future__ import annotations

import binascii
import hashlib
import json
import re
from datetime import UTC, datetime
from typing import Final, NoReturn, TypeAlias

import orjson

from sdmp import limits
from sdmp.errors import BadEncoding, BadJSON, BadSchema, TooLarge

JSON: TypeAlias = "dict[str, JSON] | list[JSON] | str | int | float | bool | None"

# Maps base64url onto base64, and what is only in base64 onto something in neither.
_FROM_URL: Final = bytes.maketrans(b"-_+/=", b"+/!!!")
_TO_URL: Final = bytes.maketrans(b"+/", b"-_")
_BETWEEN: Final = (b",", b"[", b"{")
# One that is never closed goes on to the end, so that all are found in one pass.
_STRING: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?+', re.DOTALL)
_HASH: Final = re.compile(r"[A-Za-z0-9_-]{85}[AQgw]")


def b64(data: bytes) -> str:
    """Write bytes as base64url without padding (protocol §1)."""
    text = binascii.b2a_base64(data, newline=False).translate(_TO_URL)
    return text.rstrip(b"=").decode("ascii")


def unb64(text: str) -> bytes:
    """Read canonical base64url.

    Raises BadEncoding for padding, white space, other alphabets, lengths that cannot be, and
    bits set that no byte uses (protocol §1).
    """
    try:
        raw = text.encode("ascii").translate(_FROM_URL)
        data = binascii.a2b_base64(raw + b"=" * (-len(raw) % 4), strict_mode=True)
    except ValueError:
        raise BadEncoding("This is not base64url without padding.") from None
    # Only the last group can hold stray bits.
    tail = len(raw) % 4
    if tail and binascii.b2a_base64(data[-(tail - 1) :], newline=False)[:tail] != raw[-tail:]:
        raise BadEncoding("The last character of this base64url text has stray bits.")
    return data


def hash_b64(data: bytes) -> str:
    """Return the protocol's `hash`: SHA-512 in base64url, always 86 characters (protocol §1)."""
    return b64(hashlib.sha512(data).digest())


def is_fingerprint(text: object) -> bool:
    """Tell whether this is an 86-character hash: a fingerprint or an identifier (protocol §1)."""
    return isinstance(text, str) and _HASH.fullmatch(text) is not None


def read_json(data: bytes | str, limit: int | None = None) -> JSON:
    """Read one JSON document strictly (protocol §1).

    `limit` is the greatest length in bytes. Raises TooLarge above it and for too many values, whose
    objects would take twenty times the memory of the text, and BadJSON for duplicate
    keys, `NaN`, numbers beyond a double, invalid UTF-8, a byte-order mark, lone surrogates, data
    after the value and nesting deeper than 32.
    """
    if isinstance(data, str):
        try:
            data = data.encode()
        except UnicodeEncodeError:
            raise BadJSON("This JSON holds half of a surrogate pair.") from None
    if limit is not None and len(data) > limit:
        raise TooLarge(f"This has {len(data)} bytes, and at most {limit} are allowed.")
    if len(data) > limits.JSON_VALUES and _count_values(data) > limits.JSON_VALUES:
        raise TooLarge(f"This JSON holds more than {limits.JSON_VALUES} values.")
    try:
        value: JSON = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise BadJSON(f"This is not JSON: {error.msg}.") from None
    _check_depth(value)
    try:
        if orjson.dumps(value) == data:
            return value
    except orjson.JSONEncodeError:
        # Some versions of orjson write less than they read; the thorough reader will tell.
        pass
    return _read_thoroughly(data)


def write_json(value: object) -> bytes:
    """Write compact JSON in UTF-8, members in the order given (protocol §1)."""
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        # Integers over 64 bits are JSON, and orjson does not write them.
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode()


def format_time(moment: datetime) -> str:
    """Write an aware datetime as a timestamp, cut to milliseconds (protocol §1)."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def parse_time(text: str) -> datetime:
    """Read a timestamp as an aware datetime in UTC.

    Raises BadSchema unless it is 24 characters and a real date (protocol §1).
    """
    try:
        moment = datetime.fromisoformat(text)
        # fromisoformat reads many notations; only one of them is written back as it was.
        if moment.tzinfo is UTC and format_time(moment) == text:
            return moment
    except (ValueError, OverflowError):
        pass
    raise BadSchema("This is not a timestamp such as 2026-11-22T12:00:00.000Z.")


def _count_values(data: bytes) -> int:
    """Count the values in a JSON document, a few too many or too few, without making them."""
    found = sum(map(data.count, _BETWEEN))
    if found > limits.JSON_VALUES:
        # They may stand in texts.
        bare = _STRING.sub(b"", data)
        found = sum(map(bare.count, _BETWEEN))
    return found


def _check_depth(value: JSON) -> None:
    """Refuse nesting deeper than the limit, one level after the other."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(limits.JSON_DEPTH):
        if not level:
            return
        level = [
            child
            for parent in level
            for child in (parent.values() if type(parent) is dict else parent)
            if type(child) is dict or type(child) is list
        ]
    if level:
        raise BadJSON(f"This JSON is nested deeper than {limits.JSON_DEPTH}.")


def _read_thoroughly(data: bytes) -> JSON:
    """Read what orjson could read, minding duplicate keys and the size of integers."""
    try:
        value: JSON = json.loads(
            data.decode(),
            object_pairs_hook=_members,
            parse_int=_integer,
            parse_constant=_not_a_number,
        )
    except (ValueError, RecursionError):
        # RecursionError: deep nesting that a later member of the same name hid from orjson.
        raise BadJSON("This is not JSON.") from None
    return value


def _members(pairs: list[tuple[str, JSON]]) -> dict[str, JSON]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise BadJSON("An object in this JSON has two members of the same name.")
    return members


def _integer(digits: str) -> int:
    # Python refuses to convert more than 4300 digits, and a double ends at 309.
    number = int(digits)
    try:
        float(number)
    except OverflowError:
        raise BadJSON("This JSON holds a number beyond a double.") from None
    return number


def _not_a_number(name: str) -> NoReturn:
    raise BadJSON(f"{name} is not a JSON number.")
