"""Two people on two nodes compare, withdraw and block, each before an open page."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.people import PASSWORD, Person
from tests.support.house import House
from tests.support.scenario import eventually

pytestmark = [pytest.mark.browser, pytest.mark.nodes]


class Contact:
    """Somebody before a page, and whom the page is about."""

    def __init__(self, person: Person, house: House, fingerprint: str) -> None:
        self.person = person
        self.page: Page = person.page
        self.house = house
        self.other = fingerprint  # the other one's

    def open(self, part: str = "") -> None:
        """Open the page about the other one, and wait until it hears of changes."""
        self.person.go(f"/contacts/{self.other}/{part}")
        self.person.connected()

    def row(self) -> Locator:
        """The other one's row in the list."""
        return self.page.locator(f"#row-{self.other}")

    def press(self, name: str) -> None:
        """Press a button of the page."""
        self.page.get_by_role("button", name=name, exact=True).click()

    def send(self, title: str, *, notice: bool = False) -> None:
        """Send something by the command, so that no page is left."""
        whom = ["--notice"] if notice else ["--to", self.other]
        self.house.command(
            "send_message", self.person.username, *whom, "--title", title, stdin="text"
        )

    def titles(self) -> dict[str, set[str]]:
        """The titles of the person's letters, each with the states of its deliveries."""
        letters = json.loads(self.house.command("list_letters", self.person.username, "--json"))
        return {
            letter["title"]: {delivery["state"] for delivery in letter["deliveries"]}
            for letter in letters
        }

    def gets(self, title: str) -> None:
        """Wait until a letter has come."""
        eventually(lambda: title in self.titles(), f"{self.person.name} gets {title!r}")

    def is_refused(self) -> None:
        """Call the other's node, which does not let us in, and wait for its answer."""
        # While an earlier call is not over, another one is not begun.
        eventually(
            lambda: "does not let us in" in self.house.command("link_peers"),
            f"{self.person.name} is refused",
        )


@pytest.fixture(scope="module")
def houses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, House]]:
    """A node of Alice and one of Bob, who know each other."""
    directory = tmp_path_factory.mktemp("contacts")
    made = {name: House(directory / name) for name in ("alice", "bob")}
    for name, house in made.items():
        house.move_in({name: name.title()}, PASSWORD, name=f"{name}’s desk")
    for one, other in (("alice", "bob"), ("bob", "alice")):
        made[one].command("add_contact", one, "-", "--name", other.title(),
                          stdin=made[other].command("export_card", other))  # fmt: skip
    for house in made.values():
        house.start()
    yield made
    for house in made.values():
        house.kill()


@pytest.fixture
def two(browser: Browser, houses: dict[str, House]) -> Iterator[Callable[[], list[Contact]]]:
    """Sit Alice and Bob down, each before the page about the other."""
    people: list[Person] = []

    def sit_down() -> list[Contact]:
        known = {}
        for name, house in houses.items():
            listed = json.loads(house.command("list_contacts", name, "--json"))
            [other] = [one["user"] for one in listed if one["name"] in ("Alice", "Bob")]
            people.append(Person(browser, house, name.title()))
            people[-1].sign_in()
            known[name] = Contact(people[-1], house, other)
            known[name].open()
        return [known["alice"], known["bob"]]

    yield sit_down
    for person in people:
        person.context.close()
    assert [problem for person in people for problem in person.problems] == []


def test_both_compare_and_one_reads_the_other_s_code(
    two: Callable[[], list[Contact]], tmp_path: Path
) -> None:
    alice, bob = two()
    for one in (alice, bob):
        one.open("compare/")
    digits = alice.page.locator(".digits li").all_inner_texts()
    assert len(digits) == 12
    assert digits == bob.page.locator(".digits li").all_inner_texts()

    # Alice reads pictures: of her own page, and of Bob's.
    pictures = {}
    for one in (alice, bob):
        pictures[one.person.name] = tmp_path / f"{one.person.name}.png"
        one.page.locator("svg.qr--l").screenshot(path=pictures[one.person.name])
    field = alice.page.get_by_label("A picture of the code of Bob")
    outcome = alice.page.locator("#outcome")
    field.set_input_files(pictures["Alice"])
    expect(outcome).to_contain_text("This is your own code.")
    expect(outcome.get_by_role("button")).to_have_count(0)
    field.set_input_files(pictures["Bob"])
    expect(outcome).to_contain_text("The codes are the same.")
    alice.press("Mark Bob as checked")
    expect(alice.page.locator(".person .state")).to_contain_text("Checked by QR code on")
    expect(alice.row()).to_contain_text("Checked by QR code")

    # Bob compares by ear, and finds first that something differs.
    bob.page.get_by_role("link", name="They differ").click()
    expect(bob.page.get_by_role("alert")).to_contain_text("Do not mark Alice as checked.")
    bob.page.get_by_role("link", name="Compare once more").click()
    bob.page.get_by_label("By telephone").check()
    bob.press("They are the same")
    expect(bob.page.locator(".person .state")).to_contain_text("Checked by telephone on")

    # The letter says it too, and not checked again once it is taken back.
    bob.send("hello")
    alice.gets("hello")
    alice.person.go("/mail/inbox/")
    alice.page.locator(".row a", has_text="hello").click()
    expect(alice.page.locator(".letter__who")).to_contain_text("checked by QR code on")
    alice.open("compare/")
    alice.press("Count as not checked")
    expect(alice.row()).to_contain_text("Not checked")


