"""Alice writes in one browser; Bob's open inbox shows it, he answers, and she sees that too."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.people import Person, befriend, company
from tests.support.house import House

pytestmark = [pytest.mark.browser, pytest.mark.nodes]

NAMES = ("Alice Adams", "Bob Brown")


@pytest.fixture(scope="module")
def couple(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[House]]:
    """Nodes into which Alice, without scripts, and Bob moved by the pages; they are friends."""
    directory = tmp_path_factory.mktemp("couple")
    nodes = [House(directory / name) for name in ("alice", "bob")]
    try:
        with company() as made:
            for node, name, scripts in zip(nodes, NAMES, (False, True), strict=True):
                node.start()
                made.append(Person(browser, node, name, java_script_enabled=scripts))
                made[-1].move_in()
            befriend(made[0], made[1], directory)
        yield nodes
    finally:
        for node in nodes:
            node.kill()


def test_a_letter_and_its_answer(couple: list[House], browser: Browser) -> None:
    with company() as made:
        for node, name in zip(couple, NAMES, strict=True):
            made.append(Person(browser, node, name))
            made[-1].sign_in()
        exchange(made[0], made[1])


def test_a_letter_and_its_answer_in_the_grown_shape(
    person: Callable[..., Person], tmp_path: Path
) -> None:
    alice, bob = (person(name, "grown") for name in NAMES)
    alice.move_in()
    bob.move_in()
    befriend(alice, bob, tmp_path)
    exchange(alice, bob)


def exchange(alice: Person, bob: Person) -> None:
    """Let Alice write and Bob answer, each before an open page that shows it by itself."""
    bob.go("/mail/inbox/")
    bob.connected()
    expect(bob.page.locator(".row", has_text="Dinner")).to_have_count(0)
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


def test_without_scripts(couple: list[House], browser: Browser) -> None:
    with company() as made:
        for node, name, scripts in zip(couple, NAMES, (False, True), strict=True):
            made.append(Person(browser, node, name, java_script_enabled=scripts))
            made[-1].sign_in()
        exchange_without_scripts(made[0], made[1])


def exchange_without_scripts(alice: Person, bob: Person) -> None:
    """Let Alice write where no script runs, with a file, and Bob answer."""
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
