"""Processes that need not import the libraries again: forked by one that has done so.

Most of what a node's start costs is the import of other people's modules. A `Starter` is a process
that has imported them, and nothing that reads settings; `Started` is a `subprocess.Popen` whose
process is a fork of it. It is a child of the caller like any other, with the environment, the
arguments and the streams that it was given, and it runs `python -m MODULE` to its end.
"""

import contextlib
import ctypes
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

_ROOT = Path(__file__).resolve().parents[2]
# Nothing of Django's that has models, and nothing of ours that knows of settings.
_MODULES: Final = (
    "PIL.Image", "aiohappyeyeballs", "celery.app", "celery.apps.beat", "celery.apps.worker",
    "channels.auth", "channels.routing", "channels.security.websocket", "channels_redis.core",
    "csp.middleware", "cryptography.hazmat.primitives.kdf.scrypt", "django.core.handlers.asgi",
    "django.core.management", "django.db.migrations.executor", "django.db.models.sql.compiler",
    "django.middleware.common", "django.middleware.locale", "django.middleware.security",
    "django.shortcuts", "django.views.decorators.cache", "django_htmx.middleware", "environ",
    "fido2.server", "fsspec", "httpx", "joserfc.jwe", "jsonschema_rs", "kombu.transport.redis",
    "kombu.transport.virtual", "markdown_it", "mnemonic", "nh3", "orjson", "prometheus_client.core",
    "psycopg", "psycopg_pool", "redis", "sdmp.card", "sdmp.session", "segno", "sqlite3",
    "structlog", "tarfile", "uvicorn.protocols.websockets.websockets_sansio_impl", "uvloop",
    "uvicorn.main", "websockets.asyncio.client", "whitenoise.middleware", "zxingcpp",
)  # fmt: skip
_SET_CHILD_SUBREAPER: Final = 36  # of prctl(2)
_LARGEST: Final = 1 << 20  # bytes of a question


class Started(subprocess.Popen[Any]):
    """`python -m MODULE ARGUMENTS…`, without the time that its imports take.

    Args:
        command: the module and its arguments.
        options: as of `subprocess.Popen`; all three streams and `env` have to be given. It runs in
            the directory of the project.
    """

    def __init__(self, *command: str, **options: Any) -> None:
        super().__init__(command, **options)

    def _execute_child(self, *given: Any) -> None:
        command, env = given[0], given[6]
        p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite = given[10:16]
        self.pid = _starter().start(command, dict(env), (p2cread, c2pwrite, errwrite))
        self._child_created = True
        self._close_pipe_fds(p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite)  # type: ignore[attr-defined]


class Starter:
    """The caller's side of the process that forks."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.starter", str(theirs.fileno())], cwd=_ROOT,
                env={**os.environ, "PYTHONUNBUFFERED": "1"}, stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )  # fmt: skip
        self._socket = ours
        self._lock = threading.Lock()

    def start(self, command: tuple[str, ...], env: dict[str, str], streams: tuple[int, ...]) -> int:
        """Start a process with these three streams, and return its number."""
        question = json.dumps({"command": command, "env": env}).encode()
        assert len(question) < _LARGEST
        with self._lock, _adopting():
            socket.send_fds(self._socket, [question], streams)
            answer = self._socket.recv(100)
        assert answer.isdigit(), "no process could be started"
        return int(answer)


@cache
def _starter() -> Starter:
    """The one of this process; it ends when this process does."""
    return Starter()


@contextlib.contextmanager
def _adopting() -> Iterator[None]:
    """Become the parent of a grandchild whose parent ends."""
    libc = ctypes.CDLL(None)
    assert libc.prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
    try:
        yield
    finally:
        libc.prctl(_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def _serve(questions: socket.socket) -> list[str]:
    """Fork whenever asked; returns in the new processes alone, the command that each is to run."""
    for name in _MODULES:
        importlib.import_module(name)
    assert threading.active_count() == 1, "a fork takes no threads along"
    gc.freeze()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # at Ctrl-C the caller ends, and then we do
    while True:
        question, streams, *_ = socket.recv_fds(questions, _LARGEST, 3)
        if not question:
            os._exit(0)
        told, tell = os.pipe()
        between = os.fork()
        if between == 0:
            pid = os.fork()
            if pid == 0:
                return _become(streams, **json.loads(question))
            os.write(tell, str(pid).encode())
            os._exit(0)
        os.waitpid(between, 0)  # from then on the new process is the caller's child
        os.close(tell)
        questions.send(os.read(told, 100) or b"none")
        for each in (*streams, told):
            os.close(each)


def _become(streams: list[int], command: list[str], env: dict[str, str]) -> list[str]:
    for target, stream in enumerate(streams):
        os.dup2(stream, target)
    os.closerange(3, max(int(x.name) for x in Path("/proc/self/fd").iterdir()) + 1)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(env)
    return command


if __name__ == "__main__":
    module, *arguments = _serve(socket.socket(fileno=int(sys.argv[1])))
    sys.argv = [str(_ROOT / module.replace(".", "/")), *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
