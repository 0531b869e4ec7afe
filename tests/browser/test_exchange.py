"""Alice writes in one browser; Bob's open inbox shows it, he answers, and she sees that too."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.people import Person, befriend
from tests.support.nodes import Shape

pytestmark = [pytest.mark.browser, pytest.mark.nodes]


def test_a_letter_and_its_answer(
    person: Callable[..., Person], shape: Shape, tmp_path: Path
) -> None:
    alice, bob = person("Alice Adams", shape), person("Bob Brown", shape)
    alice.move_in()
    bob.move_in()
    befriend(alice, bob, tmp_path)

    bob.go("/mail/inbox/")
    bob.connected()
    expect(bob.page.locator(".row")).to_have_count(0)
    alice.write("bob", "Dinner on Friday", "Shall we say **eight**?")

    # His open page shows it by itself, on the list, in the count and in the title.
    row = bob.page.locator(".row--unread")
    expect(row).to_contain_text("Dinner on Friday")
    expect(row).to_contain_text("Alice Adams")
    expect(bob.page.locator(".folders__list .count").first).to_contain_text("1")
    expect(bob.page).to_have_title("(1) Inbox – Bob Brown’s node")
    # Her open page shows his node's signed receipt.
    expect(alice.page.locator("[data-state=received]")).to_contain_text("Received today at")

    row.locator("a").click()
    expect(bob.page.locator(".letter__body strong")).to_have_text("eight")
    expect(bob.page.locator(".row--unread")).to_have_count(0)
    expect(bob.page).to_have_title("Dinner on Friday – Bob Brown’s node")
    bob.page.get_by_role("link", name="Reply").click()
    bob.page.locator("#text").fill("Eight is good.")
    bob.page.locator("[data-send]").click()

    expect(alice.page.locator(".letter")).to_have_count(2)
    expect(alice.page.locator(".letter").last).to_contain_text("Eight is good.")
    expect(bob.page.locator("[data-state=received]")).to_contain_text("Received today at")


def test_without_scripts(person: Callable[..., Person], tmp_path: Path) -> None:
    alice, bob = person("Alice Adams", java_script_enabled=False), person("Bob Brown")
    for one in (alice, bob):
        one.move_in()
    befriend(alice, bob, tmp_path)
    alice.go("/write/")
    alice.page.get_by_label("To", exact=True).fill("Bob")
    alice.page.get_by_label("Title").fill("Plain")
    alice.page.locator("#text").fill("No script at all.")
    alice.page.locator("#attachments").set_input_files(
        {"name": "a.txt", "mimeType": "text/plain", "buffer": b"attached"}
    )
    alice.page.locator("[data-send]").click()
    alice.page.get_by_role("button", name="Send now").click()
    expect(alice.page.locator(".letter")).to_contain_text("No script at all.")
    bob.go("/mail/inbox/")
    bob.page.locator(".row a", has_text="Plain").click()
    with bob.page.expect_download() as download:
        bob.page.get_by_role("link", name="Save a.txt").click()
    assert Path(download.value.path()).read_bytes() == b"attached"
    bob.page.get_by_role("link", name="Reply").click()
    bob.page.locator("#text").fill("Read.")
    bob.page.locator("[data-send]").click()
    expect(bob.page.locator(".letter")).to_have_count(2)
