"""A person of the demo: their node and their hand, as two processes of one data directory."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import orjson

from nodes.errors import UserError
from nodes.phrases import word_list
from sdmpweb.demo.ending import Ending
from sdmpweb.env import SETTINGS

_ROOT: Final = Path(__file__).resolve().parents[2]
_SECONDS_TO_STOP: Final = 10.0
_WORDS_OF_PASSWORD: Final = 3


class Home:
    """One person's part of the demo in `directory`. Both processes are ended by `end`.

    `host` is the name by which a browser calls the node: two names of this machine keep the
    cookies of the two nodes apart, which ports alone do not.
    """

    def __init__(self, directory: Path, name: str, host: str, port: int, ending: Ending) -> None:
        self.username = name.lower()
        self.name = name
        self.password = "-".join(secrets.choice(word_list()) for _ in range(_WORDS_OF_PASSWORD))
        self.link = f"http://{host}:{port}/"
        self.user = ""
        self.card = ""
        self._directory = directory
        self._ending = ending
        self._log = directory / "log"
        self._environment = _environment(directory, port)
        self._node: subprocess.Popen[bytes] | None = None
        self._hand: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        """Start the hand and let it make the node and the account, without waiting for it."""
        self._directory.mkdir()
        with self._ending.undisturbed():
            self._hand = self._start("sdmpweb.demo.hand", stdin=subprocess.PIPE)
        self._tell(do="enrol", username=self.username, name=self.name, password=self.password)

    def enrolled(self) -> None:
        """Wait until the account is made. Raises UserError when that fails."""
        made = self._answer()
        self.user, self.card = made["user"], made["card"]

    def open(self) -> None:
        """Start the node, without waiting for it."""
        with self._ending.undisturbed():
            self._node = self._start("sdmpweb", "up")

    def opened(self) -> None:
        """Wait until the node answers. Raises UserError when it does not start."""
        assert self._node is not None
        assert self._node.stdout is not None
        if not self._node.stdout.readline():
            raise UserError(f"{self.name}'s node did not start: {self._last_words()}")

    def do(self, what: str, **about: Any) -> dict[str, Any]:
        """Let the hand do something and wait for what comes of it. Raises UserError."""
        self._tell(do=what, **about)
        return self._answer()

    def rest(self) -> None:
        """End the hand; the node goes on."""
        if self._hand is not None:
            _end(self._hand)
            self._hand = None

    def has_ended(self) -> bool:
        """Tell whether the node has ended by itself."""
        return self._node is not None and self._node.poll() is not None

    def end(self) -> None:
        """End both processes and wait until they are gone."""
        running = [process for process in (self._hand, self._node) if process is not None]
        for process in running:
            process.terminate()
        for process in running:
            _end(process)
        self._hand = self._node = None

    def _start(
        self, module: str, *arguments: str, stdin: int = subprocess.DEVNULL
    ) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                cwd=self._directory,
                env=self._environment,
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=log,
            )

    def _tell(self, **what: Any) -> None:
        assert self._hand is not None
        assert self._hand.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it has ended; `_answer` says why
            self._hand.stdin.write(orjson.dumps(what) + b"\n")
            self._hand.stdin.flush()

    def _answer(self) -> dict[str, Any]:
        assert self._hand is not None
        assert self._hand.stdout is not None
        line = self._hand.stdout.readline()
        answer: dict[str, Any] = orjson.loads(line) if line else {"error": self._last_words()}
        if "error" in answer:
            raise UserError(f"{self.name}'s node: {answer['error']}")
        return answer

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "no reason given")


def free_ports(count: int) -> Sequence[int]:
    """Find TCP ports of 127.0.0.1 that nobody uses."""
    opened = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(listening.getsockname()[1]) for listening in opened]
    for listening in opened:
        listening.close()
    return ports


def _environment(directory: Path, port: int) -> Mapping[str, str]:
    """What the processes of a node are given: nothing of the caller's own node."""
    # A data directory must not come from the caller's settings: it would be somebody's real node.
    ours = {setting.name for setting in SETTINGS}
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    path = environment.get("PYTHONPATH")
    return {
        **environment,
        "PYTHONPATH": f"{_ROOT}{os.pathsep}{path}" if path else str(_ROOT),
        "DJANGO_SETTINGS_MODULE": "sdmpweb.settings",
        "SDMPWEB_DATA": str(directory / "data"),
        "SDMPWEB_PORT": str(port),
        "SDMPWEB_ADDRESS": f"127.0.0.1:{port}",
        "SDMPWEB_ALLOW_PRIVATE": "true",
        "SDMPWEB_USER_KEY_BITS": "2048",
        "SDMPWEB_NODE_KEY_BITS": "2048",
        "SDMPWEB_LOG_LEVEL": "warning",
    }


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
