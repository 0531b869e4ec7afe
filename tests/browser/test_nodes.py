"""What a person does about nodes and about what ends."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from sdmp.encoding import format_time
from tests.browser.people import PASSWORD, Person
from tests.support.house import House

pytestmark = [pytest.mark.browser, pytest.mark.nodes]


@dataclass(frozen=True)
class Home:
    """Alice's node, her recovery phrase, and the offers of two nodes that are elsewhere."""

    node: House
    phrase: str
    box: Path
    office: Path


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """Alice's node, which serves her; her relay does so for five more days."""
    directory = tmp_path_factory.mktemp("nodes")

    def offer(name: str) -> Path:
        node = House(directory / name)
        node.move_in({"olga": "Olga"}, PASSWORD, name=name)
        path = directory / f"{name}.json"
        path.write_text(node.command("export_node"))
        node.kill()
        return path

    node = House(directory / "hearth")
    phrase = node.move_in({"alice": "Alice"}, PASSWORD)
    box, office = offer("box"), offer("office")
    until = format_time(datetime.now(UTC) + timedelta(days=5))
    node.command("authorise_node", "alice", str(box), "--host-only", "--until", until)
    node.start()
    yield Home(node, phrase, box, office)
    node.kill()


@pytest.fixture
def alice(browser: Browser, house: Home) -> Iterator[Person]:
    """Alice, signed in."""
    person = Person(browser, house.node, "Alice")
    person.sign_in()
    yield person
    person.context.close()
    assert person.problems == []


def test_what_ends_is_said_on_every_page_and_renewed_with_one_click(alice: Person) -> None:
    page = alice.page
    strip = page.get_by_role("region", name="What ends")
    expect(strip).to_contain_text(re.compile(r"the node \S+ may do for you ends in 5 days"))
    alice.go("/contacts/")
    strip.get_by_role("button", name="Not now").click()
    page.wait_for_url("**/contacts/")
    expect(strip).to_have_count(0)
    alice.go("/ends/")
    page.get_by_role("button", name="Renew").click()
    expect(page.get_by_text(re.compile(r"acts for you until \d+ \w+ \d{4}\."))).to_be_visible()
    expect(page.get_by_text("Nothing ends soon")).to_be_visible()


def test_a_node_is_let_in_with_the_phrase_and_withdrawn_with_undo(
    alice: Person, house: Home
) -> None:
    page = alice.page
    alice.go("/mail/inbox/")
    page.get_by_role("link", name="My nodes").click()
    page.get_by_role("link", name="Add").click()
    page.get_by_label("Offer, as a file").set_input_files(house.office)
    page.get_by_role("button", name="Look at the offer").click()
    page.get_by_label("Make contacts, and let in other nodes").check()
    page.get_by_label("Until").fill("2031-05-01")
    page.get_by_role("button", name="Let it in").click()
    expect(page.get_by_role("alert")).to_have_text("This takes your recovery phrase.")
    page.get_by_label("Recovery phrase").fill("abandon ability able")
    page.get_by_role("button", name="Let it in").click()
    expect(page.get_by_role("alert")).to_contain_text("These words do not open the recovery file")
    expect(page.get_by_label("Make contacts, and let in other nodes")).to_be_checked()
    page.get_by_label("Recovery phrase").fill(house.phrase)
    page.get_by_role("button", name="Let it in").click()
    expect(page.get_by_text("It has not agreed yet to act for you")).to_be_visible()
    expect(page.locator(".trust")).to_contain_text("It may make contacts.")
    expect(page.locator(".trust")).to_contain_text("until 1 May 2031")

    page.get_by_role("link", name="Withdraw").click()
    page.get_by_role("button", name="Withdraw").click()
    expect(page.get_by_text("Being withdrawn")).to_be_visible()
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Undone.")).to_be_visible()
    expect(page.get_by_text("Being withdrawn")).to_have_count(0)
    expect(page.get_by_text("until 1 May 2031")).to_be_visible()


def test_this_node_is_given_less_power_with_the_phrase_alone(alice: Person, house: Home) -> None:
    page = alice.page
    alice.go("/nodes/")
    expect(page.get_by_text("This node, where you are signed in")).to_be_visible()
    expect(page.get_by_role("link", name="Withdraw")).to_have_count(0)
    page.get_by_role("link", name="Change what it may do").click()
    page.get_by_label("Take back what you published elsewhere").uncheck()
    page.get_by_label("Recovery phrase").fill(house.phrase.upper())
    page.get_by_role("button", name="Change").click()
    expect(page.get_by_text("What this node may do for you is changed.")).to_be_visible()
    powers = page.locator(".nodes__powers li")
    expect(powers.filter(has_text="Take things back").locator(".state")).to_have_text("No")
    expect(powers.filter(has_text="Make contacts").locator(".state")).to_have_text("Yes")


def test_the_identity_is_renewed_with_the_phrase(alice: Person, house: Home) -> None:
    alice.go("/card/")
    fingerprint = alice.page.locator(".whole").inner_text()
    alice.go(f"/renew/identity/{fingerprint}/")
    expect(alice.page.get_by_text(re.compile("^Your identity lasts until"))).to_be_visible()
    alice.page.get_by_label("Recovery phrase").fill(house.phrase)
    alice.page.get_by_role("button", name=re.compile("Renew until")).click()
    expect(alice.page.get_by_text("Your identity is renewed until")).to_be_visible()


def test_a_new_key_of_this_node_is_confirmed_with_the_phrase(alice: Person, house: Home) -> None:
    """Last of all, since the node starts anew with another key."""
    house.node.stop()
    house.node.command("renew_node_key")
    house.node.start()
    page = alice.page
    alice.go("/mail/inbox/")
    strip = page.get_by_role("region", name="What ends")
    expect(strip).to_contain_text("This node has a new key since")
    alice.go("/ends/")
    expect(page.get_by_text("Confirming takes your recovery phrase.")).to_be_visible()
    page.get_by_role("link", name="Confirm").click()
    expect(page.get_by_role("heading", name="Confirm the new key")).to_be_visible()
    page.get_by_label("Recovery phrase").fill("abandon ability able")
    page.get_by_role("button", name="Confirm the new key").click()
    expect(page.get_by_role("alert")).to_contain_text("These words do not open the recovery file")
    page.get_by_label("Recovery phrase").fill(house.phrase)
    page.get_by_role("button", name="Confirm the new key").click()
    expect(page.get_by_text("The new key of this node is confirmed.")).to_be_visible()
    alice.go("/mail/inbox/")
    expect(page.locator("[data-rows]")).to_be_attached()
    expect(page.get_by_text("This node has a new key since")).to_have_count(0)
