"""Every page, light and dark, wide and narrow, by axe; and none is wider than its window."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.gallery import PAGES, SHOWN, Gallery
from tests.support.nodes import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.nodes]

_ALL = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa",
                                  "best-practice"]}  # fmt: skip
_COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
_RULES = {"light": _ALL, "dark": _COLOURS}  # the dark is other colours alone, see below
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


@pytest.mark.parametrize("part", range(PARTS))
def test_pages_can_be_used_by_everybody(gallery: Gallery, part: int) -> None:
    found: list[str] = []
    with gallery.window(*SHOWN[0]) as window:
        for name in list(PAGES)[part::PARTS]:
            window.show(*SHOWN[0])
            page = window.open(name)
            page.evaluate(_STILL)
            page.evaluate(Axe().axe_script)
            for width, scheme in SHOWN:
                window.show(width, scheme)
                page.evaluate(_AT_REST)
                found += [f"{name}, {width}, {scheme}: {each}" for each in _problems(page, scheme)]
    assert found == []
    assert gallery.foreign == [], "a page asked another host for something"


def _problems(page: Page, scheme: str) -> list[str]:
    """Let axe, which the page has got, look for what is wrong."""
    options = {"resultTypes": ["violations"], "runOnly": _RULES[scheme]}
    found = page.evaluate("(options) => axe.run(options).then((all) => all.violations)", options)
    problems = [
        f"{violation['id']}: {node['html'][:200]} {node['failureSummary'][:200]}"
        for violation in found
        for node in violation["nodes"]
    ]
    if page.evaluate(_WIDER) > 0:
        problems.append("wider than its window")
    return problems


def test_the_dark_is_other_colours_alone() -> None:
    """So what does not hang on colours needs to be looked at in the light only."""
    sheets = {path.name: path.read_text() for path in (ROOT / "static" / "css").glob("*.css")}
    asked = re.compile(r"prefers-color-scheme|data-theme")
    assert [name for name, text in sheets.items() if asked.search(text)] == ["tokens.css"]
    blocks = re.findall(r":root[^{]*(?:data-theme)[^{]*\{([^}]*)\}", sheets["tokens.css"])
    as_asked, as_chosen = (re.findall(r"(\S+):\s*([^;]+);", block) for block in blocks)
    assert as_asked == as_chosen
    for name, value in as_asked:
        assert name == "color-scheme" or re.search(r"#[0-9a-f]{6}$|rgb\(", value), name


def test_the_check_finds_what_is_wrong(gallery: Gallery) -> None:
    """A page that is broken on purpose is not let through."""
    with gallery.window(1280, "light") as window:
        page = window.open("inbox")
        page.evaluate(Axe().axe_script)
        page.evaluate("document.querySelector('.bar__home').replaceChildren()")
        assert any("link-name" in problem for problem in _problems(page, "light"))
        window.show(390, "dark")
        page.evaluate(_STILL)
        page.evaluate("document.documentElement.style.setProperty('--ink', '#333333')")
        page.evaluate(_AT_REST)
        assert any("color-contrast" in problem for problem in _problems(page, "dark"))


def test_pictures_can_be_taken(gallery: Gallery, tmp_path: Path) -> None:
    with gallery.window(390, "dark") as window:
        window.open("inbox").screenshot(path=tmp_path / "inbox.png")
    assert (tmp_path / "inbox.png").stat().st_size > 10_000
