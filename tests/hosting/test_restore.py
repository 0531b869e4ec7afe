"""`sdmpweb restore` with real databases: into an empty place, all or nothing."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hosting.restoring import PART
from tests.support.nodes import ROOT, CommandFailed, NodeProcess, Services, Shape

SETTINGS = {"SDMPWEB_BACKUP_PASSPHRASE": "correct horse battery staple"}
Make = Callable[[str, Shape], NodeProcess]


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Make:
    """Make room for a node of a shape; nothing runs."""
    directory = tmp_path_factory.mktemp("restore")

    def make_node(name: str, shape: Shape) -> NodeProcess:
        services: Services | None = None
        if shape == "grown":
            services = request.getfixturevalue("services")
        place = directory / f"{name}-{shape}-{time.monotonic_ns()}"
        return NodeProcess(place, shape, services=services, settings=SETTINGS)

    return make_node


@pytest.fixture(scope="module")
def backups(make: Make, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Shape], Path]:
    """Give a backup of a node of a shape, with an owner and Kim, who lets it make no trusts."""
    directory = tmp_path_factory.mktemp("backups")
    password = directory / "password"
    password.write_text("a long house-key 7\n")

    def backup(shape: Shape) -> Path:
        file = directory / f"{shape}.age"
        if not file.exists():
            node = make("old", shape)
            node.command(
                "init_node", "--name", "hearth", "--owner", "alice",
                "--password-file", str(password),
            )  # fmt: skip
            node.command("create_account", "kim", "--host-only", "--password-file", str(password))
            node.command("backup", str(file))
        return file

    return backup


def refusal(node: NodeProcess, *arguments: str) -> str:
    """Run a command that is refused; return its one sentence, and see that it is one."""
    with pytest.raises(CommandFailed) as failed:
        node.command(*arguments)
    assert failed.value.status == 1
    assert failed.value.stdout == ""
    said = failed.value.stderr.strip()
    assert "\n" not in said
    return said


def left(node: NodeProcess) -> set[str]:
    """Say what is in the data directory, without what every command makes there."""
    return {each.name for each in node.data.iterdir()} - {"web.secret", "node.lock", "migrate.lock"}


def test_it_comes_back_whole_and_says_what_is_to_be_done(
    make: Make, backups: Callable[[Shape], Path], shape: Shape
) -> None:
    node = make("new", shape)
    said = node.command("restore", str(backups(shape)))
    assert said.startswith("Restored hearth as it was on ")
    assert "with the recovery phrase: kim." in said
    assert f"The settings of the backup are in {node.data.parent / 'sdmpweb.env'}." in said
    node.command("verify_journal")
    status = node.command("status")
    assert "restored from a backup of" in status
    assert (node.data / "node.secret").stat().st_mode & 0o777 == 0o600
    assert (node.data.parent / "sdmpweb.env").stat().st_mode & 0o777 == 0o600
    assert not (node.data / PART).exists()
    audit = "from hosting.models import AuditEntry as A; print([a.action for a in A.objects.all()])"
    assert "'node.restore'" in node.command("shell", "-c", audit)
    assert node.command("stop_waiting").strip() == "1 account publishes again."
    assert refusal(node, "stop_waiting") == "No account waits for peers."
    sentence = refusal(node, "restore", str(backups(shape)))
    assert "is not empty" in sentence
    node.command("verify_journal")


def test_what_is_there_already_stays(make: Make, backups: Callable[[Shape], Path]) -> None:
    file = backups("embedded")
    node = make("full", "embedded")
    node.data.mkdir()
    (node.data / "letter.txt").write_text("mine")
    assert "there is letter.txt" in refusal(node, "restore", str(file))
    (node.data / "letter.txt").unlink()
    (node.data / "node.secret").write_bytes(bytes(32))
    assert "not that of the backup; move it away" in refusal(node, "restore", str(file))
    assert left(node) == {"node.secret"}
    (node.data / "node.secret").unlink()
    (node.data.parent / "sdmpweb.env").write_text("# mine\n")
    assert f"are in {node.data / 'sdmpweb.env'}." in node.command("restore", str(file))
    assert (node.data.parent / "sdmpweb.env").read_text() == "# mine\n"


def test_a_secret_that_was_there_stays_when_a_restore_fails(
    make: Make, backups: Callable[[Shape], Path], tmp_path: Path
) -> None:
    first, node = make("first", "embedded"), make("second", "embedded")
    first.command("restore", str(backups("embedded")))
    kept = tmp_path / "node.secret"
    kept.write_bytes((first.data / "node.secret").read_bytes())
    kept.chmod(0o600)
    node.environment["SDMPWEB_NODE_SECRET"] = str(kept)
    kill_at(node, STOPS["secrets in place"], backups("embedded"))
    cut = tmp_path / "cut.age"
    cut.write_bytes(backups("embedded").read_bytes()[:-5000])
    assert "damaged" in refusal(node, "restore", str(cut))
    assert kept.exists()
    node.command("restore", str(backups("embedded")))
    assert left(node) == {"sdmpweb.sqlite3"}


def test_a_backup_that_does_not_open_leaves_nothing(
    make: Make, backups: Callable[[Shape], Path], tmp_path: Path
) -> None:
    file = backups("embedded")
    node = make("wrong", "embedded")
    cut = tmp_path / "cut.age"
    cut.write_bytes(file.read_bytes()[:-5000])
    assert "damaged" in refusal(node, "restore", str(cut))
    assert left(node) == set()
    node.environment["SDMPWEB_BACKUP_PASSPHRASE"] = "another one"
    assert "passphrase" in refusal(node, "restore", str(file))
    assert left(node) == set()
    node.environment["SDMPWEB_BACKUP_PASSPHRASE"] = ""
    assert "SDMPWEB_BACKUP_PASSPHRASE" in refusal(node, "restore", str(file))


def test_the_kinds_of_database_are_not_mixed(make: Make, backups: Callable[[Shape], Path]) -> None:
    embedded, grown = make("mixed", "embedded"), make("mixed", "grown")
    assert "restore it where DATABASE_URL is not set" in refusal(
        grown, "restore", str(backups("embedded"))
    )
    assert "name an empty one with DATABASE_URL" in refusal(
        embedded, "restore", str(backups("grown"))
    )
    assert left(grown) == left(embedded) == set()
    # Nothing was left in the database either.
    grown.command("restore", str(backups("grown")))


# What a restore does at which a process that is killed there stops for good.
STOPS = {
    "unpacked": "hosting.restoring._check_secret",
    "secrets in place": "hosting.restoring.come_back",
    "about to count": "hosting.restoring._unmark",
    "about to be moved": "hosting.restoring.into_place",
}
_STOPPING = """
import sys, time
from unittest import mock
from sdmpweb.cli import main
def stop(*_, **__):
    print("there", flush=True)
    time.sleep(600)
