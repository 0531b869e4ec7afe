"""Backups of running nodes, on both databases: whole, restorable, and nothing or all of a file."""

from __future__ import annotations

import io
import json
import os
import re
import resource
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyrage
import pytest

from hosting.backup.archive import open_archive
from hosting.backup.errors import BackupError, Damaged, WrongPassphrase
from sdmpweb import env
from tests.support import ftp
from tests.support.console import Console
from tests.support.nodes import ROOT, CommandFailed, NodeProcess, Services
from tests.support.starter import Started

pytestmark = pytest.mark.nodes
PASSPHRASE = "nine words on a sheet of paper"
SQLITE = pytest.mark.parametrize("node", ["embedded"], indirect=True, scope="module")
BOTH = pytest.mark.parametrize(
    "node",
    ["embedded", pytest.param("grown", marks=pytest.mark.postgresql)],
    indirect=True,
    scope="module",
)


@pytest.fixture(scope="module")
def node(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[NodeProcess]:
    """A running node with two accounts that know each other, whose backups go to a directory."""
    home = tmp_path_factory.mktemp("home")
    (home / "kept").mkdir()
    services: Services | None = None
    if request.param == "grown":
        services = request.getfixturevalue("services")
    settings = {
        "SDMPWEB_BACKUP_PASSPHRASE": PASSPHRASE,
        "SDMPWEB_BACKUP_TO": str(home / "kept"),
        "SDMPWEB_BACKUP_KEEP": "2",
    }
    made = NodeProcess(home, request.param, services=services, settings=settings)
    password = home / "password"
    password.write_text("correct horse battery staple\n")
    take = ("--password-file", str(password))
    made.command("init_node", "--name", "The house", "--owner", "alice", *take)
    made.command("create_account", "bob", "--name", "Bob", *take)
    for reader, other in (("alice", "bob"), ("bob", "alice")):
        card = made.command("export_card", other)
        made.command("add_contact", reader, "-", "--name", other, stdin=card)
    made.start()
    yield made
    made.kill()


@pytest.fixture
def backup(node: NodeProcess, tmp_path: Path) -> Path:
    """A backup of the node."""
    file = tmp_path / "house.age"
    node.command("backup", str(file))
    return file


def _empty(tmp_path: Path, name: str = "into") -> Path:
    into = tmp_path / name
    into.mkdir(mode=0o700)
    return into


def _refused(node: NodeProcess, *arguments: str) -> str:
    with pytest.raises(CommandFailed) as caught:
        node.command("backup", *arguments)
    assert caught.value.status == 1
    assert caught.value.stderr.count("\n") == 1, caught.value.stderr
    return caught.value.stderr


@BOTH
def test_a_backup_while_letters_arrive_is_of_one_moment(node: NodeProcess, tmp_path: Path) -> None:
    [bob] = json.loads(node.command("list_contacts", "alice", "--json"))[:1]
    console = Console(node)
    console.begin(send=60, username="alice", to=[bob["user"]], title="n", pause=0.05)
    file = tmp_path / "house.age"
    assert "Backed up to" in node.command("backup", str(file))
    assert len(console.finish()["sent"]) == 60
    console.kill()
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["house.age"]
    assert "was restored and is whole" in node.command("backup", "--check", str(file))
    into = _empty(tmp_path)
    manifest = open_archive(str(file), PASSPHRASE, into)
    assert manifest.node == json.loads(node.command("status", "--json"))["node"]
    assert manifest.rows["nodes_account"] == 2
    assert manifest.rows["journal_line"] == manifest.head_position
    assert (into / "node.secret").read_bytes() == (node.data / "node.secret").read_bytes()
    written = (into / "sdmpweb.env").read_text()
    assert PASSPHRASE not in written
    read = env.read({"SDMPWEB_CONFIG": str(into / "sdmpweb.env")})
    assert (read["SDMPWEB_PORT"], read["SDMPWEB_BACKUP_KEEP"]) == (node.port, 2)
    assert not list(node.data.glob(".c*")), "neither copies nor scratch directories are left"
    assert PASSPHRASE not in node.read_log()


@SQLITE
def test_other_programs_open_it(backup: Path) -> None:
    clear = pyrage.passphrase.decrypt(backup.read_bytes(), PASSPHRASE)
    with tarfile.open(fileobj=io.BytesIO(clear)) as tar:
        assert tar.getnames()[0] == "manifest.json"


@SQLITE
def test_what_is_wrong_with_a_backup_is_said(
    node: NodeProcess, backup: Path, tmp_path: Path
) -> None:
    into = _empty(tmp_path)
    with pytest.raises(WrongPassphrase):
        open_archive(str(backup), "another one", into)
    whole = backup.read_bytes()
    for name, bad in {
        "in a chunk": whole[: len(whole) // 2],
        "at a chunk": whole[: -((len(whole) - 200) % 65552) or None],
        "at the end": whole[:-1],
        "changed": whole[:70000] + bytes([whole[70000] ^ 1]) + whole[70001:],
        "longer": whole + b"x",
    }.items():
        (tmp_path / name).write_bytes(bad)
        with pytest.raises(Damaged):
            open_archive(str(tmp_path / name), PASSPHRASE, into)
        assert not list(into.iterdir()), name
    assert "damaged, cut short or changed" in _refused(node, "--check", str(tmp_path / "changed"))
    assert "not a backup" in _refused(node, "--check", str(ROOT / "README.md"))
    assert "No such file" in _refused(node, "--check", str(tmp_path / "nothing"))
    assert "exists already" in _refused(node, str(backup))
    assert backup.read_bytes() == whole
    (into / "something").touch()
    with pytest.raises(BackupError, match="not empty"):
        open_archive(str(backup), PASSPHRASE, into)


@SQLITE
def test_a_killed_backup_leaves_no_file_and_the_next_one_works(
    node: NodeProcess, tmp_path: Path
) -> None:
    file = tmp_path / "house.age"
    nowhere: Any = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
    process = Started("sdmpweb", "backup", str(file), env=node.environment, **nowhere)
    while not list(tmp_path.glob(".house.age.sdmpweb-*.part")):
        assert process.poll() is None
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not file.exists()
    node.command("backup", str(file))
    assert [path.name for path in tmp_path.iterdir()] == ["house.age"]


@SQLITE
def test_a_full_disk_leaves_nothing(node: NodeProcess, tmp_path: Path) -> None:
    limit = 300_000

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = subprocess.run(
        [sys.executable, "-m", "sdmpweb", "backup", str(tmp_path / "house.age")],
        cwd=ROOT, env=node.environment, preexec_fn=small, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert not list(tmp_path.iterdir())
    assert not list(node.data.glob(".copy-*"))


@SQLITE
def test_a_place_elsewhere_keeps_them(node: NodeProcess, tmp_path: Path) -> None:
    """A server of FTP, which is no directory of this machine."""
    with ftp.serving(tmp_path) as server:
        said = node.command("backup", f"{server.url}/house.age")
        assert re.match(
            r"Backed up to ftp://127\.0\.0\.1:\d+/house\.age: 2 accounts, .* [KM]B\.", said
        )
        assert [path.name for path in tmp_path.iterdir()] == ["house.age"]
        checked = node.command("backup", "--check", f"{server.url}/house.age")
        assert "was restored and is whole" in checked
        assert "exists already" in _refused(node, f"{server.url}/house.age")
        said = _refused(node, f"{server.url.replace(ftp.PASSWORD, 'another')}/x.age")
        assert "cannot be written: error_perm." in said
        assert "another" not in said
    assert "Connection refused" in _refused(node, f"{server.url}/x.age")
    assert ftp.PASSWORD not in node.read_log()


@SQLITE
def test_what_would_be_no_backup_is_refused(node: NodeProcess, tmp_path: Path) -> None:
    assert "can only be read from" in _refused(node, "https://olga:pw@127.0.0.1:1/x.age")
    missing = tmp_path / "not" / "mounted"
    assert f"There is no directory {missing}" in _refused(node, str(missing / "a.age"))
    assert not missing.parent.exists()
    environment = {**node.environment, "SDMPWEB_BACKUP_PASSPHRASE": "a"}
    said = _run(environment, "backup", str(tmp_path / "a.age"))
    assert "12 characters or more" in said
    nowhere = {**node.environment, "SDMPWEB_DATA": str(tmp_path / "nowhere")}
    assert "There is no node in" in _run(nowhere, "backup", str(tmp_path / "a.age"))
    assert not list(tmp_path.glob("*.age"))
    # Where there is no node one can be tested, and then be restored.
    good = tmp_path / "good.age"
    node.command("backup", str(good))
    assert "was restored and is whole" in _run(nowhere, "backup", "--check", str(good), status=0)
    assert {path.name for path in (tmp_path / "nowhere").iterdir()} == {"web.secret"}


def _run(environment: dict[str, str], *arguments: str, status: int = 1) -> str:
    """Run a command that says one sentence."""
    pipes: Any = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with Started("sdmpweb", *arguments, env=environment, text=True, **pipes) as process:
        stdout, stderr = process.communicate()
    assert process.returncode == status, stderr
    said: str = stdout + stderr
    assert said.count("\n") == 1, said
    return said


@BOTH
def test_the_node_backs_up_rotates_and_tests_by_itself(node: NodeProcess) -> None:
    kept = Path(node.environment["SDMPWEB_BACKUP_TO"])
    (kept / "sdmpweb-00000000-20260101T000000Z.age").write_bytes(b"of another node")
    (kept / "holiday.age").write_bytes(b"of nobody")
    for _ in range(3):
        _have_done(node, "backup")
    names = {path.name for path in kept.iterdir()}
    assert {"holiday.age", "sdmpweb-00000000-20260101T000000Z.age"} < names
    assert len(names) == 4, names
    assert "was restored and is whole" in _have_done(node, "check")


def _have_done(node: NodeProcess, kind: str) -> str:
    """Ask for a run as the schedule does, wait until the node has done it, and give its words."""
    code = (
        "import time; from hosting import runs; from hosting.models import Run\n"
        f"run = runs.ask({kind!r}); deadline = time.monotonic() + 90\n"
        "while run.finished is None and time.monotonic() < deadline:\n"
        "    time.sleep(0.2); run.refresh_from_db()\n"
        "print(run.outcome, run.words)"
    )
    said = node.command("shell", "--no-imports", "-c", code).strip()
    assert said.startswith("good "), said + os.linesep + node.read_log()[-2000:]
    return said
