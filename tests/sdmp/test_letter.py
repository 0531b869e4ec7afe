"""Letters and their attachments (protocol §9)."""

from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sdmp.attachments import ATTACHMENTS_MAX, read_data_link
from sdmp.encoding import b64
from sdmp.letter import Attachment, Letter, image_markdown, read_letter, write_letter
from sdmp.resource import uri

FP = b64(bytes(range(64)))
OTHER = b64(bytes(64))
DATE = datetime(2026, 11, 22, 12, tzinfo=UTC)
HEADER = "Date: 2026-11-22T12:00:00.000Z\nTo: \n"

HASHES = st.binary(min_size=64, max_size=64).map(b64)
LINES = st.text(st.characters(exclude_categories=["Cs"]), max_size=20).map(
    lambda text: " ".join(text.split())
)
BODIES = st.lists(
    st.sampled_from(
        ["\n", "\n\n", "[", "]", "![", "](", ")", "```", "~~~~", "\\", '"', " ", "\r\n", "&amp;"]
    )
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
    max_size=12,
).map("".join)
ATTACHMENTS = st.builds(
    Attachment,
    name=st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
    | st.text('"\\[]()<>&;\n\r\t #x', max_size=8),
    type=st.sampled_from(["image/png", "text/plain", "text/plain;charset=utf-8", "a.b/c+d"]),
    data=st.binary(max_size=40),
)
LETTERS = st.builds(
    Letter,
    date=st.datetimes(timezones=st.just(UTC)).map(lambda date: date.replace(microsecond=7000)),
    to=st.lists(HASHES, max_size=3, unique=True).map(tuple),
    title=LINES,
    in_reply_to=st.none() | st.builds(uri, HASHES, HASHES),
    thread=st.none() | st.builds(uri, HASHES, HASHES),
    body=BODIES,
    attachments=st.lists(ATTACHMENTS, max_size=3).map(tuple),
    extra=st.lists(st.tuples(st.sampled_from(["X", "Mood-2", "date"]), LINES), max_size=2).map(
        tuple
    ),
)


@given(LETTERS)
@example(Letter(DATE, body="```", attachments=(Attachment("a", "a/b", b""),)))
@example(Letter(DATE, body="\n", attachments=(Attachment("", "a/b", b"x"),)))
@example(Letter(DATE, attachments=(Attachment("&amp;\\&#10;", "a/b", b"x"),)))
@example(Letter(DATE, body="[", attachments=(Attachment("]", "a/b", b"x"),)))
def test_letters_round_trip(letter: Letter) -> None:
    assert read_letter(write_letter(letter)) == letter


@given(LETTERS, st.lists(ATTACHMENTS, min_size=1, max_size=3))
def test_pictures_stay_in_the_body(letter: Letter, files: list[Attachment]) -> None:
    pictures = tuple(Attachment(file.name, file.type, file.data, image=True) for file in files)
    body = "\n".join(["x", *(image_markdown(picture) for picture in pictures), "y"])
    written = Letter(DATE, body=body, attachments=(*pictures, *letter.attachments))
    assert read_letter(write_letter(written)) == written


@given(BODIES)
def test_reading_never_fails_and_settles(text: str) -> None:
    for given_text in (text, HEADER + text, f"{HEADER}\n{text}\n[a]: data:,x\n{text}"):
        letter = read_letter(given_text)
        assert read_letter(write_letter(letter)) == letter


def test_the_example_of_the_protocol() -> None:
    text = (
        f"Title: Dinner on Friday\nDate: 2026-11-22T12:00:00.000Z\n"
        f"To: sdmp://{FP}/, sdmp://{OTHER}/\n"
        f"In-Reply-To: sdmp://{FP}/{OTHER}\nThread: sdmp://{FP}/{FP}\n\n"
        "Shall we say **eight**?\n\n![the place](data:image/jpeg;base64,AAEC)\n"
        '[menu.pdf]: data:application/pdf;base64,JVBERg "menu.pdf"'
    )
    assert read_letter(text) == Letter(
        date=DATE,
        to=(FP, OTHER),
        title="Dinner on Friday",
        in_reply_to=uri(FP, OTHER),
        thread=uri(FP, FP),
        body="Shall we say **eight**?\n\n![the place](data:image/jpeg;base64,AAEC)",
        attachments=(
            Attachment("the place", "image/jpeg", b"\0\1\2", image=True),
            Attachment("menu.pdf", "application/pdf", b"%PDF"),
        ),
    )


