"""Searching: what is found in real, sealed letters, what is said of the rest, and the pages."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from journal.revoke import revoke
from mail import flags
from mail.hits import describe, in_context, remarks
from mail.models import Contact, Conversation, Letter, SearchText, Unopened
from mail.queries import pattern_of, read_query
from mail.search import Part, Search
from nodes.models import Account
from sdmp.letter import Attachment, image_markdown
from sdmp.resource import parse_uri
from tests.mail.conftest import House

Browse = Callable[[Account], Client]
BERLIN = ZoneInfo("Europe/Berlin")
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20


def look(account: Account, text: str, **limits: Any) -> Part:
    """Search in one part."""
    given = {"before": None, "most": 1000, "seconds": 60.0}
    return Search(account, read_query(text), BERLIN).part(**given | limits)


def found(account: Account, text: str) -> list[str]:
    """Return the titles of what is found, the newest first."""
    return [item.head.title for item in look(account, text).found]


@pytest.fixture
def letters(house: House) -> House:
    """Four letters from Alice to Bob and an answer."""
    house.write(title="Boathouse", body="The **long\ntable** stands at Müller's.")
    house.write(title="Bicycle", body="The chain is on.")
    house.write(
        title="Menu",
        body="See the file.",
        attachments=[Attachment("menü-eighty.pdf", "application/pdf", b"fish soup" * 9)],
    )
    picture = Attachment("lake.png", "image/png", PNG, image=True)
    house.write(title="Photos", body=f"The lake. {image_markdown(picture)} So calm.")
    return house


def test_words_are_found_in_text_title_and_names_of_files(letters: House) -> None:
    bob = letters.bob
    assert found(bob, "chain") == ["Bicycle"]
    assert found(bob, "bic") == ["Bicycle"]
    assert found(bob, "BOATHOUSE") == ["Boathouse"]
    assert found(bob, "muller") == ["Boathouse"]
    assert found(bob, "menu-eighty") == ["Menu"]
    assert found(bob, '"long table"') == ["Boathouse"]
    assert found(bob, '"table long"') == []
    assert found(bob, "the") == ["Photos", "Menu", "Bicycle", "Boathouse"]
    assert found(bob, "the -lake -file") == ["Bicycle", "Boathouse"]
    assert found(bob, "lake calm") == ["Photos"]
    assert found(bob, "lake chain") == []


def test_neither_headers_nor_contents_of_files_are_searched(letters: House) -> None:
    for text in (
        "sdmp:",
        "date",
        "title",
        str(letters.bob.fingerprint).lstrip("-")[:20],
        "fish",
        "iVBOR",
    ):
        assert found(letters.bob, text) == [], text


def test_the_files_of_a_letter_are_not_opened(letters: House) -> None:
    assert SearchText.objects.count() == 4  # two letters, two accounts
    with_files = Letter.objects.filter(pk__in=SearchText.objects.values("letter"))
    with_files.update(sealed_body=b"would not open")
    assert found(letters.bob, "see") == ["Menu"]
    assert found(letters.bob, "calm") == ["Photos"]


def test_people_are_found_by_both_names(letters: House) -> None:
    everything = ["Photos", "Menu", "Bicycle", "Boathouse"]
    assert found(letters.bob, "adams") == everything
    Contact.objects.filter(account=letters.bob).update(name="Grandmother")
    assert found(letters.bob, "grandm") == everything
    assert found(letters.bob, "adams") == everything  # as she has published herself
    assert found(letters.bob, "bob") == []  # one's own name stands in all
    assert found(letters.alice, "brown") == everything


def test_from_and_to(letters: House) -> None:
    everything = ["Photos", "Menu", "Bicycle", "Boathouse"]
    assert found(letters.bob, "from:alice") == everything
    assert found(letters.bob, 'from:"alice ad" lake') == ["Photos"]
    assert found(letters.bob, "-from:alice") == []
    assert found(letters.bob, "to:me") == everything
    assert found(letters.bob, "to:alice") == []
    assert found(letters.alice, "from:me to:bob chain") == ["Bicycle"]
    assert found(letters.alice, "to:nobody") == []


def test_marks(letters: House) -> None:
    bob = letters.bob
    assert found(bob, "has:attachment") == ["Photos", "Menu"]
    assert found(bob, "has:picture") == ["Photos"]
    assert found(bob, "has:attachment -has:picture") == ["Menu"]
    thread = str(Letter.objects.filter(account=bob).earliest("pk").conversation_id)
    flags.mark_read(bob, thread)
    flags.set_starred(bob, thread, True)
    assert found(bob, "has:star") == found(bob, "is:read") == ["Boathouse"]
    assert found(bob, "is:unread") == ["Photos", "Menu", "Bicycle"]
    assert len(found(letters.alice, "is:sent")) == 4


def test_folders(letters: House) -> None:
    bob = letters.bob
    rows = list(Conversation.objects.filter(account=bob).order_by("pk"))
    Conversation.objects.filter(pk=rows[0].pk).update(archived=True)
    Conversation.objects.filter(pk=rows[1].pk).update(binned=True)
    assert found(bob, "the") == ["Photos", "Menu", "Boathouse"]  # not what is in the bin
    assert found(bob, "in:bin") == ["Bicycle"]
    assert found(bob, "in:bin lake") == []
    assert found(bob, "in:archive") == found(bob, "in:arch") == ["Boathouse"]
    assert found(bob, "the -in:archive") == ["Photos", "Menu"]


def test_an_unknown_folder_is_said_and_finds_nothing_by_itself(letters: House) -> None:
    search = Search(letters.bob, read_query("in:cellar"), BERLIN)
    assert "There is no folder “cellar”" in search.problems[0]
    assert search.part(None, 9, 9).found == []
    assert found(letters.bob, "in:cellar chain") == ["Bicycle"]


def test_days_begin_in_the_readers_zone(letters: House) -> None:
    first, *others = Letter.objects.filter(account=letters.bob).order_by("pk")
    evening = datetime(2026, 3, 9, 23, 30, tzinfo=UTC)  # the 10th in Berlin
    Letter.objects.filter(pk=first.pk).update(date=evening, filed=evening)
    assert found(letters.bob, "before:2026-03-11") == ["Boathouse"]
    assert found(letters.bob, "after:10.03.2026 before:2026-03-11") == ["Boathouse"]
    assert found(letters.bob, "before:2026-03-10") == []
    assert len(found(letters.bob, "after:2026-03-11")) == len(others)
    assert found(letters.bob, "-after:2026-03-11") == ["Boathouse"]


def test_nobody_writes_after_it_came(letters: House) -> None:
    first = Letter.objects.filter(account=letters.bob).earliest("pk")
    late = datetime(9999, 12, 31, 23, tzinfo=UTC)
    Letter.objects.filter(pk=first.pk).update(date=late)
    assert found(letters.bob, "after:2999-01-01") == []
    query = read_query("table")
    [hit] = describe(letters.bob, look(letters.bob, "table").found, query)
    assert hit.date < timezone.now() + timedelta(minutes=1)


def test_parts_come_newest_first_and_miss_nothing(letters: House) -> None:
    titles, before, seen = [], None, 0
    for _ in range(9):
        part = look(letters.bob, "the", most=1, before=before)
        titles += [item.head.title for item in part.found]
        before, seen = part.next, seen + part.seen
        if before is None:
            break
    assert titles == ["Photos", "Menu", "Bicycle", "Boathouse"]
    assert seen == Search(letters.bob, read_query("the"), BERLIN).total() == 4


def test_a_part_ends_when_its_time_is_up(letters: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mail.search._FIRST_ROWS", 2)
    part = look(letters.bob, "nowhere", seconds=-1)
    assert (part.seen, part.found) == (2, [])
    assert part.next is not None
    assert look(letters.bob, "boathouse", before=part.next).seen == 2


def test_other_accounts_are_never_searched(letters: House, browse: Browse) -> None:
    house = letters
    house.write(title="Secret of Alice", to=[house.alice.fingerprint])
    assert found(house.alice, "secret") == ["Secret of Alice"]
    assert found(house.bob, "secret") == []
    hers = Letter.objects.get(account=house.alice, pk=Letter.objects.latest("pk").pk)
    assert look(house.bob, "the", before=hers.pk + 9).seen == 4
    client = browse(house.bob)
    assert client.get(f"/search/{hers.pk}/?q=secret").status_code == 404
    for address in ("/search/?q=secret", f"/search/more/?q=secret&before={hers.pk + 9}"):
        assert "Secret of Alice" not in client.get(address).content.decode()


def test_what_cannot_be_opened_is_counted_and_said(letters: House) -> None:
    rows = list(Letter.objects.filter(account=letters.bob).order_by("pk"))
    Letter.objects.filter(pk=rows[0].pk).update(sealed_head=b"changed")
    Letter.objects.filter(pk=rows[1].pk).update(sealed_body=bytes(rows[1].sealed_body)[:-1] + b"x")
    SearchText.objects.filter(letter=rows[2]).update(sealed=b"")
    part = look(letters.bob, "lake")
    assert [item.head.title for item in part.found] == ["Photos"]
    assert (part.seen, part.unreadable) == (4, 3)
    [said] = remarks(letters.bob, part.unreadable, 0)
    assert said.startswith("3 messages could not be opened")


def test_what_its_author_took_back_is_gone_and_said(house: House) -> None:
    attached = [Attachment("secret.pdf", "application/pdf", b"x" * 99)]
    written = house.write(body="The treasure is under the oak.", attachments=attached)
    revoke(written, now=timezone.now())
    assert SearchText.objects.count() == 0
    part = look(house.bob, "treasure")
    assert (part.found, part.removed) == ([], 1)
    assert "1 message was taken back" in remarks(house.bob, 0, part.removed)[0]


def test_a_large_text_is_searched_by_itself(house: House) -> None:
    house.write(title="Long", body="word " * 40_000 + "Zwetschge")
    assert found(house.bob, "zwetschge") == ["Long"]


def test_a_node_that_may_not_read_says_so(house: House, browse: Browse) -> None:
    Account.objects.filter(pk=house.bob.pk).update(mode=Account.Mode.HOST)
    text = browse(house.bob).get("/search/?q=dinner").content.decode()
    assert "This node cannot read mail for this account" in text


def test_mail_that_waits_is_said(house: House) -> None:
    uri = house.write()
    Unopened.objects.create(
        resource=Letter.objects.filter(resource__identifier=parse_uri(uri)[1])[0].resource
    )
    assert "still opening" in remarks(house.bob, 0, 0)[0]


def words(pieces: Any) -> str:
    return "".join(f"[{piece.text}]" if piece.found else piece.text for piece in pieces)


def test_what_was_looked_for_stands_in_context() -> None:
    body = "word " * 200 + "and **then** the _Müller_ came, " + "again " * 200
    line = words(in_context(body, pattern_of(["muller"])))
    assert re.fullmatch(r"….{10,45}and then the \[Müller\] came, .+…", line)
    assert len(line) < 180
    assert words(in_context("# Short\n\ntext", None)) == "Short text"
    link = in_context("[name](https://hearth.example)", pattern_of(["hearth"]))
    assert words(link) == "[name](https://[hearth].example)"


# --- Pages --------------------------------------------------------------------------------


def get(client: Client, address: str, **headers: str) -> str:
    answer = client.get(address, headers={"HX-Request": "true", **headers} if headers else None)
    assert answer.status_code == 200, answer
    text: str = answer.content.decode()
    return text


def test_the_page_shows_hits_and_how_many(letters: House, browse: Browse) -> None:
    client = browse(letters.bob)
    text = get(client, "/search/?q=the+-lake")
    assert text.count('class="row row--unread"') == 3
    assert "3 messages found" in text
    assert "<title>Search: the -lake – hearth</title>" in text
    assert 'value="the -lake"' in text
    assert "<mark>long table</mark>" in get(client, '/search/?q="long+table"')
    assert "<mark>menü</mark>-eighty.pdf" in get(client, "/search/?q=menu")
    assert "Nothing found" in get(client, "/search/?q=nowhere")
    assert "Search your messages" in get(client, "/search/")
    assert "is not a day" in get(client, "/search/?q=before:2026-99-99")


def test_what_people_wrote_is_never_markup(house: House, browse: Browse) -> None:
    attack = "<img src=x onerror=alert(1)>"
    house.write(title=f"{attack} title", body=f"{attack} body")
    for query in ("title", "img", attack):
        text = browse(house.bob).get("/search/", {"q": query}).content.decode()
        assert "<img" not in text
        assert "1 message found" in text


def test_while_one_types_only_the_results_are_sent(letters: House, browse: Browse) -> None:
    client = browse(letters.bob)
    ask = {"HX-Request": "true", "HX-Target": "results"}
    answer = client.get("/search/?q=chain", headers=ask)
    assert "<html" not in answer.content.decode()
    assert "Bicycle" in answer.content.decode()
    assert answer["HX-Push-Url"] == "/search/?q=chain"
    again = client.get("/search/?q=chai", headers=ask | {"HX-Current-URL": "http://x/search/?q=c"})
    assert again["HX-Replace-Url"] == "/search/?q=chai"


def test_a_long_search_goes_on_where_it_was(
    letters: House, browse: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mail.views.search.MOST", 1)
    client = browse(letters.bob)
    text, titles, counts = get(client, "/search/?q=the"), [], []
    for _ in range(9):
        titles += re.findall(r"(?:Photos|Menu|Bicycle|Boathouse)(?=</span>)", text)
        counts += re.findall(r"(\d) of 4 messages", text)
        address = re.search(r'hx-get="(/search/more/[^"]+)"', text)
        if address is None:
            break
        text = get(client, address[1].replace("&amp;", "&"))
    assert titles == ["Photos", "Menu", "Bicycle", "Boathouse"]
    assert counts == ["1", "2", "3", "4"]
    assert "4 messages found" in text


def test_a_hit_opens_its_conversation_at_the_letter(letters: House, browse: Browse) -> None:
    client = browse(letters.bob)
    letter = Letter.objects.filter(account=letters.bob).order_by("pk")[1]
    address = f"/search/{letter.pk}/?q=chain"
    part = client.get(address, headers={"HX-Request": "true", "HX-Target": "read"})
    assert part["HX-Push-Url"] == address
    assert "The chain is on." in part.content.decode()
    whole = get(client, address)
    assert f'data-opened="{letter.pk}"' in whole
    assert f'id="letter-{letter.pk}"' in whole
    assert 'href="/search/?q=chain"' in whole
    assert "<mark>chain</mark>" in whole
    assert not Letter.objects.filter(pk=letter.pk, read=False).exists()


@pytest.mark.parametrize(
    "address",
    ["/search/more/?q=the&before=x&seen=-1", "/search/more/?q=the&before=99999999999999999999999",
     "/search/?q=" + "x" * 5000, "/search/?q=the&before=0&total=%F0%9D%9F%98",
     "/search/more/", "/search/?q=before:0001-01-01+after:9999-12-31"],
)  # fmt: skip
def test_bad_addresses_do_no_harm(letters: House, browse: Browse, address: str) -> None:
    get(browse(letters.bob), address)


def test_search_needs_an_account(client: Client, db: None) -> None:
    for address in ("/search/", "/search/more/", "/search/1/"):
        assert client.get(address)["Location"].startswith("/account/login/")
