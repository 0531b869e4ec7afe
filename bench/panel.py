"""`python -m bench.panel DIRECTORY`: what the owner's panel costs a node with years behind it.

Starts a node with the data that `bench.dataset` has made, in the embedded shape, and asks for each
page of the panel again and again, signed in, over one connection, until its last byte.
"""

from __future__ import annotations

import argparse
import re
import statistics
import tempfile
import time
from pathlib import Path
from typing import Final

import httpx
from rich.console import Console
from rich.table import Table

from bench.client import sign_in
from bench.dataset import OWNER, PASSWORD
from bench.usage import cpu_seconds, load, resident_mib
from tests.support.nodes import NodeProcess

_ROOT: Final = "/admin/"
_PAGES: Final = (
    _ROOT, f"{_ROOT}map/", f"{_ROOT}nodes/account/", f"{_ROOT}nodes/trust/",
    f"{_ROOT}nodes/trust/?state=current", f"{_ROOT}nodes/peer/", f"{_ROOT}journal/line/",
    f"{_ROOT}storage/", f"{_ROOT}retention/", f"{_ROOT}backups/", f"{_ROOT}health/",
    f"{_ROOT}hosting/auditentry/", "/mail/inbox/", "/readyz", "/healthz",
)  # fmt: skip
_ONE: Final = re.compile(rf'href="({_ROOT}[a-z/]+/\d+/(?:change/)?)"')
"""The address of one account, trust, peer or line, as a list of them has it."""
_TARGET: Final = 500  # milliseconds for a page


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m bench.panel", description=__doc__)
    parser.add_argument("directory", type=Path, help="what `bench.dataset` has filled")
    parser.add_argument("--times", type=int, default=7, help="each page is asked for")
    parser.add_argument("--rest", type=float, default=60, help="seconds before and after")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sdmpweb-panel-") as name:
        node = NodeProcess(Path(name), plain=True)
        node.data = chosen.directory.resolve()
        node.environment["SDMPWEB_DATA"] = str(node.data)
        with node:
            Console().print(_measure(node, chosen.times, chosen.rest))


def _measure(node: NodeProcess, times: int, rest: float) -> Table:
    pids = [process.pid for process in node.processes.values()]
    time.sleep(rest)
    table = Table("page", "first", "median", "most", "length", title=f"Load before: {load():.1f}")
    at_first = resident_mib(pids)
    with httpx.Client(base_url=node.url, timeout=60) as browser:
        browser.cookies.update(sign_in(node, OWNER, PASSWORD))
        pages = dict.fromkeys(_PAGES)
        for page in _PAGES:
            pages |= dict.fromkeys(_ONE.findall(browser.get(page).text)[:1])
        for page in pages:
            taken = []
            for _ in range(times):
                began = time.perf_counter()
                answer = browser.get(page)
                answer.raise_for_status()
                taken.append((time.perf_counter() - began) * 1000)
            cells = [
                f"{value:.0f} ms" for value in (taken[0], statistics.median(taken), max(taken))
            ]
            style = "red" if max(taken) > _TARGET else ""
            table.add_row(page, *cells, str(len(answer.content)), style=style)
    afterwards = resident_mib(pids)
    before = cpu_seconds(pids)
    time.sleep(rest)
    used = (cpu_seconds(pids) - before) / rest if rest else 0.0
    table.caption = (
        f"Resident {at_first:.0f} MiB after {rest:.0f} s, {afterwards:.0f} MiB after the pages; "
        f"{used:.1%} of a core at rest"
    )
    return table


if __name__ == "__main__":
    main()