import django
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "sdmpweb.settings"
django.setup()
with mock.patch(sys.argv[1], stop):
    main(["sdmpweb", "restore", sys.argv[2]])
"""


def kill_at(node: NodeProcess, stop: str, file: Path) -> None:
    """Restore, and kill the process when it comes to a place."""
    with subprocess.Popen(
        [sys.executable, "-c", _STOPPING, stop, str(file)], cwd=ROOT, env=node.environment,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "there\n"
        process.send_signal(signal.SIGKILL)


@pytest.mark.parametrize(
    ("shape", "stop"),
    [
        ("embedded", "unpacked"), ("embedded", "about to be moved"),
        ("grown", "unpacked"), ("grown", "about to count"),
    ],
)  # fmt: skip
def test_killed_in_the_middle_it_is_begun_anew(
    make: Make, backups: Callable[[Shape], Path], shape: Shape, stop: str
) -> None:
    node = make("killed", shape)
    kill_at(node, STOPS[stop], backups(shape))
    assert PART in left(node)
    assert "restore was broken off here" in refusal(node, "status")
    if stop == "unpacked":
        up = "up" if shape == "embedded" else "web"
        assert "restore was broken off here" in refusal(node, up)
    assert node.command("restore", str(backups(shape))).startswith("Restored hearth")
    node.command("verify_journal")
    assert PART not in left(node)


def test_killed_while_tidying_up_it_has_come_back(
    make: Make, backups: Callable[[Shape], Path]
) -> None:
    node = make("tidy", "embedded")
    kill_at(node, "hosting.restoring._finish", backups("embedded"))
    assert PART in left(node)
    node.command("verify_journal")
    assert PART not in left(node)
    assert (node.data.parent / "sdmpweb.env").exists()


def test_a_backup_of_a_later_version_is_refused(
    make: Make, backups: Callable[[Shape], Path], tmp_path: Path
) -> None:
    later, node = make("later", "embedded"), make("earlier", "embedded")
    later.command("restore", str(backups("embedded")))
    file = tmp_path / "later.age"
    later.command(
        "shell", "-c",
        "from django.db.migrations.recorder import MigrationRecorder as R; "
        "from django.db import connection; R(connection).record_applied('mail', '9999_later'); "
        "from hosting.backup.archive import write_archive; "
        f"write_archive({str(file)!r}, {SETTINGS['SDMPWEB_BACKUP_PASSPHRASE']!r})",
    )  # fmt: skip
    assert "of a later version of sdmpweb (mail/9999_later)" in refusal(node, "restore", str(file))
    assert left(node) == set()
