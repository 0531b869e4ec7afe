"""JSON, base64url, hashes and timestamps (protocol §1)."""

import base64
import json
import math
import sys
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sdmp.encoding import (
    b64,
    format_time,
    hash_b64,
    is_fingerprint,
    parse_time,
    read_json,
    unb64,
    write_json,
)
from sdmp.errors import BadEncoding, BadJSON, BadSchema, TooLarge

URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


# A slow reader that is plainly right: it builds on Python's, and judges one thing after another.


def slow_read(data: bytes) -> Any:
    """Read strict JSON, or raise ValueError."""
    text = data.decode("utf-8")
    if text.startswith("\ufeff"):
        raise ValueError("byte-order mark")

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        if len(names) != len(set(names)):
            raise ValueError("duplicate")
        return dict(pairs)

    def real(text: str) -> float:
        number = float(text)
        if math.isinf(number):
            raise ValueError("beyond a double")
        return number

    def integer(text: str) -> int:
        real(text)
        return int(text)

    def constant(text: str) -> Any:
        raise ValueError(text)

    try:
        value = json.loads(
            text,
            object_pairs_hook=members,
            parse_int=integer,
            parse_float=real,
            parse_constant=constant,
        )
    except RecursionError:
        raise ValueError("depth") from None
    _slow_judge(value, 1)
    return value


def _slow_judge(value: Any, depth: int) -> None:
    if isinstance(value, str):
        value.encode("utf-8")
    if isinstance(value, dict | list):
        if depth > 32:
            raise ValueError("depth")
        if isinstance(value, dict):
            for name in value:
                _slow_judge(name, depth)
        for child in value.values() if isinstance(value, dict) else value:
            _slow_judge(child, depth + 1)


def agree(data: bytes) -> None:
    """Check that both readers accept the same and read the same, types included."""
    try:
        expected = slow_read(data)
    except (ValueError, UnicodeError):
        with pytest.raises(BadJSON):
            read_json(data)
        return
    value = read_json(data)
    assert repr(value) == repr(expected)


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda children: (
        st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=3), children, max_size=4)
    ),
    max_leaves=12,
)
FRAGMENTS = st.sampled_from(
    [
        *'{}[],:" \n\t\r\\',
        *('"a"', '"\\u0061"', "1", "-0", "1e5", "1e999", "NaN", "-Infinity", "0.1"),
        *("null", "true", '"\\ud800"', '"\\ud83d\\ude00"', "\ufeff", "é", "18446744073709551616"),
        *("9" * 309, '{"a":', '{"b":[', "]}", "}}", "//", "\x00", "\x7f"),
    ]
)


@given(JSON_VALUES)
def test_what_is_written_is_read(value: Any) -> None:
    data = write_json(value)
    assert repr(read_json(data)) == repr(value)
    assert read_json(data.decode()) == value


@given(JSON_VALUES, st.booleans(), st.sampled_from([None, 1]))
def test_other_writers_are_read(value: Any, escapes: bool, indent: int | None) -> None:
    agree(json.dumps(value, ensure_ascii=escapes, indent=indent).encode())


@given(st.lists(FRAGMENTS, max_size=14).map("".join))
@example('{"a":1,"\\u0061":2}')
@example('{"a":{"b":1,"b":1}}')
@example('[{"a":1},{"a":1}]')
@example('{"a":%s,"a":1}' % ("[" * 900 + "]" * 900))
@example("[" * 33 + "]" * 33)
@example("[" * 32 + "1" + "]" * 32)
@example("[" * 100_000)
@example('{"a":"\\ud800"}')
@example("179769313486231580793e289")
@example("1" + "0" * 308)
@example("1" + "0" * 309)
@example("-1" + "0" * 5000)
@example("1E-999")
@example("")
def test_both_readers_agree(text: str) -> None:
    agree(text.encode())


