"""Letters that want to run, load, leave or mislead, opened in a real browser."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import orjson
import pytest
from playwright.sync_api import Dialog, Page, Request

from tests.browser.people import Person
from tests.support.nodes import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.nodes]

_SHOWN = """() => [...document.querySelectorAll(".letter__body, .letter__body *")].map((part) => ({
    name: part.localName,
    attributes: Object.fromEntries([...part.attributes].map((a) => [a.name, a.value])),
    written: !!part.parentElement.closest(".letter__body"),
}))"""
_WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
_STOLEN = "!!document.activeElement.closest('.letter__body')"

_ELEMENTS = {
    *("p", "br", "hr", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li"),
    *("h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td", "a", "img", "span", "bdi"),
}
_ATTRIBUTES = {"href", "target", "rel", "src", "alt", "loading", "start", "class"}


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Somebody who waits to be asked."""
    with socket.create_server(("127.0.0.1", 0)) as opened:
        opened.settimeout(0.2)
        yield opened


def test_no_letter_runs_loads_or_leaves(
    person: Callable[..., Person], listener: socket.socket
) -> None:
    """The corpus is opened without the policy that would catch what the sanitiser let through."""
    alice = person("Alice Adams", bypass_csp=True)
    alice.move_in()
    elsewhere = f"http://127.0.0.1:{listener.getsockname()[1]}"
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.post", elsewhere],
        cwd=ROOT, env=alice.node.environment, capture_output=True, check=True,
    )  # fmt: skip
    threads: dict[str, str] = orjson.loads(done.stdout)
    assert len(threads) > 25
    asked: list[str] = []

    def tell(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    def note(request: Request) -> None:
        if not request.url.startswith((alice.node.url + "/", "data:", "blob:")):
            asked.append(request.url)

    page = alice.page
    page.add_init_script("window.hits = 0; window.pwned = () => { window.hits += 1; };")
    page.on("dialog", tell)
    page.context.on("request", note)
    for name, thread in threads.items():
        page.goto(f"/mail/inbox/{thread}/", wait_until="load")
        _check(page, name)
        assert page.url.endswith(f"/mail/inbox/{thread}/"), name
    for path in ("/mail/inbox/", "/contacts/", "/mail/archive/"):
        page.goto(path, wait_until="load")
        assert page.evaluate("window.hits") == 0, path
    assert asked == []
    assert [other.url for other in alice.context.pages] == [page.url]
    with pytest.raises(TimeoutError):
        listener.accept()

    _check_files(alice, threads["files"])


def _check(page: Page, name: str) -> None:
    assert page.evaluate("window.hits") == 0, name
    shown = page.evaluate(_SHOWN)
    assert shown, name
    for part in shown:
        if not part["written"]:
            continue
        assert part["name"] in _ELEMENTS, (name, part)
        attributes = part["attributes"]
        assert set(attributes) <= _ATTRIBUTES, (name, part)
        if "href" in attributes:
            assert urlsplit(attributes["href"]).scheme in ("http", "https", "mailto"), (name, part)
            assert {"noopener", "noreferrer"} <= set(attributes["rel"].split()), (name, part)
        if "src" in attributes:
            own = urlsplit(attributes["src"])
            assert own.netloc == "", (name, part)
            assert own.path.startswith("/mail/letter/"), (name, part)
    assert page.evaluate(_WIDER) <= 0, f"{name} is wider than the page"
    assert not page.evaluate(_STOLEN), f"{name} took the focus"


def _check_files(alice: Person, thread: str) -> None:
    """Files are only ever offered to be saved, whatever they say they are."""
    page = alice.page
    page.goto(f"/mail/inbox/{thread}/")
    links = page.locator(".files a").evaluate_all("links => links.map((link) => link.href)")
    assert len(set(links)) >= 6
    for link in set(links):
        answer = page.request.get(link)
        assert answer.ok
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"].startswith("attachment")
        assert "sandbox" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert page.request.get(link.replace("/file/", "/picture/")).status == 404
