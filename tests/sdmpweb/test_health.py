"""Those who watch a node: who is answered, and what they learn."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from pytest_django.fixtures import Settings

from hosting import readiness
from tests.support.nodes import NodeProcess
from tests.support.services import Redis, redis_program

TOKEN = "a-token-of-the-tests"


def test_alive_without_a_database(client: Client) -> None:
    # The test has no database, and would fail if one were asked.
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok\n")


@pytest.mark.django_db
def test_ready(client: Client) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"ready": True, "failing": []})
    assert client.get("/health").content == b"ok\n"


@pytest.mark.django_db
def test_what_fails_is_named_and_nothing_else_is_told(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> bool:
        raise OSError("postgres://user:secret@host refuses")

    monkeypatch.setitem(readiness.CHECKS, "broker", broken)
    monkeypatch.setitem(readiness.CHECKS, "disk", lambda: False)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"ready": False, "failing": ["broker", "disk"]}


@pytest.mark.django_db
def test_missing_migrations_are_named(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "_migrated", False)  # what a process knows that begins now
    [latest] = MigrationLoader(connection).graph.leaf_nodes("hosting")
    recorder = MigrationRecorder(connection)
    recorder.record_unapplied(*latest)
    for _ in range(2):
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json() == {"ready": False, "failing": ["migrations"]}
    recorder.record_applied(*latest)
    assert client.get("/readyz").json() == {"ready": True, "failing": []}


def test_a_database_that_is_away_is_asked_once() -> None:
    def away() -> bool:
        raise OSError

    checks = {"database": away, "migrations": away, "disk": lambda: True}
    assert readiness.failing(checks) == ["database"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("about", "status"),
    [
        ({}, 200),
        ({"REMOTE_ADDR": "::1"}, 200),
        ({"REMOTE_ADDR": "::ffff:127.0.0.1"}, 200),
        ({"REMOTE_ADDR": "192.0.2.7"}, 404),
        ({"REMOTE_ADDR": ""}, 404),
        # A proxy on this machine that is not believed, and by the public name.
        ({"HTTP_X_FORWARDED_FOR": "192.0.2.7"}, 404),
        ({"HTTP_X_FORWARDED_FOR": "127.0.0.1"}, 404),
        ({"HTTP_FORWARDED": "for=192.0.2.7"}, 404),
        ({"HTTP_HOST": "desk.example.org"}, 404),
        ({"REMOTE_ADDR": "192.0.2.7", "HTTP_X_FORWARDED_FOR": "127.0.0.1"}, 404),
        ({"REMOTE_ADDR": "192.0.2.7", "HTTP_AUTHORIZATION": f"Bearer {TOKEN}"}, 200),
        ({"REMOTE_ADDR": "192.0.2.7", "HTTP_AUTHORIZATION": f"bearer {TOKEN}"}, 200),
        ({"REMOTE_ADDR": "192.0.2.7", "HTTP_AUTHORIZATION": f"Bearer {TOKEN}x"}, 404),
        ({"REMOTE_ADDR": "192.0.2.7", "HTTP_AUTHORIZATION": "Bearer "}, 404),
        ({"REMOTE_ADDR": "192.0.2.7", "HTTP_AUTHORIZATION": TOKEN}, 404),
        ({"REMOTE_ADDR": "192.0.2.7", "HTTP_AUTHORIZATION": "Bearer ü"}, 404),
    ],
)
def test_to_whom_the_metrics_are_shown(
    client: Client, settings: Settings, about: dict[str, str], status: int
) -> None:
    settings.METRICS_TOKEN = TOKEN
    settings.ALLOWED_HOSTS = ["*"]
    given = {"HTTP_HOST": "127.0.0.1", **about}
    assert client.get("/metrics", **given).status_code == status  # type: ignore[arg-type]


@pytest.mark.django_db
def test_without_a_token_none_lets_in(client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN = ""
    for shown in ("Bearer ", "Bearer", "Bearer None", ""):
        answer = client.get("/metrics", REMOTE_ADDR="192.0.2.7", HTTP_AUTHORIZATION=shown)
        assert answer.status_code == 404


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[Redis]:
    """A Redis server of this test alone, which may die."""
    if redis_program() is None:
        pytest.skip("Redis is not installed (Debian package redis-server)")
    (tmp_path / "redis").mkdir()
    with Redis(tmp_path / "redis") as server:
        yield server


@pytest.mark.nodes
@pytest.mark.redis
def test_a_node_without_redis_is_alive_and_not_ready(tmp_path: Path, own_redis: Redis) -> None:
    node = NodeProcess(tmp_path / "node", settings={"REDIS_URL": own_redis.url(0)})
    try:
        node.start_process("web")
        node.wait_until_up()
        assert httpx.get(f"{node.url}/readyz").json() == {"ready": True, "failing": []}
        own_redis.stop()
        answer = httpx.get(f"{node.url}/readyz", timeout=30)
        assert answer.status_code == 503
        assert answer.json()["failing"] == ["broker", "channel layer"]
        assert httpx.get(f"{node.url}/healthz").status_code == 200
    finally:
        node.kill()


@pytest.mark.nodes
def test_the_metrics_of_a_grown_node(make_node: Callable[..., NodeProcess]) -> None:
    """Its database is PostgreSQL, and what takes a moment to count is counted by a worker."""
    with make_node("grown", "grown") as node:
        assert httpx.get(f"{node.url}/readyz").json() == {"ready": True, "failing": []}
        deadline = time.monotonic() + 30
        while "sdmpweb_database_bytes" not in (text := httpx.get(f"{node.url}/metrics").text):
            assert time.monotonic() < deadline, text
            time.sleep(0.3)
        assert 'database="postgresql"' in text
        assert 'shape="grown"' in text
        [size] = re.findall(r"^sdmpweb_database_bytes (\S+)$", text, re.MULTILINE)
        assert float(size) > 1_000_000
