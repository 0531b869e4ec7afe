"""What an owner does about peers and trusts, by keyboard alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.people import PASSWORD, Person, company
from tests.support.house import House

pytestmark = [pytest.mark.browser, pytest.mark.nodes]
_FOCUSED = "(document.activeElement.getAttribute('aria-label') || document.activeElement.innerText)"


@dataclass(frozen=True)
class Neighbours:
    """Alice's node, and Bob's elsewhere; they know each other."""

    alice: House
    bob: House


@pytest.fixture(scope="module")
def neighbours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neighbours]:
    """Two nodes that run, and cards that went both ways."""
    directory = tmp_path_factory.mktemp("neighbours")
    alice, bob = House(directory / "hearth"), House(directory / "attic")
    alice.move_in({"alice": "Alice"}, PASSWORD)
    bob.move_in({"bob": "Bob"}, PASSWORD, name="attic")
    alice.command("add_contact", "alice", "-", stdin=bob.command("export_card", "bob"))
    bob.command("add_contact", "bob", "-", stdin=alice.command("export_card", "alice"))
    for node in (alice, bob):
        node.start()
    yield Neighbours(alice, bob)
    for node in (alice, bob):
        node.kill()


@pytest.fixture
def owner(browser: Browser, neighbours: Neighbours) -> Iterator[Person]:
    """Alice, who owns her node, signed in."""
    with company() as made:
        alice = Person(browser, neighbours.alice, "Alice")
        made.append(alice)
        alice.sign_in()
        yield alice


def _tab_to(page: Page, words: str) -> None:
    """Press Tab until what these words name has the focus."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if re.search(words, page.evaluate(_FOCUSED) or ""):
            return
    raise AssertionError(f"Tab does not come to {words!r}")


def test_sync_now_says_what_came_of_it(owner: Person, neighbours: Neighbours) -> None:
    page, toast = owner.page, owner.page.locator(".toast")
    owner.go("/admin/map/")
    _tab_to(page, "^Sync now")
    page.keyboard.press("Enter")
    expect(toast).to_contain_text(re.compile("attic (has answered|is connected|is being called)"))
    expect(page).to_have_url(re.compile("/admin/map/$"))

    neighbours.bob.stop()
    expect(toast).to_have_count(0)  # it goes by itself
    owner.go("/admin/nodes/peer/")
    expect(page.locator("tbody .state--good")).to_have_count(0)
    _tab_to(page, "^Sync now")
    page.keyboard.press("Enter")
    expect(toast).to_contain_text("attic was called and not reached")
    _tab_to(page, "^attic")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="attic", level=1)).to_be_visible()
    expect(page.locator("main")).to_contain_text("Last failure")

    neighbours.bob.start()
    _tab_to(page, "^Sync now")
    page.keyboard.press("Enter")
    # Bob's node, just started, may have called by itself.
    expect(toast).to_contain_text(re.compile("attic (has answered|is connected)"))
    expect(page.locator(".state--good").first).to_contain_text("Session open")
    owner.go("/admin/hosting/auditentry/")
    expect(page.locator("main")).to_contain_text("Had the peer attic called")


def test_the_picture_leads_to_a_trust_which_is_withdrawn(owner: Person) -> None:
    page = owner.page
    owner.go("/admin/map/")
    _tab_to(page, "^alice and bob: both ways")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("trusts"))
    expect(page.locator("main")).to_contain_text("Why it is valid")
    owner.go("/admin/nodes/trust/?state=current&in=user")
    expect(page.locator("tbody tr")).to_have_count(2)
    _tab_to(page, r"^alice\s+trusts bob$")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("alice trusts bob")
    _tab_to(page, "^Withdraw$")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("cannot be undone")
    _tab_to(page, "^Withdraw$")
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("The trust of alice in bob is withdrawn.")
    expect(page.locator("main")).to_contain_text("Why it is not valid")
    owner.go("/admin/map/")
    _tab_to(page, "^bob to alice: one side only, waits for alice|^alice and bob: ended")
