"""The language of search: whatever is typed is a query, and compared without case and accents."""

import re
import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.queries import (
    LONGEST,
    Has,
    Piece,
    Place,
    When,
    Who,
    Words,
    find_in,
    fold,
    mark_in,
    pattern_of,
    read_day,
    read_query,
)

PARTS = st.sampled_from(
    [
        *("from:", "to:", "has:", "in:", "before:", "after:", "is:", "foo:", "http://x", ":"),
        *("-", '"', "„", "“", "»", " ", "ana", "2026-11-20", "31.2.2026", "picture", "bin"),
        *("ß", "İ", "ﬁ", "\u0301"),
    ]
)


@given(st.one_of(st.text(), st.lists(PARTS).map("".join)))
def test_never_fails(text: str) -> None:
    query = read_query(text)
    assert all(str(problem) for problem in query.problems)
    pattern = pattern_of(query.needles)
    assert "".join(piece.text for piece in mark_in(text, pattern)) == text


def test_words_and_phrases() -> None:
    query = read_query('Boat "long  Table" -fish -"no rain"')
    assert query.words == (
        Words("boat"), Words("long table"), Words("fish", True), Words("no rain", True)
    )  # fmt: skip
    assert query.needles == ("boat", "long table")


@pytest.mark.parametrize("text", ["„langer Tisch“", "“langer Tisch”", "»langer Tisch«",
                                  '"langer Tisch', '"langer Tisch"'])  # fmt: skip
def test_quotes_of_several_languages_and_one_left_open(text: str) -> None:
    assert read_query(text).words == (Words("langer tisch"),)


def test_operators() -> None:
    query = read_query('from:Ana TO:me has:attachment is:starred -in:archive from:"Ben O"')
    assert query.who == (Who("from", "ana"), Who("to", "me"), Who("from", "ben o"))
    assert query.has == (Has("attachment"), Has("star"))
    assert query.places == (Place("archive", True),)
    assert not query.words
    assert not query.problems


def test_days() -> None:
    query = read_query("after:2026-11-20 before:1.12.2026 -after:2027")
    assert query.when == (
        When("after", date(2026, 11, 20)),
        When("before", date(2026, 12, 1)),
        When("after", date(2027, 1, 1), True),
    )
    assert read_day("2026-02") == date(2026, 2, 1)
    for text in (
        "2026-13-01",
        "31.2.2026",
        "11/20/2026",
        "0001-01-01",
        "9999-12-31",
        "tomorrow",
        "",
    ):
        assert read_day(text) is None


def test_what_makes_no_sense_is_said() -> None:
    query = read_query("colour:red before:2026-13-01 has:wings")
    assert query.words == (Words("colour:red"),)
    assert [problem.kind for problem in query.problems] == ["operator", "date", "value"]
    said = " ".join(map(str, query.problems))
    assert "“colour:”" in said
    assert "“2026-13-01” is not a day" in said
    assert "“has:wings” was left out" in said


@pytest.mark.parametrize("text", ["Re: Hello", "http://hearth.example/x", "at 12:45", "a: b", "::"])
def test_ordinary_colons_are_no_operators(text: str) -> None:
    query = read_query(text)
    assert not query.problems
    assert query.words


def test_half_typed_operators_and_lone_dashes_ask_nothing() -> None:
    for text in ("from:", "before:", "in:", "-", " - ", "--", '""', ""):
        query = read_query(text)
        assert (query.words, query.who, query.places, query.when, query.problems) == ((),) * 5


def test_too_long_is_said() -> None:
    assert [p.kind for p in read_query("x" * (LONGEST + 1)).problems] == ["long"]
    many = read_query("word " * 90)
    assert [p.kind for p in many.problems] == ["long"]
    assert len(many.words) == 20


@pytest.mark.parametrize(
    ("typed", "written"),
    [("Muller", "Müller"), ("MÜLLER", "mu\u0308ller"), ("strasse", "Straße"), ("zoe", "Zoë"),
     ("resume", "Résumé"), ("ελλαδα", "Ελλάδα"), ("finnish", "ﬁnnish"), ("żółw", "ZÓŁW"),
     ("½", "½"), ("...", "…"), ("шалаш", "ШАЛАШ"), ("i", "İ")],
)  # fmt: skip
def test_folding(typed: str, written: str) -> None:
    assert fold(typed) == fold(written)


@given(st.text(st.characters(codec="cp1252")))
def test_the_quick_way_of_folding_is_the_same(text: str) -> None:
    marks = re.compile("[\u0300-\u036f]")
    assert fold(text) == marks.sub("", unicodedata.normalize("NFKD", text)).casefold()


def test_marking_keeps_the_text_as_it_was_written() -> None:
    pattern = pattern_of(["muller", "strasse"])
    assert mark_in("Herr Müller, Mu\u0308llerstraße 3", pattern) == [
        Piece("Herr "), Piece("Müller", True), Piece(", "), Piece("Mu\u0308ller", True),
        Piece("straße", True), Piece(" 3"),
    ]  # fmt: skip
    assert mark_in("plain", None) == [Piece("plain")]


def test_marking_a_phrase_across_lines() -> None:
    assert list(find_in("a long\n table", pattern_of(["long table"]) or re.compile(""))) == [
        (2, 13)
    ]
