"""Every page, light and dark, wide and narrow, by axe; and none is wider than its window."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser.gallery import PAGES, SHOWN, Gallery, open_gallery

pytestmark = [pytest.mark.browser, pytest.mark.nodes]

_AXE = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
PARTS = 4  # so that several processes can share the work
# The colours of another scheme are drawn with the next frame, and begin to change with it.
_AT_REST = """new Promise((frame) => requestAnimationFrame(() => requestAnimationFrame(frame)))
    .then(() => Promise.allSettled(document.getAnimations().map((each) => each.finished)))
    .then(() => 0)"""
# A sheet of the script's own, which the policy of the pages allows.
_STILL = """() => {
    const still = new CSSStyleSheet();
    still.replaceSync(
        "*, *::before, *::after { transition: none !important; animation: none !important; }"
    );
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, still];
}"""
_WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def gallery(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gallery]:
    """A furnished node and its owner, signed in."""
    with open_gallery(browser, tmp_path_factory.mktemp("gallery")) as opened:
        yield opened


@pytest.mark.parametrize("part", range(PARTS))
def test_pages_can_be_used_by_everybody(gallery: Gallery, part: int) -> None:
    found: list[str] = []
    with gallery.window(*SHOWN[0]) as window:
        for name in list(PAGES)[part::PARTS]:
            window.show(*SHOWN[0])
            page = window.open(name)
            page.evaluate(_STILL)
            for width, scheme in SHOWN:
                window.show(width, scheme)
                page.evaluate(_AT_REST)
                found += [f"{name}, {width}, {scheme}: {each}" for each in _problems(page)]
    assert found == []
    assert gallery.foreign == [], "a page asked another host for something"


def _problems(page: Page) -> list[str]:
    result = Axe().run(page, options=_AXE)
    problems = [
        f"{violation['id']}: {node['html'][:200]} {node['failureSummary'][:200]}"
        for violation in result.response["violations"]
        for node in violation["nodes"]
    ]
    if page.evaluate(_WIDER) > 0:
        problems.append("wider than its window")
    return problems


def test_the_check_finds_what_is_wrong(gallery: Gallery) -> None:
    """A page that is broken on purpose is not let through."""
    with gallery.window(1280, "light") as window:
        page = window.open("inbox")
        page.evaluate("document.querySelector('.bar__home').replaceChildren()")
        assert any("link-name" in problem for problem in _problems(page))


def test_pictures_can_be_taken(gallery: Gallery, tmp_path: Path) -> None:
    with gallery.window(390, "dark") as window:
        window.open("inbox").screenshot(path=tmp_path / "inbox.png")
    assert (tmp_path / "inbox.png").stat().st_size > 10_000
