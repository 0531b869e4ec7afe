"""Writing: kept as one types, with files, to whom, and undone for a moment; on one node."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from mail.draft_files import BYTES_PER_DRAFT
from tests.browser.people import PASSWORD, Person, SlowLine, company, until
from tests.support.house import House

pytestmark = [pytest.mark.browser, pytest.mark.nodes]

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c636060"
    "6000000004000160a3f4b80000000049454e44ae426082"
)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A node with Alice, Bob and Carol, who know each other."""
    node = House(tmp_path_factory.mktemp("house"))
    people = {"alice": "Alice", "bob": "Bob Brown", "carol": "Carol Clark"}
    friends = [("alice", "bob"), ("bob", "alice"), ("alice", "carol")]
    node.move_in(people, PASSWORD, friends=friends)
    node.start()
    yield node
    node.kill()


@pytest.fixture
def visit(browser: Browser, house: House) -> Iterator[Callable[..., Person]]:
    """Sit somebody down before the house's pages, signed in: `visit("Alice")`."""
    with company() as made:

        def sit_down(name: str, **options: Any) -> Person:
            made.append(Person(browser, house, name, **options))
            made[-1].sign_in()
            return made[-1]

        yield sit_down


def fill(page: Page, title: str, body: str, to: str = "bob") -> None:
    """Write a new message, without sending it."""
    page.goto("/write/")
    page.get_by_label("To", exact=True).press_sequentially(to)
    page.keyboard.press("Enter")
    expect(page.locator(".chip")).to_have_count(1)
    page.get_by_label("Title").fill(title)
    page.locator("#text").fill(body)


def saved(page: Page) -> None:
    """Wait until what is written is kept, and nothing else is to be saved."""
    expect(page.locator("[data-write]:not([data-dirty])")).to_have_count(1)
    expect(page.locator("[data-saved]")).to_contain_text("Draft saved at")


def file(name: str, size: int = 5, kind: str = "text/plain") -> FilePayload:
    return {"name": name, "mimeType": kind, "buffer": bytes(size)}


def test_what_is_typed_is_kept(visit: Callable[..., Person]) -> None:
    alice = visit("Alice")
    page = alice.page
    page.goto("/mail/inbox/")
    page.get_by_role("link", name="New message").first.click()
    fill(page, "Kept", "First words.")
    saved(page)
    page.wait_for_url("**/write/*/")
    expect(page.locator(".folders__list", has_text="Drafts").first).to_contain_text("1")
    page.reload()
    expect(page.locator("#text")).to_have_value("First words.")
    expect(page.locator(".chip")).to_contain_text("Bob Brown")
    # Loaded again at once, before the pause in which it would be saved.
    page.locator("#text").fill("Second words.")
    page.reload()
    expect(page.locator("#text")).to_have_value("Second words.")
    # Going away at once, before the pause in which it would be saved.
    page.locator("#text").fill("First words, and more.")
    page.get_by_role("link", name="Inbox").click()
    page.wait_for_url("**/mail/inbox/")
    page.goto("/mail/drafts/")
    page.locator(".row a", has_text="Kept").click()
    expect(page.locator("#text")).to_have_value("First words, and more.")
    expect(page.get_by_label("Title")).to_have_value("Kept")
    page.get_by_role("button", name="Delete the draft").click()
    expect(page.get_by_role("heading", name="No drafts")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".row", has_text="Kept")).to_have_count(1)
    page.locator(".row").get_by_role("button", name="Delete the draft").click()
    expect(page.locator(".row")).to_have_count(0)


def test_what_is_typed_before_the_page_is_ready_is_kept(visit: Callable[..., Person]) -> None:
    alice = visit("Alice")
    page = alice.page
    line = SlowLine(page, "**/js/drafts*.js")
    page.goto("/write/", wait_until="commit")
    page.locator("#text").fill("Typed at once.")
    line.let_go()
    saved(page)
    page.wait_for_url("**/write/*/")
    page.reload()
    expect(page.locator("#text")).to_have_value("Typed at once.")


def test_without_a_connection_it_stays_in_the_page(visit: Callable[..., Person]) -> None:
    alice = visit("Alice")
    page = alice.page
    page.goto("/write/")
    alice.context.set_offline(True)
    page.locator("#text").fill("Written in a tunnel.")
    expect(page.locator("[data-saved]")).to_contain_text("The text is kept in this page")
    alice.context.set_offline(False)
    saved(page)
    page.reload()
    expect(page.locator("#text")).to_have_value("Written in a tunnel.")


def test_two_devices_write_one_draft(visit: Callable[..., Person]) -> None:
    desk = visit("Alice")
    fill(desk.page, "Two devices", "begun")
    saved(desk.page)
    desk.page.wait_for_url("**/write/*/")
    address = desk.page.url
    phone = visit("Alice", viewport={"width": 390, "height": 844})
    phone.connected()
    phone.page.goto(address)
    phone.page.locator("#text").fill("by phone")
    # The other page hears of it.
    note = desk.page.locator("[data-note]")
    expect(note).to_contain_text("was changed in another page or on another device")
    desk.page.locator("#text").fill("at the desk")
    expect(note).to_contain_text("your text is kept as a copy")
    expect(desk.page).not_to_have_url(address)
    texts = set()
    for page in (desk.page, phone.page):
        page.reload()
        texts.add(page.locator("#text").input_value())
    assert texts == {"at the desk", "by phone"}
    desk.page.goto("/mail/drafts/")
    expect(desk.page.locator(".row", has_text="Two devices")).to_have_count(2)


