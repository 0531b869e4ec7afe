"""The measurements. Each gives a flat mapping of what it found; times in ms or s as named."""

from __future__ import annotations

import itertools
import statistics
import threading
import time
from collections.abc import Callable, Iterator

import httpx

from bench.client import Page, Writer
from bench.counts import Counts
from bench.pair import Pair, Side
from bench.usage import cpu_seconds, load, resident_mib

BODY = "The garden is dry and the well is low; come on Saturday if you can.\n\n" * 8
Figures = dict[str, float]

_BETWEEN = 0.3  # seconds between messages sent one by one: the receipt is back by then
_PATIENCE = 60.0
_LOOK_EVERY = 0.02


class Stuck(Exception):
    """Messages have not come in time; the text says how far they came."""


def latency(pair: Pair, messages: int) -> Figures:
    """Send messages one by one; time each until Bob's open page is told of it."""
    writer = Writer(pair.alice.node, pair.alice.sign_in())
    times: list[float] = []
    before = cpu_seconds(pair.pids())
    with Page(pair.bob.node, pair.bob.sign_in()) as page:
        for number in range(messages):
            began = time.perf_counter()
            writer.write(pair.bob.user, f"One by one {number}", BODY)
            page.wait_for("letter")
            times.append((time.perf_counter() - began) * 1000)
            time.sleep(_BETWEEN)
    used = cpu_seconds(pair.pids()) - before
    writer.close()
    cuts = statistics.quantiles(times, n=20, method="inclusive")
    return {
        "messages": messages,
        "p50_ms": statistics.median(times),
        "p95_ms": cuts[18],
        "max_ms": max(times),
        "cpu_ms_per_message": used / messages * 1000,
        "load": load(),
    }


def throughput(pair: Pair, messages: int, writers: int) -> Figures:
    """Send messages as fast as Alice's node takes them, until all receipts are back."""
    alice, bob = Counts(pair.alice.node), Counts(pair.bob.node)
    letters, receipts = bob.letters() + messages, alice.receipts() + messages
    cpu = [cpu_seconds(side.pids()) for side in pair.sides]
    began = time.perf_counter()
    sending = _send_all(pair.alice, pair.bob.user, messages, writers)
    opened = _until(lambda: letters - bob.letters())
    _until(lambda: receipts - alice.receipts())
    seconds = time.perf_counter() - began
    used = [cpu_seconds(side.pids()) - was for side, was in zip(pair.sides, cpu, strict=True)]
    alice.close()
    bob.close()
    return {
        "messages": messages,
        "writers": writers,
        "accepted_s": sending(),
        "opened_s": opened - began,
        "receipts_s": seconds,
        "messages_per_s": messages / seconds,
        "cpu_ms_sender": used[0] / messages * 1000,
        "cpu_ms_receiver": used[1] / messages * 1000,
        "cpu_ms_per_message": sum(used) / messages * 1000,
        "load": load(),
    }


def catch_up(pair: Pair, messages: int, writers: int) -> Figures:
    """Send messages while Bob's node is down; start it, and time until it has opened all."""
    bob = Counts(pair.bob.node)
    letters = bob.letters() + messages
    bob.close()
    pair.bob.node.stop()
    _send_all(pair.alice, pair.bob.user, messages, writers)()
    time.sleep(1)
    began = time.perf_counter()
    pair.bob.node.start()
    answered = time.perf_counter()
    bob = Counts(pair.bob.node)
    opened = _until(lambda: letters - bob.letters())
    bob.close()
    return {
        "messages": messages,
        "from_start_s": opened - began,
        "from_answer_s": opened - answered,
        "load": load(),
    }


def cold_start(side: Side, times: int) -> Figures:
    """Stop a node and time from its start until it answers, several times."""
    found = []
    for _ in range(times):
        side.node.stop()
        began = time.perf_counter()
        for name in ("up",) if side.node.shape == "embedded" else ("web", "worker", "beat"):
            side.node.start_process(name)
        with httpx.Client() as client:
            _until(lambda: 0 if _answers(client, side.node.url) else 1)
        found.append(time.perf_counter() - began)
    return {"median_s": statistics.median(found), "max_s": max(found), "load": load()}


def idle(pair: Pair, seconds: float) -> Figures:
    """Let nodes that know each other rest; give the memory and processor use of Alice's."""
    time.sleep(seconds)
    before, began = cpu_seconds(pair.alice.pids()), time.perf_counter()
    time.sleep(seconds)
    used = cpu_seconds(pair.alice.pids()) - before
    return {
        "resident_mib": resident_mib(pair.alice.pids()),
        "cpu_percent": used / (time.perf_counter() - began) * 100,
    }


def _answers(client: httpx.Client, url: str) -> bool:
    try:
        return client.get(f"{url}/health", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def _send_all(sender: Side, to: str, messages: int, writers: int) -> Callable[[], float]:
    """Send from several connections at once; the result waits and says how many seconds it took."""
    cookies = sender.sign_in()
    numbers = iter(range(messages))
    lock = threading.Lock()
    failed: list[BaseException] = []
    began = time.perf_counter()
    ended: list[float] = []

    def next_numbers() -> Iterator[int]:
        while not failed:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            yield number

    def send() -> None:
        writer = Writer(sender.node, cookies)
        try:
            for number in next_numbers():
                writer.write(to, f"In bulk {number}", BODY)
        except BaseException as error:
            failed.append(error)
        finally:
            writer.close()
            ended.append(time.perf_counter())

    threads = [threading.Thread(target=send) for _ in range(writers)]
    for thread in threads:
        thread.start()

    def wait() -> float:
        for thread in threads:
            thread.join()
        if failed:
            raise failed[0]
        return max(ended) - began

    return wait


def _until(missing: Callable[[], int]) -> float:
    """Wait until nothing is missing; returns when that was."""
    deadline = time.perf_counter() + _PATIENCE
    for _ in itertools.count():
        left = missing()
        now = time.perf_counter()
        if left <= 0:
            return now
        if now > deadline:
            raise Stuck(f"{left} have not come after {_PATIENCE:.0f} s")
        time.sleep(_LOOK_EVERY)
    raise AssertionError
