"""The `sdmpweb` command: help, exit statuses and one sentence for what went wrong."""

import getpass
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.nodes import ROOT


def sdmpweb(data: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {n: v for n, v in os.environ.items() if not n.startswith("SDMPWEB_")}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments], cwd=ROOT, capture_output=True, text=True,
        env={**environment, "SDMPWEB_DATA": str(data / "data"), **settings}, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("arguments", [["--help"], ["help"], ["-h"]])
def test_help_lists_our_commands_first(tmp_path: Path, arguments: list[str]) -> None:
    done = sdmpweb(tmp_path, *arguments)
    assert done.returncode == 0
    assert done.stdout.index("  up ") < done.stdout.index("collectstatic")
    assert "SDMPWEB_ADDRESS" in done.stdout


@pytest.mark.parametrize("arguments", [["up", "--help"], ["help", "up"]])
def test_each_command_has_help(tmp_path: Path, arguments: list[str]) -> None:
    done = sdmpweb(tmp_path, *arguments)
    assert done.returncode == 0
    assert "--port" in done.stdout
    assert not (tmp_path / "data" / "sdmpweb.sqlite3").exists()


@pytest.mark.parametrize(
    "arguments",
    [["nonsense"], ["up", "--nonsense"], ["up", "--port", "0"], ["add_contact", "alice"]],
)
def test_wrong_use_is_one_sentence_and_status_2(tmp_path: Path, arguments: list[str]) -> None:
    done = sdmpweb(tmp_path, *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.endswith((".\n",))


def test_without_a_command_the_commands_are_listed(tmp_path: Path) -> None:
    done = sdmpweb(tmp_path)
    assert done.returncode == 2
    assert "  up " in done.stdout


@pytest.mark.parametrize(
    "settings", [{"SDMPWEB_ADRESS": "a:1"}, {"SDMPWEB_PORT": "x"}, {"SDMPWEB_DATA": "/dev/null/x"}]
)
def test_wrong_setting_is_one_sentence_and_status_2(
    tmp_path: Path, settings: dict[str, str]
) -> None:
    done = sdmpweb(tmp_path, "up", **settings)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1


def test_grown_commands_need_redis(tmp_path: Path) -> None:
    done = sdmpweb(tmp_path, "worker")
    assert done.returncode == 1
    assert done.stderr == "`sdmpweb worker` needs REDIS_URL; without it, `sdmpweb up` is all.\n"


def test_unreachable_database_is_one_sentence(tmp_path: Path) -> None:
    done = sdmpweb(tmp_path, "up", DATABASE_URL="postgres://nobody@127.0.0.1:1/none")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1


def test_version_is_ours(tmp_path: Path) -> None:
    from sdmpweb import __version__

    assert sdmpweb(tmp_path, "--version").stdout == f"{__version__}\n"


# --- The audit list -------------------------------------------------------------------------


def audited(data: Path) -> list[tuple[str, str, str]]:
    """What stands in the audit list of a data directory: action, about, door."""
    with closing(sqlite3.connect(data / "data" / "sdmpweb.sqlite3")) as database:
        rows = database.execute(
            'SELECT action, about, "where", actor, details FROM hosting_auditentry ORDER BY id'
        ).fetchall()
    assert all(actor == getpass.getuser() and details == "{}" for *_, actor, details in rows)
    return [(action, about, where) for action, about, where, _, _ in rows]


def test_commands_that_change_something_are_written_down(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("a long house-key 7\n")
    given = ("--password-file", str(password))
    made = sdmpweb(tmp_path, "init_node", "--name", "hearth", "--owner", "olga", *given)
    assert made.returncode == 0, made.stderr
    assert sdmpweb(tmp_path, "create_account", "ana", *given).returncode == 0
    assert sdmpweb(tmp_path, "status").returncode == 0  # reads alone
    # What fails is not written down as done.
    assert sdmpweb(tmp_path, "create_account", "ana", *given).returncode == 1
    assert sdmpweb(tmp_path, "loaddata", "nothing-of-ours.json").returncode == 1
    assert sdmpweb(tmp_path, "migrate", "--no-input").returncode == 0
    assert audited(tmp_path) == [
        ("command.init_node", "olga", "command"),
        ("command.create_account", "ana", "command"),
        ("command.migrate", "", "command"),
    ]


def test_a_password_needs_a_terminal_or_says_so(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "changepassword", "olga"],
        cwd=ROOT, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        env={**os.environ, "SDMPWEB_DATA": str(tmp_path / "data")}, start_new_session=True,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == "There is no terminal to ask for a password; run this in one.\n"
