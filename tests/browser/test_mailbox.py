"""Folders, selecting, keys, conversations and removal, as people meet them."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.people import PASSWORD, Person, SlowLine, company, until
from tests.support.neighbours import Neighbour
from tests.support.nodes import NodeProcess

pytestmark = [pytest.mark.browser, pytest.mark.nodes]


@dataclass
class Street:
    """Alice and Carol have accounts at one node, Bob lives at another; all trust each other."""

    hearth: NodeProcess
    attic: NodeProcess
    here: Neighbour
    there: Neighbour
    users: dict[str, str]

    def node_of(self, name: str) -> NodeProcess:
        return self.attic if name == "bob" else self.hearth

    def send(self, author: str, to: str, *titles: str, **more: str) -> list[str]:
        """Let one write letters to another; returns their URIs."""
        letters = [{"author": author, "to": self.users[to], "title": t, **more} for t in titles]
        found: list[str] = self.let(author).do(do="send", letters=letters)
        return found

    def let(self, name: str) -> Neighbour:
        """Who does things at somebody's node."""
        return self.there if name == "bob" else self.here


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    """The two nodes, running."""
    directory = tmp_path_factory.mktemp("street")
    hearth, attic = NodeProcess(directory / "hearth"), NodeProcess(directory / "attic")
    here, there = Neighbour(hearth), Neighbour(attic)
    try:
        people = {"alice": "Alice Adams", "carol": "Carol Clark"}
        made = {
            **here.do(do="make", called="hearth", people=people, password=PASSWORD),
            **there.do(do="make", called="attic", people={"bob": "Bob Brown"}, password=PASSWORD),
        }
        cards = {name: card for name, (_, card) in made.items()}
        pairs = [("alice", cards["carol"]), ("carol", cards["alice"]), ("alice", cards["bob"])]
        here.do(do="meet", pairs=pairs)
        there.do(do="meet", pairs=[("bob", cards["alice"])], known=True)
        for node in (hearth, attic):
            node.start()
        yield Street(hearth, attic, here, there, {name: user for name, (user, _) in made.items()})
    finally:
        for part in (here, there):
            part.end()
        for node in (hearth, attic):
            node.kill()


@pytest.fixture
def visit(browser: Browser, street: Street) -> Iterator[Callable[..., Person]]:
    """Sit somebody down before the pages of their node, signed in: `visit("Alice")`."""
    with company() as made:

        def sit_down(name: str, **options: object) -> Person:
            made.append(Person(browser, street.node_of(name.lower()), name, **options))
            made[-1].sign_in()
            return made[-1]

        yield sit_down


def row(person: Person, title: str) -> Locator:
    return person.page.locator(".row", has_text=title)


def folder(person: Person, name: str) -> Locator:
    return person.page.locator(".folders__list a", has_text=name)


def toast(person: Person, words: str) -> Locator:
    return person.page.locator(".toast", has_text=words)


def test_a_stranger_waits_quietly_until_let_in(
    street: Street, visit: Callable[..., Person]
) -> None:
    alice = visit("Alice")
    alice.connected()
    title = alice.page.title()
    street.send("bob", "alice", "Who I am")
    expect(folder(alice, "Waiting").locator(".count")).to_contain_text("1")
    expect(alice.page).to_have_title(title)  # it says nothing of itself
    expect(row(alice, "Who I am")).to_have_count(0)
    folder(alice, "Waiting").click()
    row(alice, "Who I am").locator("a").click()
    expect(alice.page.locator(".waits")).to_contain_text("is not checked")
    compare = alice.page.get_by_role("link", name="Compare fingerprints")
    expect(compare).to_have_attribute("href", re.compile(street.users["bob"]))
    alice.page.locator(".waits").get_by_role("button", name="Move to Inbox").click()
    expect(row(alice, "Who I am")).to_have_count(0)
    toast(alice, "moved to Inbox").get_by_role("button", name="Undo").click()
    expect(row(alice, "Who I am")).to_have_count(1)
    row(alice, "Who I am").locator("a").click()
    alice.page.locator(".waits").get_by_role("button", name="Move to Inbox").click()
    expect(toast(alice, "moved to Inbox")).to_be_visible()
    folder(alice, "Inbox").click()
    expect(row(alice, "Who I am")).to_have_count(1)
    alice.connected()
    street.send("bob", "alice", "Once more")
    expect(row(alice, "Once more")).to_have_count(1)
    expect(alice.page).to_have_title(re.compile(r"^\(1\) Inbox"))


