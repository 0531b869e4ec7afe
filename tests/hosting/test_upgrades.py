"""Nodes of every release come up to date, with their letters and journals.

The fixtures are made by `scripts/release-fixture` from each release's own code.
"""

from __future__ import annotations

import json
import re
import sqlite3
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.nodes import ROOT, CommandFailed, NodeProcess

pytestmark = pytest.mark.nodes
CHANGELOG = ROOT / "CHANGELOG.md"
RELEASES = ROOT / "tests" / "releases"
FIXTURES = sorted(path.name.removesuffix(".tar.gz") for path in RELEASES.glob("*.tar.gz"))
Make = Callable[..., NodeProcess]


def _of_release(make_node: Make, release: str) -> NodeProcess:
    """Make a node from what one of a release has left."""
    node = make_node("house")
    node.data.mkdir(mode=0o700)
    with tarfile.open(RELEASES / f"{release}.tar.gz") as tar:
        tar.extractall(node.data, filter="data")
    return node


def _snapshots(node: NodeProcess) -> list[Path]:
    return sorted((node.data / "snapshots").glob("*"))


def test_every_release_has_a_fixture() -> None:
    headings = re.findall(r"^## \[([0-9][^\]]*)\](.*)$", CHANGELOG.read_text(), re.MULTILINE)
    assert headings
    # The first one may still be in the making, with nothing to upgrade from.
    released = {name for name, rest in headings if "unreleased" not in rest or name == "0.1.0"}
    assert sorted(released - set(FIXTURES)) == [], "scripts/release-fixture makes them"


@pytest.mark.parametrize("release", FIXTURES)
def test_a_node_of_a_release_is_brought_up_to_date(make_node: Make, release: str) -> None:
    node = _of_release(make_node, release)
    for number in (1, 2, 3):  # of earlier upgrades
        (node.data / "snapshots").mkdir(exist_ok=True)
        (node.data / "snapshots" / f"before-0.0.9-2026010{number}T000000Z.sqlite3").touch()
    node.start()
    for username in ("alice", "bob"):
        before = json.loads((node.data / f"{username}.json").read_text())
        letters = {one["resource"]: one for one in json.loads(
            node.command("list_letters", username, "--json")
        )}  # fmt: skip
        assert before
        for letter in before:
            now = letters[letter["resource"]]
            assert {name: now[name] for name in letter} == letter
    assert "signatures hold" in node.command("verify_journal")
    node.stop()
    kept = _snapshots(node)
    assert [path.name[13:21] for path in kept][:2] == ["20260102", "20260103"]
    assert len(kept) == 3
    copy = kept[-1]
    assert copy.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(copy)) as database:
        assert database.execute("SELECT count(*) FROM nodes_account").fetchone()[0] >= 2
        assert not database.execute(
            "SELECT 1 FROM django_migrations WHERE app = 'hosting'"
        ).fetchall()


def test_a_database_of_a_later_version_is_refused(make_node: Make) -> None:
    node = _of_release(make_node, FIXTURES[0])
    with closing(sqlite3.connect(node.data / "sdmpweb.sqlite3")) as database:
        database.execute(
            "INSERT INTO django_migrations (app, name, applied) "
            "VALUES ('mail', '0099_later', '2030-01-01')"
        )
        database.commit()
    with pytest.raises(CommandFailed) as caught:
        node.command("status")
    assert caught.value.status == 1
    assert caught.value.stderr.count("\n") == 1
    assert "later version of sdmpweb (mail/0099_later)" in caught.value.stderr
    assert not _snapshots(node)


_RUN = "from django.db import connection as c; c.cursor().execute({!r})"
_BLOCK = _RUN.format("CREATE VIEW mail_owedreceipt AS SELECT 1")
_CLEAR = _RUN.format("DROP VIEW mail_owedreceipt")
_MIGRATIONS = (
    "from django.db.migrations.recorder import MigrationRecorder as R; "
    "from django.db import connection as c; print(sorted(R(c).applied_migrations()))"
)


def _refused(node: NodeProcess, *arguments: str) -> str:
    with pytest.raises(CommandFailed) as caught:
        node.command(*arguments)
    assert caught.value.status == 1
    assert caught.value.stderr.count("\n") == 1, caught.value.stderr
    return caught.value.stderr


@pytest.fixture(params=["embedded", pytest.param("grown", marks=pytest.mark.postgresql)])
def behind(request: pytest.FixtureRequest, make_node: Make) -> NodeProcess:
    """A node whose upgrade fails at one of its steps."""
    if request.param == "embedded":
        node = _of_release(make_node, FIXTURES[0])
        node.command("shell", "-c", _BLOCK)
        return node
    node = make_node("grown", "grown")
    password = node.data.parent / "password"
    password.write_text("correct horse battery staple\n")
    node.command("init_node", "--name", "A", "--owner", "alice", "--password-file", str(password))
    node.command("migrate", "hosting", "zero")
    node.command("migrate", "mail", "0003")
    node.command("shell", "-c", _BLOCK)
    return node


def test_an_upgrade_that_failed_is_taken_back(behind: NodeProcess) -> None:
    before = behind.command("shell", "-c", _MIGRATIONS)
    said = _refused(behind, "status")
    assert said.startswith("The database could not be brought up to date: ")
    [copy] = _snapshots(behind)
    command = f"restore --snapshot {copy.name}"
    assert f"run `sdmpweb {command}` and install the version from before." in said
    assert behind.command("shell", "-c", _MIGRATIONS) != before  # it had come some way
    # Whoever starts it again and again loses the copy of before the first step to no other.
    assert f"`sdmpweb {command}`" in _refused(behind, "status")
    assert _snapshots(behind) == [copy]
    assert copy.name in behind.command(*command.split())
    assert behind.command("shell", "-c", _MIGRATIONS) == before
    assert not (behind.data / "restore.part").exists()
    behind.command("shell", "-c", _CLEAR)
    assert "signatures hold" in behind.command("verify_journal")
    behind.command("send_message", "alice", "--notice", "--title", "the upgrade went well")
    assert "would fork" in _refused(behind, "restore", "--snapshot", copy.name)
    assert "signatures hold" in behind.command("verify_journal")
    copy.write_bytes(copy.read_bytes()[:3000])
    assert "is damaged" in _refused(behind, "restore", "--snapshot", copy.name)
    assert "There is no snapshot x;" in _refused(behind, "restore", "--snapshot", "x")
    assert "with --snapshot" in _refused(behind, "restore")


@pytest.mark.postgresql
def test_postgresql_is_copied_too(make_node: Make) -> None:
    node = make_node("grown", "grown")
    password = node.data.parent / "password"
    password.write_text("correct horse battery staple\n")
    node.command("init_node", "--name", "A", "--owner", "alice", "--password-file", str(password))
    assert not _snapshots(node)
    node.command("migrate", "hosting", "zero")
    node.command("status")
    [copy] = _snapshots(node)
    assert copy.stat().st_mode & 0o777 == 0o600
    with tarfile.open(copy) as tar:
        names = tar.getnames()
        rows = tar.extractfile("database/nodes_account/000001.copy")
        assert rows is not None
        assert b"alice" in rows.read()
    assert names[0] == "manifest.json"
    assert "node.secret" not in names
