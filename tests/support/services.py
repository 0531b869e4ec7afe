"""PostgreSQL and Redis for the tests: servers of their own, in a directory that is thrown away.

PostgreSQL does not run as root, so as root it is run as Debian's user `postgres`.
"""

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import LiteralString, Self

from tests.support.ports import free_port

_SECONDS_TO_START = 60.0
_SECONDS_TO_STOP = 20.0


def postgresql_programs() -> Path | None:
    """Return the directory of PostgreSQL's server programs, None when they are not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    named = shutil.which("initdb")
    return Path(named).resolve().parent if named else None


def redis_program() -> str | None:
    """Return the path of redis-server, None when it is not installed."""
    return shutil.which("redis-server")


class Server:
    """A server process that is started and stopped with a `with` statement."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and wait until it answers; raises RuntimeError with its log."""
        raise NotImplementedError

    def stop(self) -> None:
        """Stop the server."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _launch(self, command: list[str], log: Path) -> None:
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/"
            )

    def _wait(self, answers: Callable[[], bool], log: Path) -> None:
        deadline = time.monotonic() + _SECONDS_TO_START
        while not answers():
            assert self._process is not None
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"{type(self).__name__} did not start:\n{log.read_text()}")
            time.sleep(0.05)


class Redis(Server):
    """A Redis without persistence, with 256 numbered databases."""

    def start(self) -> None:
        """Start Redis and wait until it answers."""
        program = redis_program()
        assert program is not None
        log = self.directory / "redis.log"
        self._launch(
            [program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
             "--appendonly", "no", "--databases", "256", "--dir", str(self.directory)],
            log,
        )  # fmt: skip
        import redis

        client = redis.Redis(port=self.port)

        def answers() -> bool:
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                return False

        self._wait(answers, log)
        client.close()

    def url(self, number: int = 0) -> str:
        """Return the address of one of its databases, 0 to 255."""
        return f"redis://127.0.0.1:{self.port}/{number}"


class PostgreSQL(Server):
    """A PostgreSQL cluster whose user `postgres` needs no password on loopback."""

    def start(self) -> None:
        """Make the cluster when there is none, start it and wait until it answers."""
        programs = postgresql_programs()
        assert programs is not None
        data = self.directory / "postgresql"
        log = self.directory / "postgresql.log"
        log.touch()
        if not data.exists():
            data.mkdir(mode=0o700)
            self._give_away(data)
            made = subprocess.run(
                [*self._as_user(), str(programs / "initdb"), "-D", str(data), "-U", "postgres",
                 "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
                cwd="/", capture_output=True, text=True, check=False,
            )  # fmt: skip
            if made.returncode:
                raise RuntimeError(f"initdb failed:\n{made.stdout}{made.stderr}")
        self._launch(
            [*self._as_user(), str(programs / "postgres"), "-D", str(data), "-p", str(self.port),
             "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
             "-c", "max_connections=300", "-c", "shared_buffers=64MB", "-c", "fsync=off"],
            log,
        )  # fmt: skip
        import psycopg

        def answers() -> bool:
            try:
                psycopg.connect(self._conninfo("postgres")).close()
            except psycopg.OperationalError:
                return False
            return True

        self._wait(answers, log)

    def create_database(self, name: str) -> str:
        """Make an empty database and return its address."""
        self._execute("CREATE DATABASE {}", name)
        return f"postgres://postgres@127.0.0.1:{self.port}/{name}"

    def replace_database(self, name: str, template: str) -> None:
        """Put a copy of another database in the place of one that nobody uses."""
        self._execute("DROP DATABASE {}", name)
        self._execute("CREATE DATABASE {} TEMPLATE {}", name, template)

    def _execute(self, statement: LiteralString, *names: str) -> None:
        import psycopg
        from psycopg import sql

        with psycopg.connect(self._conninfo("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def _conninfo(self, database: str) -> str:
        return f"host=127.0.0.1 port={self.port} user=postgres dbname={database}"

    def _as_user(self) -> list[str]:
        if os.geteuid() != 0:
            return []
        user = pwd.getpwnam("postgres")
        return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]

    def _give_away(self, data: Path) -> None:
        """Let the server's user own `data` and pass through the directories above it."""
        if os.geteuid() != 0:
            return
        user = pwd.getpwnam("postgres")
        os.chown(data, user.pw_uid, user.pw_gid)
        for above in data.parents:
            if not above.stat().st_mode & 0o001:
                above.chmod(above.stat().st_mode | 0o001)