def test_files(visit: Callable[..., Person]) -> None:
    alice, bob = visit("Alice"), visit("Bob")
    page = alice.page
    fill(page, "With files", "Look.")
    field = page.locator("#attachments")
    dot: FilePayload = {"name": "dot.png", "mimeType": "image/png", "buffer": PNG}
    field.set_input_files([file("menu.txt"), dot])
    rows = page.locator("[data-file-list] .file")
    expect(page.locator("[data-take-out]")).to_have_count(2)
    picture = page.locator(".file__picture")
    until(lambda: picture.evaluate("image => image.naturalWidth") == 1, page)
    # Dropped, and pasted.
    for kind, name in (("drop", "dropped.txt"), ("paste", "pasted.txt")):
        page.locator("#text").evaluate(
            """(at, [kind, name]) => {
              const data = new DataTransfer();
              data.items.add(new File(["words"], name, {type: "text/plain"}));
              const about = {bubbles: true, cancelable: true};
              at.dispatchEvent(kind === "drop" ? new DragEvent(kind, {...about, dataTransfer: data})
                : new ClipboardEvent(kind, {...about, clipboardData: data}));
            }""",
            [kind, name],
        )
    expect(page.locator("[data-take-out]")).to_have_count(4)
    page.get_by_role("button", name="Take out pasted.txt").click()
    expect(rows).to_have_count(3)
    # Too large is said with the name and the limit, and nothing is sent.
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    field.set_input_files([file("film.mp4", BYTES_PER_DRAFT)])
    expect(page.locator("[data-limit-message]")).to_have_text(
        "“film.mp4” has 7.8 MB and does not fit: the files of a message can have 7.8 MB together."
    )
    assert not [url for url in asked if "/files/" in url]
    page.reload()
    expect(rows).to_have_count(3)
    page.locator("[data-send]").click()
    page.get_by_role("button", name="Send now").click()
    bob.page.locator(".row a", has_text="With files").click()
    for name in ("menu.txt", "dot.png", "dropped.txt"):
        expect(bob.page.get_by_role("link", name=f"Save {name}")).to_be_visible()


def test_an_upload_shows_how_far_it_is(visit: Callable[..., Person]) -> None:
    alice = visit("Alice")
    page = alice.page
    fill(page, "Slowly", "One moment.")
    saved(page)
    # The way to the node is held up, as on a slow line, until the test lets it go.
    waiting: list[Any] = []
    page.route("**/files/", lambda route: waiting.append(route))
    field = page.locator("#attachments")
    field.set_input_files([file("long.bin", 3_000_000)])
    bar = page.get_by_role("progressbar", name="long.bin")
    expect(bar).to_be_visible()
    expect(page.locator(".file__about")).to_contain_text("of 3.0 MB")
    # Sending waits for it; stopping it lets the letter stay.
    page.get_by_role("button", name="Stop long.bin").click()
    expect(page.locator("[data-file-list] .file")).to_have_count(0)
    page.unroute("**/files/")
    # What fails can be tried again.
    page.route("**/files/", lambda route: route.abort())
    field.set_input_files([file("again.bin")])
    expect(page.locator(".file__about")).to_contain_text("the connection was lost")
    page.locator("[data-send]").click()
    expect(page.locator("[data-file-status]")).to_contain_text("Try it again or take it out")
    page.unroute("**/files/")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("button", name="Take out again.bin")).to_be_visible()
    # A letter that is sent meanwhile goes when the file is there.
    page.route("**/files/", lambda route: waiting.append(route))
    waiting.clear()
    field.set_input_files([file("late.bin")])
    page.locator("[data-send]").click()
    expect(page.locator("[data-file-status]")).to_contain_text("as soon as the files")
    waiting[0].continue_()
    page.wait_for_url("**/mail/sent/")
    page.get_by_role("button", name="Send now").click()
    expect(page.get_by_role("link", name="Save late.bin")).to_be_visible()


def test_sending_can_be_undone(visit: Callable[..., Person]) -> None:
    alice = visit("Alice")
    page = alice.page
    fill(page, "Too early", "Wait.")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/mail/sent/")
    expect(page.locator("#held")).to_contain_text("“Too early” goes to Bob")
    expect(page.locator("#held-letters")).to_contain_text("Goes at")
    page.locator("#held").get_by_role("button", name="Undo").click()
    page.wait_for_url("**/write/*/")
    expect(page.locator("#text")).to_have_value("Wait.")
    page.goto("/mail/sent/")
    expect(page.locator(".row", has_text="Too early")).to_have_count(0)


