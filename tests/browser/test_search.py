"""Search as people use it: typing, operators, opening what was found and going back."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.people import PASSWORD, Person, company
from tests.support.house import House
from tests.support.nodes import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.nodes]

LETTERS = (
    ("Boathouse", "It is ours from three on Saturday.\n\nBring the long\ntable of the Müllers."),
    ("Bicycle", "The chain is on, the brakes want another look.\n\n" + "Winter. " * 400),
    ("Bicycle again", "The chain came off. <img src=x onerror=alert(1)>"),
)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A node with Alice, whose mailbox is full, and Bob, who has written to her three times."""
    node = House(tmp_path_factory.mktemp("house"))
    people = {"alice": "Alice", "bob": "Bob Brown"}
    node.move_in(people, PASSWORD, friends=[("alice", "bob"), ("bob", "alice")])
    subprocess.run(
        [sys.executable, "-m", "bench.mailbox", "alice", "--letters", "400"],
        cwd=ROOT, env=node.environment, check=True, timeout=120,
    )  # fmt: skip
    node.start()
    contacts = json.loads(node.command("list_contacts", "bob", "--json"))
    alice = next(contact["user"] for contact in contacts if contact["name"] == "alice")
    for title, body in LETTERS:
        (node.data.parent / "body").write_text(body)
        node.command(
            "send_message", "bob", "--to", alice, "--title", title,
            "--body-file", str(node.data.parent / "body"),
        )  # fmt: skip
    yield node
    node.kill()


@pytest.fixture
def visit(browser: Browser, house: House) -> Iterator[Callable[..., Person]]:
    """Sit Alice down before the house's pages, signed in, her three letters in the inbox."""
    with company() as made:

        def sit_down(**options: object) -> Person:
            made.append(Person(browser, house, "Alice", **options))
            made[-1].sign_in()
            expect(made[-1].page.locator(".row", has_text="Bicycle again")).to_have_count(1)
            return made[-1]

        yield sit_down


def test_typing_shows_hits_and_opening_one_keeps_them(visit: Callable[..., Person]) -> None:
    alice = visit()
    page = alice.page
    alice.connected()
    page.keyboard.press("/")
    field = page.get_by_label("Search messages")
    expect(field).to_be_focused()
    page.keyboard.type("chain")
    count = page.get_by_role("status").filter(has_text="messages found")
    expect(count).to_have_text("2 messages found")
    expect(page).to_have_title(re.compile("Search: chain – hearth$"))
    expect(field).to_be_focused()  # typing goes on
    expect(page.locator(".row mark", has_text="chain")).to_have_count(2)
    expect(page.locator(".bar [data-connection]")).to_have_attribute("data-state", "live")
    page.keyboard.type(" -off")
    expect(page.get_by_role("status").filter(has_text="1 message found")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".row__link")).to_be_focused()
    page.keyboard.press("o")
    expect(page.locator("#conversation-title")).to_have_text("Bicycle")
    expect(page.locator(".letter__body")).to_contain_text("brakes want another look")
    expect(page.locator(".row__link[aria-current=true]")).to_have_count(1)
    expect(page.locator(".row--unread")).to_have_count(0)
    page.reload()
    expect(page.locator("#conversation-title")).to_have_text("Bicycle")
    expect(page.locator(".row")).to_have_count(1)
    page.go_back()
    expect(field).to_have_value("chain -off")
    expect(page.locator(".row")).to_have_count(1)
    page.go_back()
    page.wait_for_url("**/mail/inbox/")


def test_operators_and_what_makes_no_sense(visit: Callable[..., Person]) -> None:
    page = visit().page
    page.get_by_label("Search messages").fill('from:bob "long table" is:unread')
    expect(page.locator(".row")).to_have_count(1)
    expect(page.locator(".row mark").filter(has_text="long table")).to_have_count(1)
    page.get_by_label("Search messages").fill("muller from:bob after:2026-13-01")
    expect(page.locator(".row mark").filter(has_text="Müller")).to_have_count(1)
    expect(page.get_by_text("“2026-13-01” is not a day and was left out")).to_be_visible()
    page.get_by_label("Search messages").fill("chain in:bin")
    expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()
    expect(page.get_by_text("or picture, star, unread")).to_be_visible()
    page.get_by_label("Search messages").fill("")
    expect(page.get_by_role("heading", name="Search your messages")).to_be_visible()


def test_more_hits_come_as_one_scrolls(visit: Callable[..., Person]) -> None:
    page = visit().page
    page.goto("/search/?q=garten")
    expect(page.locator(".row").nth(29)).to_be_attached()
    rows = page.locator(".row")
    first = rows.first.get_attribute("id")
    rows.nth(29).scroll_into_view_if_needed()
    expect(rows.nth(59)).to_be_attached()
    assert rows.first.get_attribute("id") == first
    keys = [int(str(row.get_attribute("id")).removeprefix("hit-")) for row in rows.all()]
    assert keys == sorted(set(keys), reverse=True)


def test_on_a_phone_and_where_writing_is_half_done(visit: Callable[..., Person]) -> None:
    page = visit(viewport={"width": 390, "height": 844}, has_touch=True).page
    page.get_by_label("Search messages").fill("chain off")
    expect(page.get_by_role("heading", name="Search", exact=True)).to_be_visible()
    page.locator(".row__link").click()
    expect(page.locator(".pane--list")).to_be_hidden()
    expect(page.locator(".letter__body")).to_contain_text("The chain came off.")
    page.get_by_role("link", name="Back to what was found").click()
    expect(page.locator(".row")).to_have_count(1)
    page.goto("/write/")
    page.get_by_label("Title").fill("Half done")
    page.get_by_label("Search messages").press_sequentially("chain")
    page.wait_for_timeout(500)  # longer than a search waits for the next key
    expect(page.get_by_label("Title")).to_have_value("Half done")


def test_without_a_script(browser: Browser, house: House) -> None:
    alice = Person(browser, house, "Alice", java_script_enabled=False)
    alice.sign_in()
    page = alice.page
    page.get_by_label("Search messages").fill("chain off")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/?q=chain+off")
    page.locator(".row__link").click()
    expect(page.locator("#conversation-title")).to_have_text("Bicycle again")
    page.goto("/search/?q=garten")
    page.get_by_role("link", name="Search further back").click()
    expect(page.locator(".row")).to_have_count(30)
    alice.context.close()