@given(st.binary(max_size=12))
@example(b'"\xff"')
@example(b'"\xed\xa0\x80"')
@example(b'"\xc0\x80"')
@example(b"\xef\xbb\xbf{}")
@example(b"1\x00")
@example(b"1\x00\x00\x00")
def test_both_readers_agree_on_bytes(data: bytes) -> None:
    agree(data)
    agree(b'"' + data + b'"')


def test_a_lone_surrogate_in_a_string_given_as_text_is_bad_json() -> None:
    with pytest.raises(BadJSON):
        read_json('"\ud800"')


def test_integers_beyond_64_bits_stay_integers() -> None:
    assert read_json(b"[18446744073709551616]") == [2**64]
    assert write_json([2**64]) == b"[18446744073709551616]"


def test_reading_stays_safe_near_the_end_of_the_stack() -> None:
    def at_depth(left: int) -> Any:
        if left:
            return at_depth(left - 1)
        hidden = b'{"a":' + b"[" * 500 + b"]" * 500 + b',"a":1}'
        with pytest.raises(BadJSON):
            read_json(hidden)
        return None

    at_depth(sys.getrecursionlimit() // 2)


def test_the_limit_is_in_bytes() -> None:
    assert read_json('"é"', limit=4) == "é"
    with pytest.raises(TooLarge):
        read_json('"é"', limit=3)


@given(st.binary(max_size=40))
def test_base64_round_trip(data: bytes) -> None:
    text = b64(data)
    assert text == base64.urlsafe_b64encode(data).decode().rstrip("=")
    assert unb64(text) == data


@given(st.text(alphabet=URL + "+/= \nA\u00e9", max_size=12))
@example("AB")
@example("AAB")
@example("A")
@example("AA==")
@example("AA\n")
def test_only_canonical_base64_is_read(text: str) -> None:
    try:
        data = unb64(text)
    except BadEncoding:
        padded = text + "=" * (-len(text) % 4)
        canonical = set(text) <= set(URL) and len(text) % 4 != 1
        assert not canonical or b64(base64.urlsafe_b64decode(padded)) != text
    else:
        assert b64(data) == text


def test_hashes_are_86_characters() -> None:
    # The SHA-512 of nothing, of FIPS 180-4.
    digest = (
        "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
        "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"
    )
    assert unb64(hash_b64(b"")).hex() == digest
    assert len(hash_b64(b"")) == 86
    assert is_fingerprint(hash_b64(b""))


@pytest.mark.parametrize("text", ["", "A" * 85, "A" * 87, "A" * 85 + "B", "A" * 86 + "\n", 5, None])
def test_what_is_no_fingerprint(text: object) -> None:
    assert not is_fingerprint(text)


@given(st.datetimes(timezones=st.just(UTC)))
def test_timestamps_round_trip(moment: datetime) -> None:
    text = format_time(moment)
    assert len(text) == 24
    assert parse_time(text) == moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def test_timestamps_are_in_utc() -> None:
    zone = timezone(timedelta(hours=2))
    assert format_time(datetime(2026, 1, 1, 1, tzinfo=zone)) == "2025-12-31T23:00:00.000Z"


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T12:00:00Z",
        "2026-11-22T12:00:00.000",
        "2026-11-22T12:00:00.000+00:00",
        "2026-11-22 12:00:00.000Z",
        "2026-11-22t12:00:00.000z",
        "2026-11-22T12:00:00,000Z",
        "2026-11-22T12:00:00.000Z\n",
        "2026-02-29T12:00:00.000Z",
        "2026-13-01T12:00:00.000Z",
        "2026-11-22T24:00:00.000Z",
        "2026-11-22T23:59:60.000Z",
        "2026-W47-7T12:00:00.000Z",
        "٢026-11-22T12:00:00.000Z",
        "",
    ],
)
def test_what_is_no_timestamp(text: str) -> None:
    with pytest.raises(BadSchema):
        parse_time(text)
