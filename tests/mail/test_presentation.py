"""The words of the pages."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils.translation import override

from mail import presentation

NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@dataclass(frozen=True)
class Somebody:
    """A person of a list."""

    name: str
    own: bool = False


@dataclass(frozen=True)
class Way:
    """The way of a letter to one person."""

    to: Somebody
    state: str


ANA, BEN, ME = Somebody("Ana Lindqvist"), Somebody("Ben Okafor"), Somebody("Divya", own=True)


def ways(*states: str) -> list[Way]:
    """Make deliveries in these states."""
    return [Way(Somebody(f"P{number} X"), state) for number, state in enumerate(states)]


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Ana Lindqvist", "AL"),
        ("Maximiliana Featherstonehaugh-Oyelaran", "MO"),
        ("echo", "E"),
        ("", "?"),
        ("\u202egnp.exe", "G"),
        ("(Bob)", "?"),
        ("Ümit Çelik", "ÜÇ"),
    ],
)
def test_initials(name: str, letters: str) -> None:
    assert presentation.initials(name) == letters


def test_clean_name_takes_out_what_misleads() -> None:
    assert presentation.clean_name("a\u202eb\nc\x00\u200bd\t e") == "ab cd e"


def test_people() -> None:
    assert presentation.people_words([ANA, ME, BEN]) == "you, Ana and Ben"
    assert presentation.people_words([ANA]) == "Ana"
    assert presentation.row_people([ANA], [ME]) == "Ana Lindqvist"
    assert presentation.row_people([ANA, BEN, ME], [ANA]) == "Ana, Ben, you"
    assert presentation.row_people([ME, ANA], [ME]) == "You, Ana"
    assert presentation.row_people([ME], [BEN, ANA]) == "You, Ben, Ana"
    assert presentation.row_people([ME], []) == "You"


def test_whoever_shares_a_first_name_is_called_by_all_of_the_name() -> None:
    other = replace(ANA, name="Ana Okafor")
    assert presentation.people_words([other, ANA, BEN]) == "Ana Okafor, Ana Lindqvist and Ben"
    assert presentation.row_people([ANA, other, ME], []) == "Ana Lindqvist, Ana Okafor, you"
    assert presentation.row_people([ME], [ANA, other]) == "You, Ana Lindqvist, Ana Okafor"


@pytest.mark.parametrize(
    ("ago", "short", "words"),
    [
        (timedelta(minutes=10), "13:20", "today at 13:20"),
        (timedelta(hours=14), "Sat", "yesterday at 23:30"),
        (timedelta(days=3), "Thu", "on 19 November at 13:30"),
        (timedelta(days=30), "23 Oct", "on 23 October at 14:30"),
        (timedelta(days=400), "18 Oct 2025", "on 18 October 2025 at 14:30"),
        (-timedelta(days=1), "23 Nov", "tomorrow at 13:30"),
    ],
)
def test_moments(ago: timedelta, short: str, words: str) -> None:
    assert presentation.when_short(NOW - ago, NOW, BERLIN) == short
    assert presentation.when_words(NOW - ago, NOW, BERLIN) == words


def test_day() -> None:
    late = datetime(2027, 4, 30, 23, 0, tzinfo=UTC)
    assert presentation.day_words(late, BERLIN) == "1 May 2027"


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (1, "1 byte"),
        (999, "999 bytes"),
        (88_000, "88 KB"),
        (999_499, "999 KB"),
        (999_500, "1.0 MB"),
        (4_200_000, "4.2 MB"),
    ],
)
def test_sizes(size: int, words: str) -> None:
    assert presentation.size_words(size) == words


def test_sizes_in_german() -> None:
    with override("de"):
        assert presentation.size_words(4_200_000) == "4,2 MB"


@pytest.mark.parametrize(
    ("name", "stem", "ending"),
    [
        ("menu.pdf", "menu", ".pdf"),
        ("archive.tar.gz", "archive.tar", ".gz"),
        ("README", "README", ""),
        (".profile", ".profile", ""),
        ("strange.\u202eexe", "strange", ".exe"),
        ("a. long sentence", "a. long sentence", ""),
    ],
)
def test_file_names(name: str, stem: str, ending: str) -> None:
    assert (presentation.file_stem(name), presentation.file_ending(name)) == (stem, ending)


def test_kinds() -> None:
    assert presentation.kind_words("application/pdf") == "PDF"
    assert presentation.kind_words("image/png") == "Image"
    assert presentation.kind_words("application/x-nonsense") == "File"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("# Hello\n\nShall we say **eight**?", "Hello Shall we say eight?"),
        ("> quoted\n> again\n\nyes", "quoted again yes"),
        ("![lake](data:image/png;base64,AAAA) there", "lake there"),
        ("- one\n- two", "one two"),
        ("snake_case stays, *not* these_", "snake_case stays, not these"),
        ('[f]: data:a/b;base64,AA "f"\nafter', "after"),
    ],
)
def test_snippet(body: str, text: str) -> None:
    assert presentation.snippet(body) == text


def test_snippet_is_cut() -> None:
    cut = presentation.snippet("word " * 100_000, 20)
    assert cut == "word word word word…"


@pytest.mark.parametrize(
    ("states", "words"),
    [
        (["received"], "Received"),
        (["received", "received"], "Received by all"),
        (["received", "handed", "waiting"], "Received by one of three"),
        (["handed"], "Handed to their node"),
        (["handed", "handed"], "Handed to their nodes"),
        (["handed", "waiting"], "Handed to the nodes of one of two"),
        (["waiting", "waiting", "waiting"], "Waiting here"),
        ([], "Kept here"),
    ],
)
def test_delivery_summary(states: list[str], words: str) -> None:
    assert presentation.delivery_summary(ways(*states)) == words


def test_row_delivery_names_those_who_wait() -> None:
    assert presentation.row_delivery(ways("received", "waiting")) == "Waiting here for P1"
    assert presentation.row_delivery(ways("waiting")) == "Waiting here"
    assert presentation.still_waiting(ways("received", "waiting"))
    assert not presentation.still_waiting(ways("received", "handed"))


def test_numbers() -> None:
    assert [presentation.number_word(number) for number in (1, 10, 11)] == ["one", "ten", "11"]