def test_a_letter_is_written_as_the_protocol_shows() -> None:
    letter = Letter(DATE, (FP,), "Hi", None, uri(FP, FP), "Text", extra=(("Mood", "good"),))
    assert write_letter(letter) == (
        f"Title: Hi\nDate: 2026-11-22T12:00:00.000Z\nTo: sdmp://{FP}/\n"
        f"Thread: sdmp://{FP}/{FP}\nMood: good\n\nText"
    )
    assert write_letter(Letter(DATE)) == f"{HEADER}\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Hello",
        "\n" + HEADER,
        "To: \n\nText",
        "Date: 2026-02-30T12:00:00.000Z\nTo: \n\nText",
        "Date: yesterday\n\nText",
        "Date:\n\nText",
        HEADER + "not a field\n\nText",
        HEADER + " folded: line\n\nText",
        HEADER + "1x: y\n\nText",
        HEADER + "Ünknown: y\n\nText",
        HEADER + "http://example.org\n\nText",
        HEADER + "Title: a\nTitle: a\n\nText",
        HEADER + "Date: 2026-11-22T12:00:00.000Z\n\nText",
        HEADER + "Title: a\rb\n\nText",
        (HEADER + "\nText").replace("\n", "\r\n"),
        HEADER + "X: " + "x" * 200_000 + "\n\nText",
        HEADER + "X: " + "x" * 200_000,
        "[a]: data:,x",
    ],
)
def test_without_a_valid_header_all_is_shown(text: str) -> None:
    letter = read_letter(text)
    assert letter == Letter(None, body=text, has_header=False)
    assert write_letter(letter) == text


def test_headers_that_are_valid() -> None:
    letter = read_letter("X: 1\nDate:\t2026-11-22T12:00:00.000Z \nX: 2\nto: a\nTo:\nTitle:  a b \n")
    assert (letter.date, letter.to, letter.title) == (DATE, (), "a b")
    assert letter.extra == (("X", "1"), ("X", "2"), ("to", "a"))
    assert read_letter("Date: 2026-11-22T12:00:00.000Z") == Letter(DATE)
    assert read_letter(f"{HEADER}\n\n\nText").body == "\n\nText"


def test_references_that_are_none_are_passed_over() -> None:
    letter = read_letter(
        f"Date: 2026-11-22T12:00:00.000Z\nTo: sdmp://{FP}/, x,, sdmp://{FP}/{OTHER},sdmp://{FP}/\n"
        f"In-Reply-To: sdmp://{FP}/\nThread: https://a\n\n"
    )
    assert letter == Letter(DATE, (FP,))


def test_line_ends_do_not_get_into_the_header() -> None:
    for end in ("\n", "\r", "\r\n", "\u2028", "\x85", "\x0b"):
        letter = Letter(DATE, title=f"a{end}To: b", extra=(("X", f"c{end}{end}d"),), body="Text")
        read = read_letter(write_letter(letter))
        assert (read.title, read.to, read.body) == ("a To: b", (), "Text")


def test_what_we_may_not_write() -> None:
    for letter in (
        Letter(None),
        Letter(DATE, extra=(("Title", "x"),)),
        Letter(DATE, extra=(("a b", "x"),)),
        Letter(DATE, extra=(("", "x"),)),
    ):
        with pytest.raises(ValueError, match=r"date|header"):
            write_letter(letter)


