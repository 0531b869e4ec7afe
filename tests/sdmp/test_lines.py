"""Journal lines (protocol §8)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdmp.encoding import b64, hash_b64
from sdmp.errors import BadLine
from sdmp.lines import Line, check_chain, make_line, next_identifier, read_line

HASHES = st.binary(min_size=64, max_size=64).map(b64)
FP = hash_b64(b"node")


def journal(entries: list[tuple[str, str]]) -> list[str]:
    lines = [FP]
    for user, resource in entries:
        lines.append(make_line(lines[-1], user, resource))
    return lines


@given(HASHES, HASHES)
def test_lines_round_trip(user: str, resource: str) -> None:
    assert read_line(make_line(FP, user, resource)) == Line(next_identifier(FP), user, resource)


@given(st.lists(st.tuples(HASHES, HASHES), min_size=1, max_size=6), st.data())
def test_any_change_breaks_the_chain(entries: list[tuple[str, str]], data: st.DataObject) -> None:
    lines = journal(entries)
    check_chain(lines)
    check_chain(lines[1:], lines[0])
    index = data.draw(st.integers(0, len(lines) - 1))
    place = data.draw(st.integers(0, len(lines[index]) - 2))
    old = lines[index][place]
    new = "A" if old != "A" else "B"
    lines[index] = lines[index][:place] + new + lines[index][place + 1 :]
    lines.append(make_line(journal(entries)[-1], FP, FP))
    with pytest.raises(BadLine) as caught:
        check_chain(lines)
    # A change within the identifier or the form shows there, any other in the line after.
    assert caught.value.index in (index, index + 1)


@pytest.mark.parametrize(
    "text",
    ["", FP, f"{FP}@{FP}", f"{FP}@{FP}/{FP}\n", f" {FP}@{FP}/{FP}", f"{FP}@{FP}/{FP[:-1]}B"],
)
def test_what_is_no_line(text: str) -> None:
    with pytest.raises(BadLine):
        read_line(text)
    with pytest.raises(BadLine):
        check_chain([text], previous=FP)


def test_the_first_line_is_a_fingerprint() -> None:
    with pytest.raises(BadLine) as caught:
        check_chain(["x"])
    assert caught.value.index == 0


def test_a_chain_starts_after_the_line_it_is_said_to_follow() -> None:
    lines = journal([(FP, FP), (FP, hash_b64(b"")), (FP, FP)])
    check_chain(lines[2:], previous=lines[1])
    check_chain([], previous=lines[1])
    with pytest.raises(BadLine):
        check_chain(lines[2:], previous=lines[2])
