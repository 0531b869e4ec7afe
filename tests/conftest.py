"""What all tests share: servers for the grown shape, nodes as processes, and no silent skips."""

import os
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.nodes import NodeProcess, Services, Shape
from tests.support.services import PostgreSQL, Redis, postgresql_programs, redis_program

_STRICT = os.environ.get("CI", "").lower() in ("1", "true", "yes")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let all nodes be of one shape."""
    parser.addoption("--shape", choices=("wide",), help="run nodes of the grown shape in this one")


def chosen_shape(config: pytest.Config, shape: Shape) -> Shape:
    """Return the shape in which a node is to run that a test wants in `shape`."""
    wide = config.getoption("--shape") == "wide" and shape == "grown"
    return "wide" if wide else shape


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, Any, Any]:
    """Under CI nothing may be skipped: a skip is a failure there."""
    report = yield
    if _STRICT and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, which CI does not allow: {report.longrepr}"
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_collectreport(report: pytest.CollectReport) -> None:
    """The same for whole files that skip themselves."""
    if _STRICT and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid} was skipped, which CI does not allow"


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A PostgreSQL server of this test process.

    It runs as another user, who may not enter pytest's own directories.
    """
    if postgresql_programs() is None:
        pytest.skip("PostgreSQL is not installed (Debian package postgresql)")
    with (
        tempfile.TemporaryDirectory(prefix="sdmpweb-postgresql-") as directory,
        PostgreSQL(Path(directory)) as server,
    ):
        yield server


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    """A Redis server of this test process."""
    if redis_program() is None:
        pytest.skip("Redis is not installed (Debian package redis-server)")
    with Redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="session")
def services(postgresql: PostgreSQL, redis_server: Redis) -> Services:
    """The servers that nodes of the grown shape need."""
    return Services(postgresql, redis_server)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Debian's Chromium."""
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("Chromium is not installed (Debian package chromium)")
    return found


@pytest.fixture(params=["embedded", "grown"])
def shape(request: pytest.FixtureRequest) -> Shape:
    """Each of the two shapes in turn."""
    chosen: Shape = request.param
    return chosen


@pytest.fixture
def make_node(
    tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[..., NodeProcess]]:
    """Make nodes that end with the test: `make_node("alice", shape, address=None, settings={})`."""
    made: list[NodeProcess] = []

    def make(name: str, shape: Shape = "embedded", **options: object) -> NodeProcess:
        shape = chosen_shape(request.config, shape)
        services = request.getfixturevalue("services") if shape != "embedded" else None
        node = NodeProcess(tmp_path / name, shape, services=services, **options)  # type: ignore[arg-type]
        made.append(node)
        return node

    yield make
    for node in made:
        node.kill()


@pytest.fixture(autouse=True)
def keys_of_a_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the node of a test take its keys from a pool, and load each key once."""
    from nodes import enrolment, keystore
    from tests.support.pool import Pool, load_once

    pool = Pool()
    monkeypatch.setattr(keystore, "generate", pool.generate)
    monkeypatch.setattr(enrolment, "generate", pool.generate)
    monkeypatch.setattr(keystore, "load_private", load_once)


def pytest_configure() -> None:
    """Let test clients keep cookies as browsers do."""
    from tests.support import browserlike

    browserlike.install()
