"""What pages do by themselves and by keyboard, on one node with two accounts."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.people import PASSWORD, Person, company, until
from tests.support.house import House

pytestmark = [pytest.mark.browser, pytest.mark.nodes]

HOSTILE = """# <script>document.title = "caught"</script>

<img src=x onerror="document.title='caught'"> <style>body{display:none}</style>

![pixel](https://tracker.example/pixel.png) ![bad](data:image/svg+xml;base64,PHN2Zz4=)

[run](javascript:document.title='caught') <iframe src="https://tracker.example"></iframe>

<form action="https://tracker.example"><button>Send</button></form>

[![click](https://tracker.example/p.png)](https://tracker.example/)
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A node with Alice and Bob, who know each other."""
    node = House(tmp_path_factory.mktemp("house"))
    people = {"alice": "Alice", "bob": "Bob Brown"}
    node.move_in(people, PASSWORD, friends=[("alice", "bob"), ("bob", "alice")])
    node.start()
    yield node
    node.kill()


@pytest.fixture
def visit(browser: Browser, house: House) -> Iterator[Callable[..., Person]]:
    """Sit somebody down before the house's pages, signed in: `visit("Alice")`."""
    with company() as made:

        def sit_down(name: str, **options: object) -> Person:
            made.append(Person(browser, house, name, **options))
            made[-1].sign_in()
            return made[-1]

        yield sit_down


@pytest.fixture
def letter(house: House, tmp_path: Path) -> Callable[..., None]:
    """Let Bob send Alice a letter: `letter("Title", "text")`."""

    def send(title: str, body: str = "Something.") -> None:
        (tmp_path / "body").write_text(body)
        contacts = json.loads(house.command("list_contacts", "bob", "--json"))
        house.command(
            "send_message", "bob", "--to", contacts[0]["user"], "--title", title,
            "--body-file", str(tmp_path / "body"),
        )  # fmt: skip

    return send


def test_a_hostile_letter_does_nothing(
    visit: Callable[..., Person], letter: Callable[..., None]
) -> None:
    letter("Hostile", HOSTILE)
    alice = visit("Alice")
    alice.page.on("dialog", lambda dialog: alice.problems.append(dialog.message))
    alice.page.locator(".row a", has_text="Hostile").click()
    expect(alice.page.locator(".letter__body")).to_contain_text("not loaded")
    alice.page.reload()
    alice.connected()
    expect(alice.page.locator(".letter__body img, .letter__body form")).to_have_count(0)
    expect(alice.page).to_have_title("Hostile – hearth")


def test_by_keyboard(visit: Callable[..., Person], letter: Callable[..., None]) -> None:
    letter("First")
    letter("Second")
    alice = visit("Alice")
    page = alice.page
    alice.connected()
    expect(page.locator(".row").first).to_contain_text("Second")
    page.keyboard.press("j")
    expect(page.locator(".row__link").first).to_be_focused()
    page.keyboard.press("j")
    expect(page.locator(".row__link").nth(1)).to_be_focused()
    page.keyboard.press("o")
    expect(page.locator("#conversation-title")).to_have_text("First")
    expect(page.locator("#read")).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("o")
    expect(page.locator("#conversation-title")).to_have_text("Second")
    page.keyboard.press("s")
    expect(page.locator("[data-key=s]")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("r")
    page.wait_for_url("**/write/?reply=*")
    expect(page.locator("#text")).to_be_focused()
    page.keyboard.type("jkrc stays text")
    expect(page.locator("#text")).to_have_value(re.compile("^jkrc stays text\n\nOn "))
    page.keyboard.press("Control+Enter")
    expect(page.locator(".letter")).to_have_count(2)
    page.keyboard.press("e")
    page.wait_for_url("**/mail/inbox/")
    expect(page.locator(".row", has_text="Second")).to_have_count(0)
    page.keyboard.press("c")
    page.wait_for_url("**/write/")
    expect(page.locator("#names")).to_be_focused()


def test_two_pages_of_one_account_agree(
    visit: Callable[..., Person], letter: Callable[..., None]
) -> None:
    alice = visit("Alice")
    alice.connected()
    other = alice.open_page()
    other.goto("/mail/inbox/")
    letter("Seen twice")
    for page in (alice.page, other):
        expect(page.locator(".row--unread", has_text="Seen twice")).to_have_count(1)
    alice.page.locator(".row a", has_text="Seen twice").click()
    expect(alice.page.locator("#conversation-title")).to_have_text("Seen twice")
    for page in (alice.page, other):
        expect(page.locator(".row--unread", has_text="Seen twice")).to_have_count(0)


def test_a_lost_connection_shows_and_heals(
    visit: Callable[..., Person], letter: Callable[..., None], house: House
) -> None:
    alice = visit("Alice")
    alice.connected()
    house.stop()
    strip = alice.page.locator("[data-strip]")
    expect(strip).to_be_visible()
    expect(strip).to_contain_text("No connection to hearth")
    expect(alice.page.locator(".bar [data-connection]")).to_have_text("No connection")
    letter("Meanwhile")
    house.start()
    alice.connected()
    expect(strip).to_be_hidden()
    expect(alice.page.locator(".row", has_text="Meanwhile")).to_have_count(1)


def test_one_pane_on_a_phone(visit: Callable[..., Person], letter: Callable[..., None]) -> None:
    letter("On the phone")
    alice = visit("Alice", viewport={"width": 390, "height": 844}, has_touch=True)
    page = alice.page
    expect(page.locator(".pane--read")).to_be_hidden()
    page.locator(".row a", has_text="On the phone").click()
    expect(page.locator("#conversation-title")).to_be_visible()
    expect(page.locator(".pane--list")).to_be_hidden()
    page.go_back()
    expect(page.locator(".pane--list")).to_be_visible()
    expect(page.locator(".pane--read")).to_be_hidden()
    page.get_by_role("button", name="Folders").click()
    page.get_by_role("link", name="Contacts").click()
    page.get_by_role("link", name="Bob Brown").click()
    expect(page.get_by_role("heading", name="Fingerprint")).to_be_visible()


MANY = """who => {
  const said = { className: "sr", textContent: "letters" };
  const count = Object.assign(document.createElement("span"), said);
  who.append("Somebody, ".repeat(60), count);
}"""
"""Makes a row as if a conversation had many authors."""


def test_nothing_is_wider_than_the_screen(
    visit: Callable[..., Person], letter: Callable[..., None]
) -> None:
    wide = "unbroken" * 60
    letter(wide, f"{wide}\n\n```\n{wide}\n```\n\n| {wide} | {wide} |\n|---|---|\n| 1 | 2 |\n")
    alice = visit("Alice")
    page = alice.page
    page.locator(".row a", has_text="unbroken").click()
    expect(page.locator("#letters")).to_be_visible()
    opened = page.url
    # 320 wide is also what 1280 become when everything is shown four times as large.
    for width in (320, 390, 640, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        for path in ("/mail/inbox/", opened, "/write/", "/contacts/", "/contacts/add/", "/card/",
                     "/who-can-read/", "/account/password/change/"):  # fmt: skip
            page.goto(path)
            if path == "/mail/inbox/":
                page.locator(".row__who").first.evaluate(MANY)
            over = page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            assert over <= 0, f"{path} is {over} px too wide at {width}"


def test_leaving_in_the_middle_of_a_request_is_no_mistake(visit: Callable[..., Person]) -> None:
    alice = visit("Alice")
    page = alice.page
    alice.connected()
    held: list[str] = []
    page.route("**/mail/folders/**", lambda route: held.append(route.request.url))
    for leave in (lambda: alice.go("/contacts/"), page.reload, page.close):
        page.evaluate("htmx.trigger('#folder-lists', 'live')")
        until(lambda: held, page)
        held.clear()
        leave()
        if not page.is_closed():
            alice.connected()
    assert alice.problems == []


def test_an_answer_that_never_comes_is_no_mistake(visit: Callable[..., Person]) -> None:
    alice = visit("Alice")
    page = alice.page
    alice.connected()
    page.route("**/mail/folders/**", lambda route: route.abort())
    with page.expect_event("requestfailed"):
        page.evaluate("htmx.trigger('#folder-lists', 'live')")
    page.wait_for_timeout(300)  # in which a complaint would come
    assert alice.problems == []
