"""Inviting, adding, requests and the directory, by the pages of two nodes."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.people import PASSWORD, Person, company
from tests.support.house import House

pytestmark = [pytest.mark.browser, pytest.mark.nodes]

HEARTH = {"alice": "Alice Adams", "carol": "Carol Clark", "dave": "Dave Dean"}
FERRY = {"hana": "Hana Novak", "ivan": "Ivan Ito", "jane": "Jane Jones"}


def _node(directory: Path, name: str, people: dict[str, str]) -> House:
    """Make and start a node with these people, the first of them its owner."""
    node = House(directory / name)
    node.move_in(people, PASSWORD, name=name)
    node.start()
    return node


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, House]]:
    """Two nodes, hearth and ferry."""
    directory = tmp_path_factory.mktemp("invitations")
    made: dict[str, House] = {}
    try:
        made["hearth"] = _node(directory, "hearth", HEARTH)
        made["ferry"] = _node(directory, "ferry", FERRY)
        yield made
    finally:
        for node in made.values():
            node.kill()


@pytest.fixture
def sit(browser: Browser, nodes: dict[str, House]) -> Iterator[Callable[..., Person]]:
    """Sit somebody down before the pages of a node: `sit("Alice Adams")`, signed in."""
    with company() as made:

        def sit_down(name: str, *, at: str = "", guest: bool = False) -> Person:
            where = at or ("ferry" if name in FERRY.values() else "hearth")
            made.append(Person(browser, nodes[where], name))
            if not guest:
                made[-1].sign_in()
            return made[-1]

        yield sit_down


def invite(page: Page, kind: str, note: str, *, at_once: bool = False) -> str:
    """Make an invitation by the page, and return its link."""
    page.goto("/invitations/")
    page.locator(f"[name=kind][value={kind}]").check()
    page.get_by_label("A word for your guest").fill(note)
    asking = page.get_by_label("Add them at once")
    if kind == "contact" and at_once:
        asking.check()
    if kind == "account":
        expect(asking).to_be_hidden()
    page.get_by_role("button", name="Make the link").click()
    page.wait_for_url("**/invitations/*/")
    return page.get_by_label("Link", exact=True).input_value()


def look_and_add(page: Page, name: str) -> None:
    """Look at whose card was found, and make the trust."""
    page.get_by_role("button", name="Look at the card").click()
    add(page, name)


def add(page: Page, name: str) -> None:
    """Make the trust for whose card is shown."""
    expect(page.get_by_role("heading", name=f"This is the card of {name}")).to_be_visible()
    expect(page.get_by_text("since this is an invitation")).to_be_visible()
    page.get_by_role("button", name="Add and trust").click()
    expect(page.get_by_text("is your contact now.")).to_be_visible()
    expect(page.get_by_role("link", name="Compare fingerprints now")).to_be_visible()


def test_an_account_by_invitation(sit: Callable[..., Person]) -> None:
    alice, gus = sit("Alice Adams"), sit("Gus Guest", at="hearth", guest=True)
    link = invite(alice.page, "account", "The spare room is yours")
    alice.page.get_by_role("button", name="Copy the link").click()
    expect(alice.page.get_by_text("Copied.")).to_be_visible()

    page = gus.page
    page.goto(link)
    expect(page.get_by_role("heading", name="alice invites you to hearth")).to_be_visible()
    expect(page.get_by_text("The spare room is yours")).to_be_visible()
    expect(page.locator(".groups")).to_be_hidden()
    page.get_by_text("Details: the fingerprint of alice").click()
    expect(page.locator(".groups span")).to_have_count(15)
    page.get_by_label("Your name").fill("Gus Guest")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make my account").click()
    page.wait_for_url("**/welcome/words/")
    gus.write_words_down()
    page.wait_for_url("**/welcome/readers/")

    gus.write("alice", "Moved in", "Thank you for the room.")
    alice.go("/mail/inbox/")  # whom she invited is not kept in Waiting
    expect(alice.page.locator(".row", has_text="Moved in")).to_contain_text("Gus Guest")
    alice.go("/invitations/")
    expect(alice.page.get_by_text("Used once: Gus Guest.")).to_be_visible()
    late = sit("Late", at="hearth", guest=True)
    late.page.goto(link)
    expect(late.page.get_by_role("heading", name="has been used")).to_be_visible()


def test_a_contact_by_a_pasted_link(sit: Callable[..., Person]) -> None:
    alice, hana = sit("Alice Adams"), sit("Hana Novak")
    link = invite(alice.page, "contact", "From the fair", at_once=True)
    alice.go("/contacts/")
    alice.connected()
    hana.go("/contacts/add/")
    hana.page.get_by_label("Link, or the card itself").fill(link)
    look_and_add(hana.page, "alice")
    # The page that has just been shown tells of the answer by itself.
    expect(hana.page.get_by_text("You trust each other.")).to_be_visible()
    # Her open list shows it by itself.
    expect(alice.page.locator("#rows").get_by_text("hana", exact=True)).to_be_visible()
    hana.page.get_by_role("link", name="The page of alice").click()
    expect(hana.page.get_by_text("You may read what alice publishes")).to_be_visible()
    hana.write("alice", "Glad to be here", "Your link worked.")
    alice.go("/mail/inbox/")
    expect(alice.page.locator(".row", has_text="Glad to be here")).to_be_visible()


def test_a_contact_by_a_picture_who_is_asked_for_first(
    sit: Callable[..., Person], tmp_path: Path
) -> None:
    alice, ivan = sit("Alice Adams"), sit("Ivan Ito")
    invite(alice.page, "contact", "From the museum")
    code = tmp_path / "code.png"
    alice.page.locator(".qr").screenshot(path=code)
    alice.go("/mail/waiting/")
    alice.connected()
    ivan.go("/contacts/add/")
    ivan.page.get_by_label("Card file, or a picture").set_input_files(code)
    look_and_add(ivan.page, "alice")
    expect(ivan.page.get_by_text("alice has not answered yet.")).to_be_visible()

    asked = alice.page.locator(".request", has_text="Ivan Ito")
    expect(asked).to_contain_text("would like to be your contact")
    expect(asked).to_contain_text("By your invitation “From the museum”.")
    asked.get_by_role("button", name="Accept").click()
    expect(alice.page.get_by_text("Ivan is your contact now.")).to_be_visible()
    ivan.page.get_by_role("link", name="The page of alice").click()
    expect(ivan.page.get_by_text("You may read what alice publishes")).to_be_visible()


def test_a_code_before_the_camera(sit: Callable[..., Person]) -> None:
    """Debian's Chromium has neither camera nor BarcodeDetector; both are put in their places."""
    alice, jane = sit("Alice Adams"), sit("Jane Jones")
    link = invite(alice.page, "contact", "", at_once=True)
    page = jane.page
    jane.go("/contacts/add/")
    expect(page.locator("[data-camera]")).to_be_hidden()
    page.add_init_script(
        """
        window.BarcodeDetector = class {
          static async getSupportedFormats() { return ["qr_code"]; }
          async detect() { return [{ rawValue: "LINK" }]; }
        };
        navigator.mediaDevices.getUserMedia = async () => {
          const canvas = document.createElement("canvas");
          canvas.getContext("2d").fillRect(0, 0, 10, 10);
          return canvas.captureStream(10);
        };
        """.replace("LINK", link)
    )
    page.reload()
    page.get_by_role("button", name="Read a QR code with the camera").click()
    add(page, "alice")


