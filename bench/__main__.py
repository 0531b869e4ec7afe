"""`python -m bench`: measure, print a table, write JSON."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from bench import floor, measures, pages
from bench.pair import Pair, running_pair
from bench.table import show
from tests.support.nodes import Services, Shape
from tests.support.services import PostgreSQL, Redis

RESULTS = Path(__file__).parent / "results"
MEASURES = ("cold_start", "idle", "latency", "throughput", "catch_up", "to_the_row", "pages")
_console = Console(stderr=True)
Results = dict[str, dict[str, measures.Figures]]


def main() -> None:
    """Run the measurements that the arguments ask for."""
    arguments = _parser().parse_args()
    keep = arguments.keep
    results: Results = {}
    with contextlib.ExitStack() as stack:
        directory = keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for shape in arguments.shape:
            results[shape] = _measure(shape, directory / shape, arguments)
    show(results)
    path = _write(results)
    _console.print(f"Written to {path}.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--shape", nargs="+", choices=("embedded", "grown"),
                        default=["embedded", "grown"], help="shapes to measure")  # fmt: skip
    parser.add_argument("--only", nargs="+", choices=MEASURES, default=MEASURES,
                        help="what to measure")  # fmt: skip
    parser.add_argument("--messages", type=int, default=1000, help="messages sent in bulk")
    parser.add_argument("--single", type=int, default=200, help="messages sent one by one")
    parser.add_argument("--writers", type=int, default=4, help="connections that send in bulk")
    parser.add_argument("--rest", type=float, default=8, help="seconds of rest before memory")
    parser.add_argument("--set", nargs="+", default=[], metavar="NAME=VALUE",
                        help="settings of the nodes")  # fmt: skip
    parser.add_argument("--keep", type=Path, help="directory for the nodes, which is kept")
    return parser


def _measure(
    shape: Shape, directory: Path, arguments: argparse.Namespace
) -> dict[str, measures.Figures]:
    lowest = floor.measure(100, measures.BODY)
    found: dict[str, measures.Figures] = {
        "floor": {"one_way_ms": lowest.one_way, "in_bulk_ms": lowest.in_bulk}
    }
    settings = dict(text.split("=", 1) for text in arguments.set)
    with _services(shape) as services, running_pair(directory, shape, services, settings) as pair:
        for name in arguments.only:
            _console.print(f"{shape}: {name} …")
            found[name] = _one(name, pair, arguments)
            _console.print(found[name])
    if "latency" in found:
        found["latency"]["ratio_to_floor"] = found["latency"]["p50_ms"] / lowest.one_way
    if "throughput" in found:
        used = found["throughput"]["cpu_ms_per_message"]
        found["throughput"]["ratio_to_floor"] = used / lowest.in_bulk
    return found


def _one(name: str, pair: Pair, arguments: argparse.Namespace) -> measures.Figures:
    match name:
        case "cold_start":
            return measures.cold_start(pair.alice, 5)
        case "idle":
            return measures.idle(pair, arguments.rest)
        case "latency":
            return measures.latency(pair, arguments.single)
        case "throughput":
            return measures.throughput(pair, arguments.messages, arguments.writers)
        case "to_the_row":
            return pages.to_the_row(pair, arguments.single // 4)
        case "pages":
            return pages.pages(pair.alice)
        case _:
            return measures.catch_up(pair, arguments.messages, arguments.writers)


@contextlib.contextmanager
def _services(shape: Shape) -> Iterator[Services | None]:
    if shape == "embedded":
        yield None
        return
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        with PostgreSQL(place) as postgresql, Redis(place) as redis:
            yield Services(postgresql, redis)


def _write(results: Results) -> Path:
    RESULTS.mkdir(exist_ok=True)
    now = datetime.now(UTC)
    path = RESULTS / f"{now:%Y-%m-%dT%H-%M-%S}.json"
    about = {
        "at": now.isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
    }
    path.write_text(json.dumps({"about": about, "results": results}, indent=2) + "\n")
    return path


if __name__ == "__main__":
    main()
