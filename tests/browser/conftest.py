"""Chromium, and people who sit before it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.gallery import Furnished, Gallery, furnish
from tests.browser.people import Person, company
from tests.support.nodes import NodeProcess

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """One Chromium for the tests of a file; each person has a context of his own in it.

    While Playwright runs, so does its event loop: asynchronous tests need it gone.
    """
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture(scope="package")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Furnished]:
    """A furnished node, which the files of this directory share."""
    with furnish(tmp_path_factory.mktemp("gallery")) as made:
        yield made


@pytest.fixture(scope="module")
def gallery(browser: Browser, furnished: Furnished) -> Gallery:
    """The furnished node before a browser in which its owner is signed in."""
    return furnished.gallery(browser)


@pytest.fixture
def person(
    browser: Browser, make_node: Callable[..., NodeProcess]
) -> Iterator[Callable[..., Person]]:
    """Make people with a node each: `person("Alice Adams", "embedded")`.

    When the test ends, no page of theirs may have broken, been refused anything by its policy,
    or asked another host for anything.
    """
    with company() as made:

        def make(name: str, shape: str = "embedded", **options: Any) -> Person:
            node = make_node(name.split()[0].lower(), shape)
            node.start()
            made.append(Person(browser, node, name, **options))
            return made[-1]

        yield make