def test_select_many_and_undo(street: Street, visit: Callable[..., Person]) -> None:
    street.send("carol", "alice", "Pile 0", "Pile 1", "Pile 2", "Pile 3")
    alice = visit("Alice")
    page = alice.page
    alice.connected()
    expect(row(alice, "Pile")).to_have_count(4)
    page.get_by_role("link", name="Select").click()
    picks = row(alice, "Pile").locator(".row__pick")
    picks.nth(0).click()
    picks.nth(2).click(modifiers=["Shift"])
    expect(page.get_by_text("3 selected")).to_be_visible()
    page.locator("#many").get_by_role("button", name="Archive").click()
    expect(row(alice, "Pile")).to_have_count(1)
    expect(toast(alice, "3 conversations moved to Archive")).to_be_visible()
    page.keyboard.press("z")
    expect(row(alice, "Pile")).to_have_count(4)
    expect(page.locator(".row--unread", has_text="Pile")).to_have_count(4)
    page.get_by_role("link", name="Select").click()
    row(alice, "Pile 0").locator(".row__link").click()  # all of a row picks it
    page.locator("#many summary").click()
    page.get_by_role("button", name="Mark as read").click()
    expect(page.locator(".row--unread", has_text="Pile")).to_have_count(3)
    page.get_by_role("link", name="Select").click()
    page.get_by_role("checkbox", name="Select all that are shown").click()
    page.keyboard.press("Escape")
    expect(page.locator("#many")).to_be_hidden()


def test_without_scripts_many_are_selected_and_deleted(
    street: Street, visit: Callable[..., Person]
) -> None:
    street.send("carol", "alice", "Plain 0", "Plain 1")
    alice = visit("Alice", java_script_enabled=False)
    page = alice.page
    for name, leads_to in (("Move to Bin", "inbox"), ("Delete for good", "bin")):
        page.goto(f"/mail/{leads_to}/")
        page.get_by_role("link", name="Select").click()
        for number in range(2):
            page.get_by_role("checkbox", name=f"Select Plain {number}").check()
        page.locator("#many").get_by_role("button", name=name).click()
    expect(page.get_by_text("2 conversations will be deleted.")).to_be_visible()
    page.get_by_role("button", name="Delete for good").click()
    expect(toast(alice, "2 conversations are deleted.")).to_be_visible()
    expect(row(alice, "Plain")).to_have_count(0)


def test_all_by_keys(street: Street, visit: Callable[..., Person]) -> None:
    street.send("carol", "alice", "Key 0", "Key 1", "Key 2")
    alice = visit("Alice")
    page = alice.page
    alice.connected()
    expect(row(alice, "Key")).to_have_count(3)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("e")  # does nothing behind the list of keys
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(row(alice, "Key")).to_have_count(3)
    page.keyboard.press("j")
    expect(row(alice, "Key 2").locator(".row__link")).to_be_focused()
    page.keyboard.press("s")
    expect(row(alice, "Key 2").locator(".row__marks")).to_contain_text("starred")
    expect(row(alice, "Key 2").locator(".row__link")).to_be_focused()
    page.keyboard.press("#")
    expect(row(alice, "Key 2")).to_have_count(0)
    expect(row(alice, "Key 1").locator(".row__link")).to_be_focused()
    page.keyboard.press("z")
    expect(row(alice, "Key 2")).to_have_count(1)
    expect(toast(alice, "back where it was")).to_be_visible()
    alice.connected()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("o")
    expect(page.locator("#conversation-title")).to_have_text("Key 1")
    page.keyboard.press("e")
    expect(page.locator("#letters")).to_have_count(0)
    expect(row(alice, "Key 1")).to_have_count(0)
    page.wait_for_url("**/mail/inbox/")
    expect(row(alice, "Key 0").locator(".row__link")).to_be_focused()
    page.keyboard.press("x")
    expect(page.get_by_text("1 selected")).to_be_visible()
    page.keyboard.press("#")
    expect(row(alice, "Key 0")).to_have_count(0)
    folder(alice, "Bin").click()
    row(alice, "Key 0").locator("a").click()
    page.get_by_role("button", name="Restore").click()
    expect(row(alice, "Key 0")).to_have_count(0)
    page.keyboard.press("/")
    page.keyboard.type("jk")
    expect(page.get_by_role("searchbox")).to_have_value("jk")


