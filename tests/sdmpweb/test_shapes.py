"""A node starts, answers, is alone on its data and stops, in both shapes."""

import re
import stat
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from sdmpweb import secret
from tests.support.nodes import NodeProcess, Shape

pytestmark = pytest.mark.nodes
MakeNode = Callable[..., NodeProcess]


def test_node_starts_answers_and_stops(make_node: MakeNode, shape: Shape) -> None:
    with make_node("alice", shape) as node:
        answer = httpx.get(f"{node.url}/health")
        assert answer.text == "ok\n"
        assert "'unsafe" not in answer.headers["content-security-policy"]
        began = time.monotonic()
        node.stop()
    assert time.monotonic() - began < 10
    assert "Traceback" not in node.read_log()


def test_node_starts_again_after_a_kill(make_node: MakeNode, shape: Shape) -> None:
    node = make_node("alice", shape)
    node.start()
    node.kill()
    node.start()
    node.stop()


def test_first_start_prints_a_link_for_the_owner(make_node: MakeNode, shape: Shape) -> None:
    with make_node("alice", shape) as node:
        assert f"{node.url}/" in node.read_log()


def test_data_directory_is_for_its_owner_alone(make_node: MakeNode) -> None:
    with make_node("alice") as node:
        assert stat.S_IMODE(node.data.stat().st_mode) == 0o700
        modes = {
            path.name: stat.S_IMODE(path.stat().st_mode)
            for path in node.data.iterdir()
            if not path.is_dir()
        }
        assert {"web.secret", "wake.sock", "node.lock", "sdmpweb.sqlite3"} <= set(modes)
        assert set(modes.values()) == {0o600}, modes
        about = Path(f"/proc/{node.processes['up'].pid}/status").read_text()
        assert re.findall(r"^Umask:\s+(\d+)$", about, re.MULTILINE) == ["0077"]


def test_a_database_of_before_is_closed_to_others(tmp_path: Path) -> None:
    names = ("sdmpweb.sqlite3", "sdmpweb.sqlite3-wal", "mine.txt")
    for name in names:
        (tmp_path / name).touch()
        (tmp_path / name).chmod(0o644)
    secret.make_private(tmp_path)
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in names] == [
        0o600,
        0o600,
        0o644,
    ]


def test_second_node_on_the_same_data_is_refused(make_node: MakeNode) -> None:
    with make_node("alice") as node:
        assert node.command("up", "--port", "1", status=1) == ""


def test_port_in_use_is_one_sentence(make_node: MakeNode) -> None:
    with make_node("alice") as alice:
        bob = make_node("bob")
        bob.environment["SDMPWEB_PORT"] = str(alice.port)
        bob.start_process("up")
        assert bob.processes["up"].wait(60) == 1
        assert len(bob.read_log().splitlines()) == 1
        assert str(alice.port) in bob.read_log()
