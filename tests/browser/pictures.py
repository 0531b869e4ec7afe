"""Takes the pictures of docs/screenshots; run by `scripts/screenshots`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.progress import track

from tests.browser.conftest import ARGUMENTS
from tests.browser.gallery import PAGES, SHOWN, furnish
from tests.support.nodes import ROOT

MAIN = (
    "inbox", "conversation", "waiting", "write", "search", "contact", "compare", "invite",
    "my nodes", "settings, you",
)  # fmt: skip
DIRECTORY = ROOT / "docs" / "screenshots"


def main(names: list[str]) -> None:
    """Take the pictures of these pages; of the main ones when none is named."""
    console = Console(stderr=True)
    chosen = [name for name in (names or MAIN) if name in PAGES]
    for unknown in sorted(set(names) - set(PAGES)):
        console.print(f"There is no page “{unknown}”; there are {', '.join(PAGES)}.")
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as directory:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        with furnish(Path(directory)) as furnished:
            gallery = furnished.gallery(browser)
            for width, scheme in SHOWN:
                with gallery.window(width, scheme) as window:
                    for name in track(chosen, f"{width} {scheme}", console=console):
                        slug = name.replace(",", "").replace(" ", "-")
                        page = window.open(name)
                        page.screenshot(path=DIRECTORY / f"{slug}-{width}-{scheme}.png")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
