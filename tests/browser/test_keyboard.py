"""Five tasks by keyboard alone: read, answer, write with an attachment, add a contact, search."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.gallery import Gallery

pytestmark = [pytest.mark.browser, pytest.mark.nodes]

_MOST_TABS = 60
_FOCUSED = """() => {
    const at = document.activeElement;
    const label = at.labels && at.labels[0] ? at.labels[0].textContent : "";
    return `${at.getAttribute("aria-label") || ""} ${label} ${at.textContent}`.trim();
}"""


@pytest.fixture
def page(gallery: Gallery) -> Iterator[Page]:
    """The owner's inbox, whose mouse is broken."""
    with gallery.window(1280, "light") as window:
        window.owner.add_init_script(
            "for (const kind of ['mousedown', 'pointerdown', 'touchstart'])"
            " addEventListener(kind, (event) => { throw new Error('a mouse was used'); }, true);"
        )
        yield window.open("inbox")


def go_to(page: Page, name: str) -> None:
    """Press Tab until what is called `name` has the focus."""
    for _ in range(_MOST_TABS):
        page.keyboard.press("Tab")
        if name in page.evaluate(_FOCUSED):
            return
    raise AssertionError(f"Tab does not come to {name!r}")


def test_read(page: Page) -> None:
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("o")
    expect(page.locator("#conversation-title")).to_have_text("Keys to the workshop")
    expect(page.locator("#read")).to_be_focused()
    page.keyboard.press("u")
    page.wait_for_url("**/mail/inbox/#link-*")
    expect(page.locator("[data-rows]")).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("o")
    expect(page.locator("#conversation-title")).to_contain_text("School trip")


def test_answer(page: Page) -> None:
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("o")
    expect(page.locator("#conversation-title")).to_have_text("Keys to the workshop")
    page.keyboard.press("r")
    expect(page.locator("#text")).to_be_focused()
    page.keyboard.type("Thank you, I will fetch them.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-held]")).to_contain_text("Chidi")
    page.keyboard.press("z")
    expect(page.locator("#text")).to_have_value(re.compile("^Thank you, I will fetch them."))


def test_write_with_an_attachment(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    file.write_text("soup, pike, cake")
    page.keyboard.press("c")
    expect(page.locator("[data-names]")).to_be_focused()
    page.keyboard.type("Ana")
    page.keyboard.press("Enter")
    expect(page.locator(".chip")).to_have_count(1)
    go_to(page, "Title")
    page.keyboard.type("What to eat")
    go_to(page, "Text, with Markdown")
    page.keyboard.type("It is in the file.")
    # Asked for well before: Chromium cancels a dialog that opens while it hears that it is wanted.
    with page.expect_file_chooser() as chooser:
        go_to(page, "Attach")
        page.keyboard.press("Space")
    chooser.value.set_files(file)
    expect(page.locator("[data-file-list] .file")).to_contain_text("list")
    go_to(page, "Send")
    page.keyboard.press("Enter")
    expect(page.locator("[data-held]")).to_contain_text("Ana")
    page.goto("/mail/sent/")
    expect(page.get_by_text("What to eat").first).to_be_visible()


def test_add_a_contact(page: Page, gallery: Gallery) -> None:
    link = f"{gallery.node.url}/card/{gallery.names['hana']}"
    go_to(page, "Contacts")
    page.keyboard.press("Enter")
    page.wait_for_url("**/contacts/")
    go_to(page, "Add")
    page.keyboard.press("Enter")
    page.wait_for_url("**/contacts/add/")
    go_to(page, "Link, or the card itself")
    page.keyboard.type(link)
    go_to(page, "Look at the card")
    page.keyboard.press("Enter")
    expect(page.get_by_text("This is the card of")).to_be_visible()
    go_to(page, "Add and trust")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Contact added")).to_be_visible()


def test_search(page: Page) -> None:
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("dumplings")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/**")
    expect(page.get_by_text("Grandmother’s eightieth").first).to_be_visible()
    page.locator("body").press("j")
    page.keyboard.press("o")
    expect(page.locator("#read")).to_contain_text("Pike, or dumplings")


def test_the_keys_are_listed(page: Page) -> None:
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Next and previous conversation")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
