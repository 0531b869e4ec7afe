"""`sdmpweb move_database` with real databases: all or nothing, and never a node in two of them."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cached_property
from pathlib import Path
from sqlite3 import IntegrityError, connect
from typing import ClassVar

import psycopg
import pytest
from psycopg import sql

from hosting import beats
from sdmpweb.lock import only_node
from tests.support.console import Console
from tests.support.nodes import ROOT, CommandFailed, NodeProcess, Services
from tests.support.ports import free_port
from tests.support.scenario import eventually

pytestmark = [pytest.mark.nodes, pytest.mark.postgresql]
_MOVED = "This node was moved to "
_BROKEN_OFF = "A node was to be moved here from "
# What the two databases keep in ways of their own, or could lose.
_FILL = """
from datetime import datetime, UTC
from django.db.models import JSONField, Value
from hosting.models import AuditEntry, Run
from mail.models import Contact, Draft
from nodes.models import Account, Address, Peer, SealedKey
alice = Account.objects.get(username="alice")
Account.objects.create(username="bob", name="Bob \\\\. \\t\\n\\r ' \\" 💌 Ä", email="", quota=2**62)
SealedKey.objects.create(fingerprint="s", sealed=bytes(range(256)) * 5000)
Contact.objects.create(account=alice, user="u", name="NULL", checked=datetime(
    2026, 11, 22, 23, 59, 59, 999999, tzinfo=UTC), how_checked="\\\\N")
Draft.objects.create(account=alice, sealed=b"", failed=datetime(1999, 12, 31, tzinfo=UTC))
details = {"a": [None, True, 1.5, 2**53, "ü\\n\\\\"], "é": {"b": "💌"}, "": None}
AuditEntry.objects.create(actor="x", action="y", where="node", details=details, account=alice)
Run.objects.create(kind="doctor", findings=Value(None, JSONField()))
Address.objects.create(identifier="i", node="n", user="u", ips=[], urls=["ws://x/"])
Peer.objects.bulk_create(
    Peer(fingerprint=f"p{n}", known_line="l", offered=[{"n": n}], noted=n % 2)
    for n in range(2100)
)
Peer.objects.filter(fingerprint__lt="p5").delete()
"""
_DIGESTS = """
import hashlib, json, sys
from hosting import copying
out = {}
for model in copying.tables():
    digest = hashlib.sha256()
    rows = model._base_manager.order_by("pk").exclude(**(
        {"action__startswith": "command."} if model.__name__ == "AuditEntry" else {"pk": None}))
    names = [field.attname for field in model._meta.local_concrete_fields]
    for row in rows.values_list(*names):
        values = [v.hex() if isinstance(v, bytes) else v for v in (
            bytes(v) if isinstance(v, memoryview) else v for v in row)]
        digest.update(json.dumps(values, default=repr, sort_keys=True).encode())
    out[model._meta.db_table] = (rows.count(), digest.hexdigest())
print("DIGESTS" + json.dumps(out))
"""


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of a node with all kinds of values; nothing runs."""
    place = tmp_path_factory.mktemp("filled")
    node = Node(place)
    node.prepare()
    (place / "password").write_text("a long house-key 7\n")
    node.command(
        "init_node", "--name", "hearth", "--owner", "alice",
        "--password-file", str(place / "password"),
    )  # fmt: skip
    node.command("shell", "-c", _FILL)
    node.console.kill()
    return node.data


class Node(NodeProcess):
    """A node that does not run: one process for its commands, begun with the first."""

    made: ClassVar[list[Console]] = []

    @cached_property
    def console(self) -> Console:
        """The process."""
        self.made.append(Console(self))
        return self.made[-1]

    def command(self, *arguments: str, stdin: str = "", status: int = 0) -> str:
        """Run a command without its start-up."""
        return self.console.command(*arguments, stdin=stdin, status=status)


@pytest.fixture(autouse=True)
def _end() -> Iterator[None]:
    """End what was begun for a test."""
    yield
    while Node.made:
        Node.made.pop().kill()


@pytest.fixture
def node(filled: Path, tmp_path: Path) -> Node:
    """A node of its own, with a copy of that data."""
    made = Node(tmp_path / "node")
    shutil.copytree(filled, made.data)
    return made


@pytest.fixture
def url(services: Services) -> str:
    """An empty database."""
    return services.postgresql.create_database(f"moved_{free_port()}")


def in_database(node: Node, url: str) -> Node:
    """Give the node with the settings of another database."""
    other = Node(node.data.parent)
    other.environment |= {"DATABASE_URL": url}
    return other


def refusal(node: Node, *arguments: str, stdin: str = "") -> str:
    """Run a command that is refused; return its one sentence, and see that it is one."""
    with pytest.raises(CommandFailed) as failed:
        node.command(*arguments, stdin=stdin)
    assert failed.value.status == 1
    assert failed.value.stderr.count("\n") == 1, failed.value.stderr
    assert not failed.value.stdout
    return failed.value.stderr.strip()


def digests(node: Node) -> dict[str, list[object]]:
    """Describe all rows of all tables as Django reads them."""
    said = node.command("shell", "-c", _DIGESTS)
    found: dict[str, list[object]] = json.loads(said.partition("DIGESTS")[2])
    return found


def publish(node: Node, title: str) -> None:
    node.command("send_message", "alice", "--notice", "--title", title)


def titles(node: Node) -> list[str]:
    return [one["title"] for one in json.loads(node.command("list_letters", "alice", "--json"))]


def is_empty(url: str) -> bool:
    with psycopg.connect(url) as connection:
        return not connection.execute(
            "SELECT 1 FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall()


_STOPPING = """
import os, sys
import django
os.environ["DJANGO_SETTINGS_MODULE"] = "sdmpweb.settings"
django.setup()
from hosting import moved
from sdmpweb.cli import main
calls = []
def stopping(name):
    do = getattr(moved, name)
    def step(*arguments):
        calls.append(name)
        if len(calls) == int(sys.argv[1]):
            print("there", flush=True)
            sys.stdin.read()
        return do(*arguments)
    setattr(moved, name, step)
stopping("put")
stopping("take_away")
main(["sdmpweb", "move_database", sys.argv[2]])
"""
COPIED, UNMARKED, MARKED = "1", "2", "3"


@contextmanager
def stopped_at(node: Node, step: str, url: str) -> Iterator[subprocess.Popen[str]]:
    """Move the node by a process that stops before one of the three steps that count.

    It goes on when its standard input is closed.
    """
    with subprocess.Popen(
        [sys.executable, "-c", _STOPPING, step, url], cwd=ROOT, env=node.environment,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "there\n"
        yield process


def kill_at(node: Node, step: str, url: str) -> None:
    """Move the node, and kill the process when it comes to one of the three steps that count."""
    with stopped_at(node, step, url) as process:
        process.send_signal(signal.SIGKILL)


def test_every_row_comes_over_and_comes_back(node: Node, url: str) -> None:
    before = digests(node)
    assert before["nodes_peer"][0] == 555
    said = node.command("move_database", url)
    assert "now, with 2 accounts, 0 messages and " in said
    there = in_database(node, url)
    assert digests(there) == before
    assert "signatures hold" in there.command("verify_journal")
    audit = (
        "from hosting.models import AuditEntry as A; print(set(A.objects.values_list('action')))"
    )
    assert "command.move_database" in there.command("shell", "-c", audit)
    publish(there, "in PostgreSQL")  # rows get numbers that are free
    between = digests(there)
    back = f"sqlite:///{node.data}/back.sqlite3"
    assert f"The node is in {back} now, with 2 accounts, 1 message and " in there.command(
        "move_database", back
    )
    assert (node.data / "back.sqlite3").stat().st_mode & 0o777 == 0o600
    here = in_database(node, back)
    assert digests(here) == between
    publish(here, "in SQLite")
    assert titles(here) == ["in PostgreSQL", "in SQLite"]
    assert refusal(there, "status").startswith(f"{_MOVED}{back} and goes on there; ")
    with psycopg.connect(url) as connection, pytest.raises(psycopg.errors.CheckViolation):
        connection.execute("INSERT INTO journal_line (position, identifier) VALUES (99, 'x')")


def test_the_old_database_never_goes_on(node: Node, url: str) -> None:
    publish(node, "before")
    secret = "rosebud-1941"  # which is shown nowhere
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE ROLE {} LOGIN SUPERUSER PASSWORD {}").format(
                sql.Identifier(f"kane_{node.port}"), sql.Literal(secret)
            )
        )
    given = url.replace("postgres@", f"kane_{node.port}:{secret}@")
    shown = [refusal(node, "move_database", given)]
    assert "move_database - <" in shown[0]
    elsewhere = given.rpartition("/")[0] + "/none"
    shown.append(refusal(node, "move_database", "-", stdin=f"{elsewhere}\n"))
    shown.append(node.command("move_database", "-", stdin=f"{given}\n"))
    moved = f"{_MOVED}{url.replace('postgres@', '')} and goes on there; "
    for arguments in (
        ["up"], ["status"], ["send_message", "alice", "--notice", "--title", "of a ghost"],
        ["restore", "--snapshot"], ["backup", str(node.data / "x.age")], ["move_database", url],
    ):  # fmt: skip
        shown.append(refusal(node, *arguments))
        assert shown[-1].startswith(moved)
    with pytest.raises(CommandFailed) as doctor:
        node.command("doctor")
    assert f"Database: {moved}" in doctor.value.stdout
    shown.append(doctor.value.stdout)
    assert all(secret not in words for words in shown)
    for path in node.data.rglob("*"):
        assert path.is_dir() or secret.encode() not in path.read_bytes()
    # Whoever was started at the wrong moment, or is of another version, cannot go on either.
    with closing(connect(node.data / "sdmpweb.sqlite3")) as database:
        assert database.execute("SELECT count(*) FROM journal_line").fetchone()[0] > 1
        with pytest.raises(IntegrityError, match="was moved"):
            database.execute("INSERT INTO journal_line (position, identifier) VALUES (99, 'x')")
    publish(in_database(node, url), "after")
    assert titles(in_database(node, url)) == ["before", "after"]


@pytest.mark.parametrize("way", ["to PostgreSQL", "to SQLite"])
def test_killed_at_any_step_it_is_in_one_database(node: Node, url: str, way: str) -> None:
    here = node
    if way == "to SQLite":
        node.command("move_database", url)
        here, url = in_database(node, url), f"sqlite:///{node.data}/back.sqlite3"
    there = in_database(node, url)
    kill_at(here, COPIED, url)
    if way == "to PostgreSQL":
        assert is_empty(url)
    publish(here, "nothing has happened")
    kill_at(here, UNMARKED, url)
    assert refusal(there, "status").startswith(_BROKEN_OFF)
    assert refusal(there, "up").startswith(_BROKEN_OFF)
    assert refusal(there, "move_database", "sqlite:////tmp/elsewhere").startswith(_BROKEN_OFF)
    publish(here, "it is still here")
    kill_at(here, MARKED, url)
    assert refusal(there, "status").startswith(_BROKEN_OFF)
    assert refusal(here, "status").startswith(_MOVED)
    elsewhere = f"sqlite:///{node.data}/elsewhere.sqlite3"
    assert refusal(here, "move_database", elsewhere).startswith(_MOVED)
    assert "now, with 2 accounts, 2 messages and " in here.command("move_database", url)
    assert refusal(here, "status").startswith(_MOVED)
    publish(there, "it has moved")
    assert titles(there) == ["nothing has happened", "it is still here", "it has moved"]
    assert "signatures hold" in there.command("verify_journal")


def test_a_process_that_starts_meanwhile_waits_and_is_refused(node: Node, url: str) -> None:
    node.command("move_database", url)
    there = in_database(node, url)
    with (
        stopped_at(there, UNMARKED, f"sqlite:///{node.data}/back.sqlite3") as mover,
        subprocess.Popen(
            [sys.executable, "-m", "sdmpweb", "status"], cwd=ROOT, env=there.environment,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        ) as starting,
        psycopg.connect(url, autocommit=True) as database,
    ):  # fmt: skip
        waiting = "SELECT 1 FROM pg_locks WHERE NOT granted"
        eventually(lambda: database.execute(waiting).fetchone(), "it waits for the move")
        assert mover.stdin is not None
        mover.stdin.close()
        assert mover.wait(60) == 0
        assert starting.wait(60) == 1
        assert starting.stderr is not None
        assert starting.stderr.read().startswith(_MOVED)


_BEAT = """
from hosting.models import Beat
Beat.objects.all().delete()
Beat.objects.create(name="worker", process="{}")
"""


def test_what_is_refused_changes_nothing(
    node: Node, url: str, services: Services, tmp_path: Path
) -> None:
    before = digests(node)
    with only_node(node.data):
        assert "A node runs already" in refusal(node, "move_database", url)
    port = services.postgresql.port
    for wrong in ("mysql://x/y", "postgres://x:y:z/w", "sqlite://", "", "x", "postgres://[x/y"):
        assert "is not the URL of a database" in refusal(node, "move_database", wrong)
    missing = f"postgres://postgres@127.0.0.1:{port}/none"
    assert 'database "none" does not exist' in refusal(node, "move_database", missing)
    closed = f"postgres://127.0.0.1:{free_port()}/none"
    assert "Connection refused" in refusal(node, "move_database", closed)
    own = f"sqlite:///{node.data}/sdmpweb.sqlite3"
    assert "is not empty" in refusal(node, "move_database", own)
    for process in ("elsewhere:7", beats.process()):
        node.command("shell", "-c", _BEAT.format(process))
        assert "The node runs, or did" in refusal(node, "move_database", url)
    empty = Node(tmp_path / "empty")
    empty.prepare()
    assert "There is no node here" in refusal(empty, "move_database", url)
    in_database(empty, url).command("migrate")
    assert "is not empty" in refusal(node, "move_database", url)
    node.command("shell", "-c", "from hosting.models import Beat; Beat.objects.all().delete()")
    assert digests(node) == before
    publish(node, "it is still here")
    with closing(connect(node.data / "sdmpweb.sqlite3")) as database:
        database.execute(
            "INSERT INTO django_migrations (app, name, applied) "
            "VALUES ('mail', '0099_later', '2030-01-01')"
        )
        database.commit()
    assert "later version of sdmpweb" in refusal(node, "move_database", url)


def test_what_would_not_be_the_node_is_not_kept(node: Node, url: str) -> None:
    secret = node.data / "node.secret"
    kept = secret.read_bytes()
    secret.write_bytes(bytes(32))
    assert "is not the one that sealed this database" in refusal(node, "move_database", url)
    secret.write_bytes(kept)
    with closing(connect(node.data / "sdmpweb.sqlite3")) as database:
        database.execute("UPDATE nodes_peer SET called_from = 'too long for it' WHERE id = 9")
        database.commit()
        assert "value too long" in refusal(node, "move_database", url)
        database.execute("UPDATE nodes_peer SET called_from = ''")
        database.execute("UPDATE journal_line SET identifier = 'forged' WHERE position = 2")
        database.commit()
    assert "The journal has a fault and was not moved" in refusal(node, "move_database", url)
    assert is_empty(url)


def test_a_node_of_an_earlier_release_is_brought_up_to_date_first(tmp_path: Path, url: str) -> None:
    node = Node(tmp_path / "house")
    node.data.mkdir(mode=0o700, parents=True)
    [release, *_] = sorted((ROOT / "tests/releases").glob("*.tar.gz"))
    with tarfile.open(release) as tar:
        tar.extractall(node.data, filter="data")
    node.command("move_database", url)
    there = in_database(node, url)
    assert json.loads((node.data / "alice.json").read_text())
    assert len(titles(there)) == len(json.loads((node.data / "alice.json").read_text()))
    assert "signatures hold" in there.command("verify_journal")
