"""What the pages cost: full folders and conversations, search, and a message on its way to a row.

Times of pages are taken from the request until the last byte, over one connection, signed in;
what the browser does with them comes on top, except for a message's way, which is timed in
Chromium until its row can be seen.
"""

from __future__ import annotations

import re
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from html import unescape

import httpx
from playwright.sync_api import sync_playwright

from bench.client import Writer
from bench.counts import Counts
from bench.mailbox import NEEDLE
from bench.measures import BODY, Figures
from bench.pair import Pair, Side
from bench.usage import cpu_seconds, load
from tests.support.nodes import ROOT

INBOX, SEARCHED, TOGETHER = 50_000, 20_000, 200
_TIMES = 20
_ROW = re.compile(r'id="row-(\d+)"')
_MORE = re.compile(r'hx-get="(/search/more/[^"]+)"')
_COUNT = re.compile(r"(\d+) messages? found")


def pages(side: Side) -> Figures:
    """Search a mailbox of 20,000 letters, and open its folder when 50,000 stand in it."""
    _fill(side, SEARCHED - TOGETHER, TOGETHER)
    found: Figures = {}
    with _browser(side) as browser:
        for name, measure in (
            ("search", _search),
            ("first_hits", _first_hits),
            ("conversation", _conversation),
        ):
            found |= _with_cpu(side, name, measure, browser)
        _fill(side, INBOX - SEARCHED)
        found |= _with_cpu(side, "inbox", _first_rows, browser)
        found |= _with_cpu(side, "older", _older_rows, browser)
    return {**found, "load": load()}


def to_the_row(pair: Pair, messages: int) -> Figures:
    """Send messages one by one; time each until its row stands in Bob's inbox, in Chromium.

    Once from the form on Alice's node, and once from when Bob's node has accepted the message.
    """
    writer = Writer(pair.alice.node, pair.alice.sign_in())
    counts = Counts(pair.bob.node)
    # Whom Bob has written to does not wait to be let in.
    theirs = Writer(pair.bob.node, pair.bob.sign_in())
    theirs.write(pair.alice.user, "Write to me", BODY)
    theirs.close()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        context = chromium.new_context(base_url=pair.bob.node.url)
        cookies = pair.bob.sign_in()
        context.add_cookies(
            [{"name": n, "value": v, "url": pair.bob.node.url} for n, v in cookies.items()]
        )
        page = context.new_page()
        page.goto("/mail/inbox/")
        page.locator('.bar [data-connection][data-state="live"]').wait_for()
        times, from_accepted = [], []
        for number in range(messages):
            title = f"To the row {number} of {messages}"
            began: list[float] = []
            # Playwright must look while the form is being answered: its loop has one thread.
            sending = threading.Thread(target=_send, args=(writer, pair.bob.user, title, began))
            sending.start()
            page.locator(".row").filter(has_text=title).first.wait_for(timeout=30_000)
            seen = time.time()
            sending.join()
            times.append((seen - began[0]) * 1000)
            from_accepted.append((seen - counts.accepted(pair.alice.user)) * 1000)
            time.sleep(0.5)
        chromium.close()
    writer.close()
    counts.close()
    found = {**_spread("row", times), **_spread("accepted", from_accepted)}
    return {"messages": messages, **found, "load": load()}


def _send(writer: Writer, to: str, title: str, began: list[float]) -> None:
    began.append(time.time())
    writer.write(to, title, BODY)


def _with_cpu(
    side: Side, name: str, measure: Callable[[httpx.Client], dict[str, list[float]]],
    browser: httpx.Client,
) -> Figures:  # fmt: skip
    """Measure, and give the node's processor time for each of the first kind of requests.

    The processor time is what can still be compared when others compute, too.
    """
    before = cpu_seconds(side.pids())
    times = measure(browser)
    used = cpu_seconds(side.pids()) - before
    found = {f"{name}_cpu_ms": used / len(times[name]) * 1000}
    for each, values in times.items():
        found |= _spread(each, values)
    return found


def _first_rows(browser: httpx.Client) -> dict[str, list[float]]:
    return {"inbox": _timed(browser, "/mail/inbox/")}


def _older_rows(browser: httpx.Client) -> dict[str, list[float]]:
    text = browser.get("/mail/inbox/").text
    for _ in range(3):  # some pages down, as one scrolls
        older = re.search(r'hx-get="(/mail/inbox/rows/\?before=[^"]+)"', text)
        assert older is not None, "the inbox has no further rows"
        address = unescape(older[1])
        text = browser.get(address).text
    return {"older": _timed(browser, address)}


def _conversation(browser: httpx.Client) -> dict[str, list[float]]:
    key = _ROW.findall(browser.get("/mail/inbox/").text)[0]
    headers = {"HX-Request": "true", "HX-Target": "read"}
    return {"conversation": _timed(browser, f"/mail/inbox/{key}/", headers)}


def _search(browser: httpx.Client) -> dict[str, list[float]]:
    whole = []
    for _ in range(_TIMES // 4):
        began = time.perf_counter()
        text = browser.get("/search/", params={"q": NEEDLE}).text
        while (more := _MORE.search(text)) is not None:
            text = browser.get(unescape(more[1])).text
        whole.append((time.perf_counter() - began) * 1000)
        assert _COUNT.search(text), "the search did not come to its end"
    return {"search": whole}


def _first_hits(browser: httpx.Client) -> dict[str, list[float]]:
    return {"first_hits": _timed(browser, "/search/?q=garten")}


def _fill(side: Side, letters: int, together: int = 0) -> None:
    command = [
        sys.executable, "-m", "bench.mailbox", side.owner,
        "--letters", str(letters), "--together", str(together),
    ]  # fmt: skip
    subprocess.run(command, cwd=ROOT, env=side.node.environment, check=True)


def _browser(side: Side) -> httpx.Client:
    return httpx.Client(base_url=side.node.url, cookies=side.sign_in(), timeout=60)


def _timed(
    browser: httpx.Client, path: str, headers: dict[str, str] | None = None, times: int = _TIMES
) -> list[float]:
    found = []
    for _ in range(times):
        began = time.perf_counter()
        browser.get(path, headers=headers).raise_for_status()
        found.append((time.perf_counter() - began) * 1000)
    return found


def _spread(name: str, times: Sequence[float]) -> Figures:
    cuts = statistics.quantiles(times, n=20, method="inclusive")
    return {f"{name}_p50_ms": statistics.median(times), f"{name}_p95_ms": cuts[18]}
