"""Real nodes, started as processes on free ports, in either shape.

`NodeProcess` is one node. In the embedded shape it is one process; in the grown shape `web`,
`worker` and `beat`, with a PostgreSQL database and a Redis database of its own. The wide shape is a
grown one with `web-2` and `worker-2` besides, behind nginx, which listens on the node's port.
"""

import atexit
import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import httpx

from tests.support.ports import free_port
from tests.support.proxies import Nginx
from tests.support.services import PostgreSQL, Redis, Server
from tests.support.starter import Started

Shape = Literal["embedded", "grown", "wide"]
PROCESSES: dict[Shape, tuple[str, ...]] = {
    "embedded": ("up",),
    "grown": ("web", "worker", "beat"),
    "wide": ("web", "web-2", "worker", "worker-2", "beat"),
}
ROOT = Path(__file__).resolve().parents[2]
SECONDS_TO_START = 60.0
SECONDS_TO_STOP = 10.0
SECONDS_FOR_COMMAND = 120.0

_numbers = itertools.count(int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) * 60)


class CommandFailed(AssertionError):
    """A command ended with an unexpected status; its text holds what it wrote."""

    def __init__(self, command: Sequence[str], done: subprocess.CompletedProcess[str]) -> None:
        self.status = done.returncode
        self.stdout = done.stdout
        self.stderr = done.stderr
        super().__init__(
            f"{' '.join(command)} ended with {self.status}\n{self.stdout}{self.stderr}"
        )


@dataclass(frozen=True)
class Services:
    """The servers that nodes of the grown shape share."""

    postgresql: PostgreSQL
    redis: Redis