def test_keys_are_heard_before_the_last_one_is_answered(
    street: Street, visit: Callable[..., Person]
) -> None:
    street.send("carol", "alice", "Slow 0", "Slow 1", "Slow 2")
    alice = visit("Alice")
    page = alice.page
    expect(row(alice, "Slow")).to_have_count(3)
    alice.connected()
    line = SlowLine(page, "**/mail/inbox/many/")
    links = row(alice, "Slow").locator(".row__link")
    for place, key in enumerate("s#s"):
        page.keyboard.press("j")
        expect(links.nth(place)).to_be_focused()
        page.keyboard.press(key)
    # What is picked now has nothing to do with them.
    page.keyboard.press("k")
    page.keyboard.press("x")
    expect(page.get_by_text("1 selected")).to_be_visible()
    line.let_go()
    expect(row(alice, "Slow 1")).to_have_count(0)
    for title in ("Slow 2", "Slow 0"):
        expect(row(alice, title).locator(".row__marks")).to_contain_text("starred")
    # In an open conversation, whose buttons go with the answer.
    page.keyboard.press("Escape")
    row(alice, "Slow 0").locator(".row__link").click()
    expect(page.locator("[data-key=s]")).to_have_attribute("aria-pressed", "true")
    line = SlowLine(page, "**/mail/inbox/*/mark/")
    page.locator("body").press("s")
    page.keyboard.press("e")
    line.let_go()
    expect(row(alice, "Slow 0")).to_have_count(0)
    folder(alice, "Archive").click()
    expect(row(alice, "Slow 0")).to_have_count(1)
    expect(row(alice, "Slow 0").locator(".row__marks")).to_have_count(0)


def test_news_of_what_was_asked_for_may_come_before_its_answer(
    street: Street, visit: Callable[..., Person]
) -> None:
    street.send("carol", "alice", "Late 0")
    alice = visit("Alice")
    alice.connected()
    page = alice.page
    row(alice, "Late 0").locator(".row__link").click()
    star = page.locator("[data-key=s]")
    expect(star).not_to_have_attribute("aria-pressed", "true")
    line = SlowLine(page, "**/mail/inbox/*/mark/", answered=True)
    page.locator("body").press("s")
    expect(row(alice, "Late 0").locator(".row__marks")).to_contain_text("starred")
    page.keyboard.press("e")
    line.let_go()
    expect(row(alice, "Late 0")).to_have_count(0)
    folder(alice, "Archive").click()
    expect(row(alice, "Late 0").locator(".row__marks")).to_contain_text("starred")


def test_two_pages_agree(street: Street, visit: Callable[..., Person]) -> None:
    street.send("carol", "alice", "On both")
    alice = visit("Alice")
    alice.connected()
    phone = alice.context.new_page()
    phone.set_viewport_size({"width": 390, "height": 844})
    phone.goto("/mail/inbox/")
    there = phone.locator(".row", has_text="On both")
    expect(there).to_have_class(re.compile("row--unread"))
    row(alice, "On both").locator("a").click()
    expect(alice.page.locator(".letter")).to_have_count(1)
    expect(there).not_to_have_class(re.compile("row--unread"))
    there.locator("a").click()
    expect(phone.locator("[data-key=s]")).to_have_attribute("aria-pressed", "false")
    alice.page.keyboard.press("s")
    expect(phone.locator("[data-key=s]")).to_have_attribute("aria-pressed", "true")
    phone.locator("[data-key=e]").click()
    expect(phone.locator("#list")).to_be_visible()
    expect(row(alice, "On both")).to_have_count(0)
    expect(alice.page.get_by_role("button", name="Move to Inbox")).to_be_visible()