@pytest.mark.parametrize(
    ("line", "attachment"),
    [
        ('[a]: data:a/b;base64,eA== "n"', Attachment("n", "a/b", b"x")),
        ("[a]: data:a/b;base64,eA", Attachment("a", "a/b", b"x")),
        ("[a]:data:a/b;base64,eA%3D%3D", Attachment("a", "a/b", b"x")),
        ("[a]: <data:a/b,x%20y> 'n'", Attachment("n", "a/b", b"x y")),
        ("[a]: DATA:,%C3%A9 (n)", Attachment("n", "text/plain", b"\xc3\xa9")),
        ("[a]: data:;charset=x,y \t", Attachment("a", "text/plain", b"y")),
        ("[a]: data:<b>/c,y", None),
        ('[a]: data:"/c,y', Attachment("a", "application/octet-stream", b"y")),
        (r"[\[a\]\\]: data:,", Attachment("[a]\\", "text/plain", b"")),
        (r'[a]: data:, "\"n\" &amp; &lt;&#10;"', Attachment('"n" & <\n', "text/plain", b"")),
        ("[a]: data:a/b;base64,e", None),
        ("[a]: data:a/b;base64,e*==", None),
        ("[a]: data:nothing", None),
        ("[a]: data:,x y", None),
        ('[a]: data:,x "n" more', None),
        ('[a]: data:,x"n"', Attachment("a", "text/plain", b'x"n"')),
        ("[]: data:,x", None),
        ("[a] data:,x", None),
        (" [a]: data:,x", None),
        ("    [a]: data:,x", None),
        ("> [a]: data:,x", None),
        ("[a]: https://example.org/x", None),
        ("![a]: data:,x", None),
    ],
)
def test_definitions(line: str, attachment: Attachment | None) -> None:
    letter = read_letter(f"{HEADER}\nbefore\n{line}\nafter\n")
    if attachment is None:
        assert letter.attachments == ()
        assert letter.body == f"before\n{line}\nafter\n"
    else:
        assert letter.attachments == (attachment,)
        assert letter.body == "before\nafter\n"


@pytest.mark.parametrize(
    ("text", "attachment"),
    [
        ("![a](data:image/png;base64,eA==)", Attachment("a", "image/png", b"x", image=True)),
        ('![a]( <data:image/png,x> "n" )', Attachment("n", "image/png", b"x", image=True)),
        ("x ![](data:image/png,x) y", Attachment("", "image/png", b"x", image=True)),
        ("![a](https://example.org/x.png)", None),
        ("![a](data:image/png;base64,?)", None),
        ("[a](data:image/png,x)", None),
        ("![a\n](data:image/png,x)", None),
    ],
)
def test_pictures(text: str, attachment: Attachment | None) -> None:
    letter = read_letter(f"{HEADER}\n{text}")
    assert letter.body == text
    assert letter.attachments == (() if attachment is None else (attachment,))


def test_a_picture_not_yet_shown_is_shown_at_the_end() -> None:
    picture = Attachment("p", "image/png", b"x", image=True)
    letter = read_letter(write_letter(Letter(DATE, body="Text", attachments=(picture, picture))))
    assert letter.body == "\n\n".join(["Text", image_markdown(picture), image_markdown(picture)])
    assert letter.attachments == (picture, picture)
    assert read_letter(write_letter(letter)) == letter


def test_code_blocks_are_left_alone() -> None:
    for fence in ("```", "~~~~", "  ````"):
        body = f"{fence} python\n[a]: data:,x\n```x\n![a](data:,x)\n{fence}\n"
        letter = read_letter(f"{HEADER}\n{body}[b]: data:,y\n")
        assert letter.body == body
        assert [attachment.name for attachment in letter.attachments] == ["b"]


def test_a_block_that_is_never_closed_hides_nothing() -> None:
    letter = read_letter(f"{HEADER}\n```\n[a]: data:,x")
    assert [attachment.name for attachment in letter.attachments] == ["a"]


def test_an_unfit_media_type_is_not_written() -> None:
    letter = Letter(DATE, attachments=(Attachment("a", "a/b, x\nc", b"x"),))
    assert read_letter(write_letter(letter)).attachments == (
        Attachment("a", "application/octet-stream", b"x"),
    )


def test_the_number_of_attachments_is_bounded() -> None:
    text = f"{HEADER}\n" + "[a]: data:,x\n" * (ATTACHMENTS_MAX + 5)
    letter = read_letter(text)
    assert len(letter.attachments) == ATTACHMENTS_MAX
    assert letter.body == "[a]: data:,x\n" * 5


def test_large_letters() -> None:
    data = bytes(range(256)) * 28 * 1024
    letter = Letter(DATE, body="x" * 100_000, attachments=(Attachment("a", "a/b", data),))
    assert read_letter(write_letter(letter)) == letter


@pytest.mark.parametrize(
    "piece", ["[", "\n[", "![", "![a](data:", "\n[a]: data:", "```\n", "![\\["]
)
def test_hostile_text_takes_no_more_than_its_length(piece: str) -> None:
    # Quadratic reading of this would take hours.
    text = f"{HEADER}\n" + piece * (2 * 1024 * 1024 // len(piece))
    assert read_letter(text).attachments == ()


def test_data_links() -> None:
    assert read_data_link("data:,") == ("text/plain", b"")
    assert read_data_link("data:") is None
    assert read_data_link("data:a/b;base64,AA=A") is None