class NodeProcess:
    """A node in `directory` (its data, its log), listening on a free port of 127.0.0.1.

    `address` is what it tells peers: by default where it listens; "" for a node that only dials
    out. `services` is needed for the grown shape. `settings` go into its environment. Its processes
    are started as owners start them when it is `plain`, otherwise by a quicker way to the same.
    """

    def __init__(
        self,
        directory: Path,
        shape: Shape = "embedded",
        *,
        address: str | None = None,
        services: Services | None = None,
        settings: Mapping[str, str] | None = None,
        plain: bool = False,
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.shape = shape
        self.plain = plain
        self.services = services
        self.port = free_port()
        self.data = directory / "data"
        self.log = directory / "node.log"
        self.url = f"http://127.0.0.1:{self.port}"
        self.address = f"127.0.0.1:{self.port}" if address is None else address
        self.processes: dict[str, subprocess.Popen[Any]] = {}
        self.environment = {
            **{n: v for n, v in os.environ.items() if not n.startswith(("SDMPWEB_", "DJANGO_"))},
            "SDMPWEB_DATA": str(self.data),
            "SDMPWEB_PORT": str(self.port),
            "SDMPWEB_ADDRESS": self.address,
            "SDMPWEB_USER_KEY_BITS": "2048",
            "SDMPWEB_NODE_KEY_BITS": "2048",
            "SDMPWEB_ALLOW_PRIVATE": "true",
            "PYTHONUNBUFFERED": "1",
        }
        for name in ("DATABASE_URL", "REDIS_URL"):
            self.environment.pop(name, None)
        self.ports = {"web": self.port}
        self.front: Server | None = None
        if shape == "wide":
            self.ports = {"web": free_port(), "web-2": free_port()}
            self.environment |= {"SDMPWEB_PROXIES": "127.0.0.1", "SDMPWEB_URL": self.url}
        if shape != "embedded":
            assert services is not None, f"the {shape} shape needs PostgreSQL and Redis"
            number = next(_numbers) % 256
            worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
            self.database = f"node_{worker}_{number}_{self.port}"
            self.environment["DATABASE_URL"] = services.postgresql.create_database(self.database)
            self.environment["REDIS_URL"] = services.redis.url(number)
        self.environment.update(settings or {})

    def prepare(self) -> None:
        """Give a node without a data directory a database with all tables and nothing in them.

        A first start makes them too, and takes seconds for it: as long as all else that it does.
        """
        if self.data.exists():
            return
        self.data.mkdir(mode=0o700)
        if self.services is None or self.shape == "embedded":
            shutil.copy(_empty_file(), self.data)
        else:
            template = _empty_database(self.services.postgresql)
            self.services.postgresql.replace_database(self.database, template)

    @property
    def running(self) -> bool:
        """Whether every process of the node runs."""
        return bool(self.processes) and all(p.poll() is None for p in self.processes.values())

    def start(self) -> None:
        """Start the node and wait until it answers; raises AssertionError with its log."""
        for name in PROCESSES[self.shape]:
            self.start_process(name)
        self.wait_until_up()

    def start_process(self, name: str) -> None:
        """Start one process of the node, one of `PROCESSES`."""
        self.prepare()
        command = [name.partition("-")[0]]
        if self.shape == "wide" and name in self.ports:
            command += ["--port", str(self.ports[name])]
        with self.log.open("ab") as output:
            self.processes[name] = self._run(
                *command, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )

    def wait_until_up(self) -> None:
        """Wait until the node answers; raises AssertionError with its log when it does not."""
        deadline = time.monotonic() + SECONDS_TO_START
        waiting = list(self.ports.values())
        while waiting:
            if _answers(waiting[0]):
                del waiting[0]
                continue
            ended = any(process.poll() is not None for process in self.processes.values())
            if ended or time.monotonic() > deadline:
                raise AssertionError(f"the node did not start:\n{self.read_log()}")
            time.sleep(0.05)
        parts = self.processes.values()
        while not all(_heeds_sigterm(each.pid) for each in parts if each.poll() is None):
            if time.monotonic() > deadline:
                raise AssertionError(f"a part of the node did not start:\n{self.read_log()}")
            time.sleep(0.05)
        if self.shape == "wide" and self.front is None:
            nodes = tuple(self.ports.values())
            self.front = Nginx(self.data.parent / "nginx", nodes, port=self.port)
            self.front.start()

    def stop(self) -> None:
        """End the node as an owner would, with SIGTERM; raises AssertionError when it does not."""
        for process in self.processes.values():
            process.terminate()
        try:
            statuses = {n: p.wait(SECONDS_TO_STOP) for n, p in self.processes.items()}
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the node did not stop:\n{self.read_log()}") from None
        self.processes.clear()
        self._stop_front()
        assert not any(statuses.values()), f"{statuses}\n{self.read_log()}"

    def kill(self, *names: str) -> None:
        """End processes with SIGKILL: those named, otherwise all."""
        for name in names or tuple(self.processes):
            process = self.processes.pop(name)
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.wait()
        if not names:
            self._stop_front()

    def _stop_front(self) -> None:
        if self.front is not None:
            self.front.stop()
            self.front = None

    def command(self, *arguments: str, stdin: str = "", status: int = 0) -> str:
        """Run an `sdmpweb` command on the node's data and return what it wrote to stdout.

        Raises CommandFailed when it ends with another exit status than `status`.
        """
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        with self._run(*arguments, text=True, **pipes) as process:
            try:
                said = process.communicate(stdin, timeout=SECONDS_FOR_COMMAND)
            finally:
                process.kill()  # nothing, where it has ended
        command = ["sdmpweb", *arguments]
        done = subprocess.CompletedProcess[str](command, process.returncode, *said)
        if done.returncode != status:
            raise CommandFailed(command, done)
        return done.stdout

    def _run(self, *arguments: str, **options: Any) -> subprocess.Popen[Any]:
        if self.plain:
            command = [sys.executable, "-m", "sdmpweb", *arguments]
            return subprocess.Popen(command, cwd=ROOT, env=self.environment, **options)
        return Started("sdmpweb", *arguments, env=self.environment, **options)

    def read_log(self) -> str:
        """Return what the node's processes wrote so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.stop()
        else:
            self.kill()


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def _heeds_sigterm(pid: int) -> bool:
    """Tell whether a process has come as far as to end in good order when it is told to."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:  # it is gone, which others notice
        return True
    caught = int(status.partition("SigCgt:")[2].split()[0], 16)
    return bool(caught >> (signal.SIGTERM - 1) & 1)


@cache
def _empty_file() -> Path:
    """Make the SQLite file of a node in which nothing is yet."""
    data = Path(tempfile.mkdtemp(prefix="sdmpweb-empty-"))
    atexit.register(shutil.rmtree, data, ignore_errors=True)
    _migrate({"SDMPWEB_DATA": str(data)})
    return data / "sdmpweb.sqlite3"


@cache
def _empty_database(server: PostgreSQL) -> str:
    """Make a PostgreSQL database in which nothing is yet, and return its name."""
    name = "empty_node"
    with tempfile.TemporaryDirectory() as data:
        _migrate({"SDMPWEB_DATA": data, "DATABASE_URL": server.create_database(name)})
    return name


def _migrate(settings: Mapping[str, str]) -> None:
    names = ("SDMPWEB_", "DJANGO_", "DATABASE_URL", "REDIS_URL")
    environment = {n: v for n, v in os.environ.items() if not n.startswith(names)}
    quiet: Any = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
    with Started("sdmpweb", "migrate", env={**environment, **settings}, **quiet) as process:
        assert process.wait() == 0