def test_names_typed_while_others_are_looked_up(visit: Callable[..., Person]) -> None:
    page = visit("Alice").page
    page.goto("/write/")
    names = page.get_by_role("combobox", name="To")
    expect(names).to_be_focused()
    line = SlowLine(page, "**/write/recipients/")
    page.keyboard.type("Bob")
    page.keyboard.press("Enter")
    page.keyboard.type("Carol")
    page.keyboard.press("Enter")
    page.keyboard.type("Nob")
    line.let_go()
    expect(page.locator(".chip")).to_have_text([re.compile("Bob"), re.compile("Carol")])
    expect(page.locator("#names-error")).to_have_count(0)
    expect(names).to_have_value("Nob")
    expect(names).to_be_focused()
    page.keyboard.type("ody")
    expect(names).to_have_value("Nobody")


def test_a_closed_page_and_a_killed_node_send_all_the_same(
    visit: Callable[..., Person], house: House
) -> None:
    alice, bob = visit("Alice"), visit("Bob")
    fill(alice.page, "By itself", "Nobody looks.")
    alice.page.locator("[data-send]").click()
    alice.page.wait_for_url("**/mail/sent/")
    alice.page.close()
    house.kill()
    house.start()
    bob.page.goto("/mail/inbox/")
    bob.connected()
    row = bob.page.locator(".row", has_text="By itself")
    expect(row).to_have_count(1)
    row.locator("a").click()
    expect(bob.page.locator(".letter__body")).to_contain_text("Nobody looks.")


def test_a_letter_that_cannot_go_comes_back(visit: Callable[..., Person], house: House) -> None:
    alice = visit("Alice")
    page = alice.page
    fill(page, "In vain", "Hello?", to="carol")
    page.locator("[data-send]").click()
    page.wait_for_url("**/mail/sent/")
    alice.connected()
    house.command(
        "shell", "-c",
        "from django.utils import timezone\n"
        "from journal.trusts import withdraw\n"
        "from nodes.models import Account\n"
        "of = lambda name: Account.objects.get(username=name).fingerprint\n"
        "withdraw(of('alice'), of('carol'), now=timezone.now())",
    )  # fmt: skip
    toast = page.locator("#held .toast", has_text="“In vain” was not sent.")
    expect(toast).to_contain_text("A recipient is not among your contacts")
    toast.get_by_role("link", name="Open the draft").click()
    expect(page.locator("#text")).to_have_value("Hello?")
    expect(page.get_by_role("alert").first).to_contain_text("not among your contacts")


def test_recipients_by_keyboard(visit: Callable[..., Person]) -> None:
    alice = visit("Alice")
    page = alice.page
    page.goto("/write/")
    names = page.get_by_role("combobox", name="To")
    expect(names).to_be_focused()
    page.keyboard.type("br")
    expect(page.get_by_role("option", name="Bob Brown")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    chip = page.locator(".chip--warn")
    expect(chip).to_contain_text("Bob Brown")
    expect(chip).to_contain_text("not checked")
    expect(page.locator("#readers")).to_contain_text("You and Bob will be able to read this")
    expect(names).to_be_focused()
    page.keyboard.type("Nobody")
    expect(page.get_by_role("option")).to_have_text("No contact has such a name.")
    page.keyboard.press("Enter")
    expect(page.locator("#names-error")).to_have_text("“Nobody” is not among your contacts.")
    names.fill("")
    page.keyboard.press("Backspace")
    expect(chip).to_have_count(0)
    expect(page.locator("#readers")).to_contain_text("Say to whom it goes")


def test_an_answer_quotes_and_a_letter_is_passed_on(visit: Callable[..., Person]) -> None:
    alice, bob = visit("Alice"), visit("Bob")
    page = alice.page
    fill(page, "Question", "When?")
    page.locator("#attachments").set_input_files([file("map.txt")])
    expect(page.get_by_role("button", name="Take out map.txt")).to_be_visible()
    page.locator("[data-send]").click()
    page.get_by_role("button", name="Send now").click()
    bob.page.locator(".row a", has_text="Question").click()
    bob.page.get_by_role("link", name="Reply").click()
    expect(bob.page.locator("#text")).to_be_focused()
    bob.page.keyboard.type("At eight.")
    text = bob.page.locator("#text").input_value()
    assert text.startswith("At eight.\n\nOn ")
    assert text.endswith(" wrote:\n\n> When?\n")
    bob.page.go_back()
    bob.page.get_by_role("link", name="Forward").click()
    expect(bob.page.locator("[data-file-list]")).to_contain_text("map")
    bob.page.get_by_label("To", exact=True).fill("alice")
    bob.page.keyboard.press("Enter")
    saved(bob.page)
    expect(bob.page.get_by_role("button", name="Take out map.txt")).to_be_visible()


def test_a_deep_link(visit: Callable[..., Person], house: House) -> None:
    alice = visit("Alice")
    alice.page.goto("/contacts/")
    alice.page.get_by_role("link", name="Bob Brown").first.click()
    alice.page.wait_for_url("**/contacts/*/")
    fingerprint = alice.page.url.rstrip("/").rpartition("/")[2]
    alice.page.goto(f"/write/?to={fingerprint}")
    expect(alice.page.locator(".chip")).to_contain_text("Bob Brown")
    expect(alice.page.locator("#text")).to_be_focused()
