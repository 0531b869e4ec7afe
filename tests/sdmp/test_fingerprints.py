"""What two people compare (product: checking a contact)."""

from hypothesis import given
from hypothesis import strategies as st

from sdmp.encoding import b64
from sdmp.fingerprints import compare_digits

HASHES = st.binary(min_size=64, max_size=64).map(b64)


@given(HASHES, HASHES)
def test_both_people_see_the_same(one: str, other: str) -> None:
    digits = compare_digits(one, other)
    assert digits == compare_digits(other, one)
    assert len(digits) == 12
    assert all(len(group) == 5 and group.isdigit() and group.isascii() for group in digits)


@given(HASHES, HASHES, HASHES)
def test_somebody_else_has_other_digits(one: str, other: str, third: str) -> None:
    assert (other == third) == (compare_digits(one, other) == compare_digits(one, third))


def test_the_digits_do_not_change_with_the_version() -> None:
    expected = "38842 74030 07714 02864 05460 74215 70912 64148 18126 49041 60360 27166"
    assert compare_digits("A" * 86, "Q" * 86) == expected.split()