def test_names_are_found_and_changed(two: Callable[[], list[Contact]]) -> None:
    alice, _ = two()
    alice.page.locator("#find").press_sequentially("zz")
    expect(alice.page.locator("#rows")).to_contain_text("No contact is called “zz”.")
    alice.page.locator("#find").fill("bo")
    expect(alice.row()).to_be_visible()
    menu = alice.page.locator("summary[aria-label^=More]")
    menu.click()
    alice.page.get_by_role("link", name="Rename").click()
    alice.page.get_by_label("Name", exact=True).fill("Bobby")
    alice.press("Keep the name")
    expect(alice.page.locator("#name")).to_have_text("Bobby")
    alice.page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(alice.page.locator("#name")).to_have_text("Bob")
    alice.page.get_by_role("link", name="History").click()
    expect(alice.page.locator(".events")).to_contain_text("You let Bob read what you publish.")


def test_trust_is_withdrawn_unless_undone_and_can_come_back(
    two: Callable[[], list[Contact]],
) -> None:
    alice, bob = two()
    expect(alice.page.locator(".trust").first).to_contain_text("bob’s desk")
    alice.press("Withdraw")
    toast = alice.page.locator("[data-held]")
    expect(toast).to_contain_text(re.compile(r"Trust in Bob is withdrawn in \d+ s\. Until then"))
    expect(alice.page.locator("#end-title")).to_have_text("The trust is withdrawn in a few seconds")
    toast.get_by_role("button", name="Undo").click()
    expect(alice.page.locator("#end-title")).to_have_text("Withdraw trust")
    expect(alice.page.locator("[data-held]")).to_have_count(0)

    alice.press("Withdraw")
    # Both open pages show it by themselves, once the time is over.
    expect(alice.page.locator("#end-title")).to_have_text("Trust again")
    expect(alice.row()).to_contain_text("Trust withdrawn")
    expect(bob.page.locator("#trust-title ~ .trust").last).to_contain_text("trusts you no more")
    alice.send("not for bob", notice=True)
    bob.send("in vain")
    bob.is_refused()
    assert "not for bob" not in bob.titles()
    assert "in vain" not in alice.titles()

    alice.press("Trust again")
    expect(alice.page.locator("#end-title")).to_have_text("Withdraw trust")
    bob.gets("not for bob")
    alice.gets("in vain")
    expect(bob.page.locator("#trust-title ~ .trust").last).to_contain_text("You may read")


def test_one_who_is_blocked_gets_nothing_through(two: Callable[[], list[Contact]]) -> None:
    alice, bob = two()
    menu = alice.page.locator("summary[aria-label^=More]")
    menu.click()
    alice.press("Block")
    expect(alice.page.locator(".person .state")).to_contain_text("Blocked on")
    # It holds at once: what comes before the trust is withdrawn is not shown, and not confirmed.
    bob.send("while blocked")
    eventually(lambda: "handed" in bob.titles()["while blocked"], "Bob's letter is handed over")
    expect(alice.page.locator("[data-held]")).to_have_count(0)
    expect(alice.page.locator("#end-title")).to_have_text("Bob is blocked")
    expect(bob.page.locator("#trust-title ~ .trust").last).to_contain_text("trusts you no more")
    bob.is_refused()
    assert "while blocked" not in alice.titles()
    assert bob.titles()["while blocked"] == {"handed"}
    expect(alice.row()).to_contain_text("Blocked")

    alice.page.locator("#end-title").locator("xpath=ancestor::form").get_by_role("button").click()
    expect(alice.page.locator("#end-title")).to_have_text("Trust again")
    alice.press("Trust again")
    alice.gets("while blocked")
    eventually(lambda: bob.titles()["while blocked"] == {"received"}, "Bob has the receipt")
