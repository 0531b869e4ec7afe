"""What people do with the pages, as the browser tests speak of it."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from playwright.sync_api import APIResponse, Browser, ConsoleMessage, Page, Request, Route, expect

from tests.support.nodes import NodeProcess

PASSWORD = "a long house-key 7"
PATIENCE = 60_000
"""Milliseconds; generous, since the machine may be busy."""

expect.set_options(timeout=PATIENCE)
_sessions: WeakKeyDictionary[NodeProcess, dict[str, str]] = WeakKeyDictionary()


class Person:
    """Somebody with a node, and a browser that watches what the pages do."""

    def __init__(self, browser: Browser, node: NodeProcess, name: str, **options: Any) -> None:
        self.node = node
        self.name = name
        self.username = name.split()[0].lower()
        self.problems: list[str] = []
        self.context = browser.new_context(base_url=node.url, locale="en-GB", **options)
        self.page = self.open_page()

    def open_page(self) -> Page:
        """Open one more page, and note what goes wrong in it."""
        page = self.context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: self.problems.append(f"{self.name}: {error}"))
        page.on("console", self._console)
        page.on("request", self._request)
        return page

    def _console(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            self.problems.append(f"{self.name}: {message.text}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self.node.url + "/", "data:", "blob:")):
            self.problems.append(f"{self.name}: asked for {request.url}")

    def first_link(self) -> str:
        """Give the link for the owner that the node printed."""
        links: list[str] = re.findall(r"http://\S+/welcome/\S+/", self.node.read_log())
        return links[-1]

    def move_in(self) -> list[str]:
        """Make the owner's account by the link that the node printed; returns the words."""
        page = self.page
        page.goto(self.first_link())
        page.get_by_role("link", name="Continue").click()
        page.get_by_label("Your name").fill(self.name)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Make my account").click()
        page.wait_for_url("**/welcome/words/")
        words = self.write_words_down()
        page.get_by_role("link", name="Go to the inbox").click()
        page.wait_for_url("**/mail/inbox/")
        return words

    def write_words_down(self) -> list[str]:
        """Read the words of the recovery phrase, and answer when they are asked back."""
        page = self.page
        words = page.locator(".words li").all_inner_texts()
        assert len(words) == 12
        page.get_by_role("link", name="I have written them down").click()
        labels = page.locator(".field label")
        expect(labels).to_have_count(2)
        for label in labels.all_inner_texts():
            page.get_by_label(label, exact=True).fill(words[int(label.split()[-1]) - 1])
        page.get_by_role("button", name="Continue").click()
        return words

    def sign_in(self, *, anew: bool = False) -> None:
        """Sign in to an account that was made by a command, and come to the inbox.

        A session in which the account was signed in before goes on, unless it is to be `anew`.
        """
        known = _sessions.setdefault(self.node, {})
        if not anew and self.username in known:
            value = known[self.username]
            self.context.add_cookies([{"name": "session", "value": value, "url": self.node.url}])
            self.go("/mail/inbox/")
            if urlsplit(self.page.url).path == "/mail/inbox/":
                return
        self.go("/account/login/")
        self.page.get_by_label("Name to sign in with").fill(self.username)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        self.page.wait_for_url("**/mail/inbox/")
        [known[self.username]] = [
            cookie["value"] for cookie in self.context.cookies() if cookie["name"] == "session"
        ]

    def connected(self) -> None:
        """Wait until the open page hears of changes."""
        expect(self.page.locator(".bar [data-connection]")).to_have_attribute("data-state", "live")

    def go(self, path: str) -> None:
        """Go to a page of the person's node."""
        self.page.goto(path)

    def save_card(self, directory: Path) -> Path:
        """Save the person's card as a file."""
        self.go("/card/")
        with self.page.expect_download() as download:
            self.page.get_by_role("link", name="Save the card").click()
        path = directory / f"{self.username}.sdmp"
        download.value.save_as(path)
        return path

    def add(self, card: Path, name: str) -> None:
        """Make a contact of whose card this is."""
        self.go("/contacts/add/")
        self.page.get_by_label("Card file").set_input_files(card)
        self.page.get_by_role("button", name="Look at the card").click()
        expect(self.page.get_by_text(f"This is the card of {name}")).to_be_visible()
        self.page.get_by_role("button", name="Add and trust").click()
        expect(self.page.get_by_text("is your contact now.")).to_be_visible()

    def check(self, name: str) -> None:
        """Say that the fingerprints of a contact were compared: its letters need not wait."""
        self.go("/contacts/")
        self.page.locator(".row__link", has_text=name).click()
        self.page.wait_for_url("**/contacts/*/")
        self.go(f"{self.page.url}compare/")
        self.page.get_by_role("button", name="They are the same").click()
        expect(self.page.get_by_text("checked in person").first).to_be_visible()

    def write(self, to: str, title: str, body: str) -> None:
        """Write a new letter and send it, without the moment in which it could be undone."""
        self.go("/write/")
        self.page.get_by_label("To", exact=True).press_sequentially(to)
        self.page.keyboard.press("Enter")
        expect(self.page.locator(".chip")).to_have_count(1)
        self.page.get_by_label("Title").fill(title)
        self.page.locator("#text").fill(body)
        self.page.locator("[data-send]").click()
        self.page.get_by_role("button", name="Send now").click()
        expect(self.page.get_by_text("The message is on its way.")).to_be_visible()


def until(look: Callable[[], Any], page: Page) -> Any:
    """Look until there is something, while the page goes on, and give it."""
    deadline = time.monotonic() + PATIENCE / 1000
    while not (found := look()):
        assert time.monotonic() < deadline, "nothing came"
        page.wait_for_timeout(50)
    return found


class SlowLine:
    """A way to the node on which what fits `pattern` stays until it is let go.

    With `answered` it has come to the node, and it is the answer that stays.
    """

    def __init__(self, page: Page, pattern: str, *, answered: bool = False) -> None:
        self.page = page
        self.held: list[Route] = []
        self._answers: list[APIResponse] = []
        self._answered = answered
        self._slow = True
        page.route(pattern, self._take)

    def _take(self, route: Route) -> None:
        if not self._slow:
            route.continue_()
            return
        if self._answered:
            self._answers.append(route.fetch())
        self.held.append(route)

    def let_go(self) -> None:
        """Let go what is under way, which is one request, and all that comes."""
        until(lambda: self.held, self.page)
        self._slow = False
        [route] = self.held
        if self._answers:
            route.fulfill(response=self._answers[0])
        else:
            route.continue_()


def befriend(one: Person, other: Person, directory: Path) -> None:
    """Let two people exchange cards, trust each other, and compare fingerprints."""
    cards = one.save_card(directory), other.save_card(directory)
    one.add(cards[1], other.name)
    other.add(cards[0], one.name)
    one.check(other.name)
    other.check(one.name)


@contextmanager
def company() -> Iterator[list[Person]]:
    """Keep a list of those who sit before pages; at the end all leave, and nothing went wrong."""
    made: list[Person] = []
    yield made
    for one in made:
        one.context.close()
    problems = [problem for one in made for problem in one.problems]
    assert not problems, problems  # pytest does not spell out what fails in this file
