"""Who may come in, counted by several processes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.nodes import ROOT
from tests.support.services import Redis

pytestmark = pytest.mark.redis

CALLS = """
import asyncio, json, sys
import django
django.setup()
from journal.doorway import Visitor

waiting = []

async def call(address, number, stay):
    answers = []
    for _ in range(number):
        visitor = Visitor(address)
        answers.append(await visitor.enter())
        waiting.append(visitor)
    while waiting and not stay:
        waiting.pop().leave()
    await asyncio.sleep(0.1)
    return answers

with asyncio.Runner() as runner:
    for line in sys.stdin:
        print(json.dumps(runner.run(call(*json.loads(line)))), flush=True)
"""


class Process:
    """A process that takes calls."""

    def __init__(self, directory: Path, redis_url: str) -> None:
        environment = {name: value for name, value in os.environ.items() if "SDMPWEB" not in name}
        self._process = subprocess.Popen(
            [sys.executable, "-c", CALLS],
            cwd=ROOT,
            env=environment
            | {
                "DJANGO_SETTINGS_MODULE": "tests.settings",
                "SDMPWEB_DATA": str(directory),
                "SDMPWEB_LIMIT_HANDSHAKES": "10",
                "REDIS_URL": redis_url,
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def calls(self, address: str, number: int, *, stay: bool = False) -> list[bool]:
        """Let somebody call so often, and say what came of it; then all go, unless they stay."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps([address, number, stay]), file=self._process.stdin, flush=True)
        found: list[bool] = json.loads(self._process.stdout.readline())
        return found

    def kill(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        self._process.communicate()


def test_a_limit_holds_for_all_processes(tmp_path: Path, redis_server: Redis) -> None:
    one, two = (Process(tmp_path / name, redis_server.url(254)) for name in ("one", "two"))
    try:
        # Calls in a minute: ten, whoever takes them.
        assert one.calls("192.0.2.1", 6) == [True] * 6
        assert two.calls("192.0.2.1", 6) == [True] * 4 + [False] * 2
        assert one.calls("192.0.2.1", 1) == [False]
        assert two.calls("192.0.2.2", 6) == [True] * 6  # another address
        # Who has not proved itself: eight at once of one address.
        assert one.calls("192.0.2.3", 5, stay=True) == [True] * 5
        assert two.calls("192.0.2.3", 5, stay=True) == [True] * 3 + [False] * 2
        # And 64 of all together.
        for number in range(9):
            assert one.calls(f"192.0.3.{number}", 6, stay=True) == [True] * 6
        assert two.calls("192.0.4.1", 4, stay=True) == [True] * 2 + [False] * 2
        # Who goes makes room, in every process.
        one.calls("192.0.2.3", 0)
        assert two.calls("192.0.4.1", 2) == [True] * 2
    finally:
        one.kill()
        two.kill()