def test_older_letters_are_folded_and_new_ones_move_nothing(
    street: Street, visit: Callable[..., Person]
) -> None:
    to, talk = street.users["alice"], "Long talk"
    letters = [{"author": "carol", "to": to, "title": talk, "body": "Letter 0\n\n" + "word " * 900}]
    for number in range(1, 6):
        again = {"title": f"Re: {talk}", "body": f"Letter {number}", "answers": "0"}
        letters.append({"author": "carol", "to": to, **again})
    first, *_ = street.here.do(do="send", letters=letters)
    alice = visit("Alice")
    page = alice.page
    alice.connected()
    row(alice, "Long talk").locator("a").click()
    expect(page.locator(".letter__body")).to_have_count(6)  # all are new
    page.reload()
    alice.connected()
    expect(page.locator(".letter__body")).to_have_count(1)
    expect(page.locator(".letter__body")).to_contain_text("Letter 5")
    page.get_by_role("link", name="5 earlier messages from Carol").click()
    expect(page.locator(".letter--line")).to_have_count(5)
    page.locator(".letter--line").first.click()
    expect(page.locator(".letter__body").first).to_contain_text("Letter 0")
    expect(page.locator(".letter").first).to_be_focused()
    key = page.locator(".letter").first.get_attribute("data-letter")
    # What comes is added below; what is read stays where it is, and is not counted as seen.
    before = page.locator(".letter").first.bounding_box()
    street.send("carol", "alice", f"Re: {talk}", body="Letter 6", reply=first)
    expect(page.locator(".letter")).to_have_count(7)
    assert page.locator(".letter").first.bounding_box() == before
    expect(page.locator(".row--unread", has_text="Long talk")).to_have_count(1)
    page.get_by_role("link", name="New message from Carol").click()
    expect(page.locator(".row--unread", has_text="Long talk")).to_have_count(0)
    page.goto(f"{page.url.partition('?')[0].partition('#')[0]}#letter-{key}")
    page.reload()
    alice.connected()
    expect(page.locator(f"#letter-{key} .letter__body")).to_contain_text("Letter 0")
    expect(page.locator(f"#letter-{key}")).to_be_in_viewport()
    # What slept or lost its connection catches up, and what was unfolded stays so.
    page.locator(f"#letter-{key}").evaluate("letter => letter.setAttribute('data-old', '')")
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    expect(page.locator("[data-old]")).to_have_count(0)
    expect(page.locator(f"#letter-{key} .letter__body")).to_contain_text("Letter 0")
    # What holds an open menu catches up once that closes.
    menu = page.locator(f"#letter-{key} details")
    menu.locator("summary").click()
    page.locator(f"#letter-{key}").evaluate("letter => letter.setAttribute('data-old', '')")
    with page.expect_response("**/letters/**"):
        page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    expect(menu.get_by_role("link", name="Details")).to_be_visible()
    expect(page.locator("[data-old]")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator("[data-old]")).to_have_count(0)
    talk_page = page.url
    menu.locator("summary").click()
    menu.get_by_role("link", name="Show source").click()
    expect(page.locator(".source")).to_contain_text("Title: Long talk")
    expect(page.locator(".facts")).to_contain_text("hearth")
    page.go_back()
    expect(page).to_have_url(talk_page)
    expect(page.locator("#conversation-title")).to_contain_text("Long talk")


def test_older_conversations_come_by_scrolling(
    street: Street, visit: Callable[..., Person]
) -> None:
    street.send("alice", "carol", *(f"Number {number}" for number in range(55)))
    carol = visit("Carol")
    expect(carol.page.locator(".row")).to_have_count(50)
    carol.page.locator("#list").hover()
    carol.page.mouse.wheel(0, 20_000)
    expect(row(carol, "Number 0")).to_have_count(1)
    expect(carol.page.locator("[data-more]")).to_have_count(0)


def test_removal_is_confirmed_by_the_other_node(
    street: Street, visit: Callable[..., Person]
) -> None:
    street.send("alice", "bob", "Too hasty", body="Never mind the boat.")
    alice, bob = visit("Alice"), visit("Bob")
    row(bob, "Too hasty").locator("a").click()
    expect(bob.page.locator(".letter__body")).to_contain_text("Never mind the boat.")
    bob.connected()
    alice.go("/mail/sent/")
    row(alice, "Too hasty").locator("a").click()
    expect(alice.page.locator("[data-state=received]")).to_be_visible()
    for undone in (True, False):
        alice.page.locator(".letter summary[aria-label]").first.click()
        alice.page.get_by_role("link", name="Ask for removal").click()
        expect(alice.page.get_by_text("Copies elsewhere may remain")).to_be_visible()
        alice.page.get_by_role("button", name="Ask for removal").click()
        held = alice.page.locator("[data-held]")
        expect(held).to_contain_text("Too hasty")
        if undone:
            held.get_by_role("button", name="Undo").click()
            expect(alice.page.locator(".letter__body")).to_contain_text("Never mind the boat.")
    expect(alice.page.locator(".letter")).to_contain_text("You asked for removal")
    expect(alice.page.locator("[data-confirmed]")).to_contain_text("attic")
    expect(alice.page.locator("[data-missing]")).to_have_count(0)
    expect(bob.page.locator(".letter__body")).to_contain_text("took this message back")
    expect(bob.page.get_by_text("Never mind the boat.")).to_have_count(0)


def test_what_changes_while_a_part_is_fetched_is_shown(
    street: Street, visit: Callable[..., Person]
) -> None:
    street.attic.stop()
    street.send("alice", "bob", "Slow to arrive")
    alice = visit("Alice")
    alice.go("/mail/sent/")
    row(alice, "Slow to arrive").locator(".row__link").click()
    delivery = alice.page.locator("details.delivery")
    expect(delivery).to_be_visible()
    expect(delivery.locator("[data-state=received]")).to_have_count(0)
    alice.connected()
    line = SlowLine(alice.page, "**/delivery/**", answered=True)
    delivery.dispatch_event("live", {"bubbles": False})  # as if something had changed
    until(lambda: line.held, alice.page)
    street.attic.start()
    expect(row(alice, "Slow to arrive")).to_contain_text("Received")
    line.let_go()
    expect(delivery.locator("[data-state=received]")).to_have_count(1)