def test_withdrawing_an_invitation(sit: Callable[..., Person]) -> None:
    alice, guest = sit("Alice Adams"), sit("Late", at="hearth", guest=True)
    link = invite(alice.page, "contact", "Too early")
    alice.page.get_by_role("button", name="Withdraw").click()
    guest.page.goto(link)
    expect(guest.page.get_by_role("heading", name="was withdrawn")).to_be_visible()
    toast = alice.page.locator(".toast", has_text="its link is dead")
    toast.get_by_role("button", name="Undo").click()
    expect(alice.page.get_by_text("works again")).to_be_visible()
    guest.page.goto(link)
    expect(guest.page.get_by_role("heading", name="invites you to be a contact")).to_be_visible()
    expect(guest.page.get_by_label("Link", exact=True)).to_have_value(link)


def test_the_directory_and_silent_requests(sit: Callable[..., Person]) -> None:
    alice = sit("Alice Adams")
    alice.go("/mail/waiting/")
    alice.connected()
    asking = [sit("Carol Clark"), sit("Dave Dean")]
    for one in asking:
        one.go("/people/")
        line = one.page.get_by_role("listitem").filter(has_text="alice")
        line.get_by_role("button", name="Add").click()
        expect(line).to_contain_text("Has not answered yet")
        # Her open page shows it by itself.
        expect(alice.page.locator(".request", has_text=one.name)).to_be_visible()

    for name, what, said in (
        ("Carol Clark", "Ignore", "The request of Carol is ignored."),
        ("Dave Dean", "Block", "Dave is blocked."),
    ):
        asked = alice.page.locator(".request", has_text=name)
        for undo in (True, False):
            asked.get_by_role("button", name=what).click()
            toast = alice.page.locator(".toast", has_text=said)
            expect(toast).to_contain_text("They are told nothing.")
            expect(asked).to_have_count(0)
            if undo:
                toast.get_by_role("button", name="Undo").click()
                expect(asked).to_be_visible()
    alice.page.reload()
    expect(alice.page.get_by_role("heading", name="Nothing is waiting")).to_be_visible()
    for one in asking:  # nothing has come to them
        one.page.reload()
        expect(one.page.get_by_role("listitem").filter(has_text="alice")).to_contain_text(
            "Has not answered yet"
        )

    alice.go("/people/")
    carol = alice.page.get_by_role("listitem").filter(has_text="Carol Clark")
    carol.get_by_role("button", name="Accept").click()
    expect(alice.page.get_by_text("Carol is your contact now.")).to_be_visible()
