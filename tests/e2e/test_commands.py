"""The commands as others script against them: help, exit statuses, one sentence, nothing half."""

import json
import sqlite3
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.console import Console
from tests.support.scenario import PASSWORD, Cast, Person, befriend

pytestmark = pytest.mark.nodes

COMMANDS = (
    "up", "init_node", "create_account", "export_card", "add_contact", "send_message",
    "list_letters", "list_contacts", "export_node", "authorise_node", "serve_user",
    "withdraw_trust", "revoke", "link_peers", "export_journal", "verify_journal", "inspect",
    "status", "demo", "list_accounts", "invite", "suspend_account", "login_link", "set_quota",
)  # fmt: skip
NOBODY = "A" * 86


@pytest.fixture(scope="module")
def people(lasting_cast: Callable[[], Cast]) -> tuple[Person, Person, Person]:
    """Alice and Bob, who know each other, and Carol, a stranger. Their nodes do not run."""
    cast = lasting_cast()
    alice, bob, carol = (cast.person(name) for name in ("alice", "bob", "carol"))
    befriend(alice, bob)
    return alice, bob, carol


@pytest.fixture
def alice(people: tuple[Person, Person, Person]) -> Person:
    """Alice, who knows Bob."""
    return people[0]


@pytest.fixture(scope="module")
def contents(people: tuple[Person, Person, Person]) -> dict[str, str]:
    """What stands in files given to commands, by the files' names."""
    alice, _, carol = people
    return {
        "nonsense": "This is no JSON.",
        "empty": "",
        "list": "[]",
        "object": "{}",
        "own": alice.card(),
        "stranger": carol.card(),
        "offer": carol.command("export_node"),
        "password": PASSWORD,
        "weak": "secret\n",
    }


@pytest.fixture(scope="module")
def names(people: tuple[Person, Person, Person]) -> dict[str, str]:
    """Fingerprints and a URI given to commands."""
    alice, bob, carol = people
    identity = alice.journal()[1].partition("@")[2]
    return {"bob": bob.user, "carol": carol.user, "identity": f"sdmp://{identity}"}


@pytest.fixture
def fresh(cast: Cast) -> Console:
    """The commands of a node that has not been made."""
    return cast.console(cast._make_node("fresh"))


def fails(done: subprocess.CompletedProcess[str], *words: str, status: int = 1) -> None:
    """Check that a command failed with one sentence on stderr that has these words in it."""
    assert done.returncode == status, done
    assert done.stdout == ""
    [sentence] = done.stderr.splitlines()
    assert sentence.endswith("."), sentence
    assert "Traceback" not in sentence
    for word in words:
        assert word in sentence


def snapshot(person: Person) -> dict[str, int]:
    """Count the rows of every table of a node."""
    with sqlite3.connect(person.node.data / "sdmpweb.sqlite3") as database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {
            name: database.execute(f'SELECT COUNT(*) FROM "{name}"').fetchone()[0]
            for (name,) in tables
        }


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_help(alice: Person, name: str) -> None:
    done = alice.console.run(name, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: ")
    assert name in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["add_contact"],
        ["add_contact", "alice"],
        ["create_account"],
        ["init_node", "--name", "x"],
        ["send_message"],
        ["send_message", "alice", "--to"],
        ["list_letters"],
        ["list_letters", "alice", "--nonsense"],
        ["authorise_node", "alice"],
        ["serve_user"],
        ["serve_user", "card", "--password-file", "f"],
        ["withdraw_trust", "alice"],
        ["revoke"],
        ["inspect"],
        ["link_peers", "--peer"],
        ["list_accounts", "alice"],
        ["invite", "--lifetime", "year"],
        ["suspend_account"],
        ["login_link"],
        ["set_quota", "alice"],
        ["set_quota", "alice", "much"],
        ["set_quota", "alice", "-5"],
        ["set_quota", "alice", "99999TB"],
    ],
    ids=" ".join,
)
def test_wrong_use_is_status_2(alice: Person, arguments: list[str]) -> None:
    done = alice.console.run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["export_card", "nobody"],
        ["add_contact", "nobody", "{card}"],
        ["send_message", "nobody", "--notice"],
        ["list_letters", "nobody", "--json"],
        ["list_contacts", "nobody", "--json"],
        ["authorise_node", "nobody", "{offer}"],
        ["withdraw_trust", "nobody", NOBODY],
        ["invite", "--owner", "nobody"],
        ["suspend_account", "nobody"],
        ["login_link", "nobody"],
        ["set_quota", "nobody", "2GB"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_unknown_account_is_one_sentence(alice: Person, arguments: list[str]) -> None:
    given = [alice.file("c", alice.card()) if a.startswith("{") else a for a in arguments]
    fails(alice.console.run(*given), "nobody")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["add_contact", "alice", "{missing}"], "missing"),
        (["add_contact", "alice", "{directory}"], "directory"),
        (["add_contact", "alice", "{nonsense}"], "not a card"),
        (["add_contact", "alice", "{empty}"], "not a card"),
        (["add_contact", "alice", "{binary}"], "not a card"),
        (["add_contact", "alice", "{own}"], "your own card"),
        (["add_contact", "alice", "{offer}"], "not a card"),
        (["add_contact", "alice", "{list}"], "card"),
        (["authorise_node", "alice", "{missing}"], "missing"),
        (["authorise_node", "alice", "{nonsense}"], "not a node's offer"),
        (["authorise_node", "alice", "{own}"], "not a node's offer"),
        (["authorise_node", "alice", "{offer}", "--until", "tomorrow"], "timestamp"),
        (["authorise_node", "alice", "{offer}", "--until", "2026-02-30T00:00:00.000Z"], "timest"),
        (["authorise_node", "alice", "{offer}", "--until", "2020-01-01T00:00:00.000Z"], "past"),
        (["serve_user", "{missing}"], "missing"),
        (["serve_user", "{nonsense}"], "not a card"),
        (["serve_user", "{stranger}"], "trust"),
        (["serve_user", "{stranger}", "--account", "carol"], "password"),
        (["send_message", "alice"], "recipient"),
        (["send_message", "alice", "--notice", "--to", "{bob}"], "notice"),
        (["send_message", "alice", "--to", "bob"], "not a fingerprint"),
        (["send_message", "alice", "--to", NOBODY], "contact"),
        (["send_message", "alice", "--to", "{carol}"], "contact"),
        (["send_message", "alice", "--to", "{bob}", "--body-file", "{missing}"], "missing"),
        (["send_message", "alice", "--to", "{bob}", "--body-file", "{binary}"], "UTF-8"),
        (["send_message", "alice", "--to", "{bob}", "--attach", "{missing}"], "missing"),
        (["send_message", "alice", "--to", "{bob}", "--reply-to", "nonsense"], "nonsense"),
        (["send_message", "alice", "--to", "{bob}", "--reply-to", "sdmp://{bob}/"], "person"),
        (["withdraw_trust", "alice", "nonsense"], "fingerprint"),
        (["withdraw_trust", "alice", NOBODY], "trust"),
        (["revoke", "nonsense"], "URI"),
        (["revoke", f"sdmp://{NOBODY}/{NOBODY}"], "no such resource"),
        (["revoke", "{identity}"], "recovery phrase"),
        (["link_peers", "--peer", NOBODY], "No account"),
        (["inspect", "{missing}"], "missing"),
        (["inspect", "{nonsense}"], "not JSON"),
        (["inspect", "{empty}"], "not JSON"),
        (["inspect", "{password}"], "not JSON"),
        (["inspect", "{object}"], "not a container"),
        (["create_account", "alice", "--password-file", "{password}"], "exists"),
        (["create_account", "a b", "--password-file", "{password}"], ""),
        (["create_account", "dave", "--password-file", "{weak}"], "short"),
        (["create_account", "dave", "--password-file", "{empty}"], "password"),
        (["create_account", "dave", "--password-file", "{missing}"], "missing"),
        (["create_account", "dave"], "password"),
        (["create_account", "dave", "--password-file", "{password}", "--recovery-file", "{own}"],
         "exists already"),
        (["create_account", "dave", "--password-file", "{password}", "--recovery-file", "/no/x"],
         "cannot be written"),
        (["init_node", "--name", "x", "--owner", "y", "--password-file", "{password}"], "owner"),
        (["suspend_account", "alice"], "only owner"),
        (["suspend_account", "alice", "--undo"], "not suspended"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)  # fmt: skip
def test_wrong_input_is_one_sentence_and_changes_nothing(
    alice: Person,
    contents: dict[str, str],
    names: dict[str, str],
    tmp_path: Path,
    arguments: list[str],
    word: str,
) -> None:
    given = {name: str(tmp_path / name) for name in (*contents, "missing", "binary", "directory")}
    for name, content in contents.items():
        (tmp_path / name).write_text(content)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "directory").mkdir()
    before, files = snapshot(alice), sorted(tmp_path.iterdir())
    fails(alice.console.run(*(a.format(**given, **names) for a in arguments)), word)
    assert snapshot(alice) == before
    assert sorted(tmp_path.iterdir()) == files
    assert (tmp_path / "own").read_text() == contents["own"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["export_card", "alice"], ["list_letters", "alice"], ["export_node"], ["export_journal"],
        ["verify_journal"], ["status"], ["link_peers"], ["list_accounts"], ["invite"],
        ["create_account", "dave", "--password-file", "{password}"],
    ],
    ids=lambda arguments: arguments[0],
)  # fmt: skip
def test_node_that_was_not_made_is_one_sentence(
    fresh: Console, cast: Cast, arguments: list[str]
) -> None:
    fails(fresh.run(*(a.format(password=cast.password) for a in arguments)))


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--name", "", "--owner", "alice"], "name"),
        (["--name", "x", "--owner", ""], ""),
        (["--name", "x", "--owner", "alice", "--address", "nonsense"], "host:port"),
        (["--name", "x", "--owner", "alice", "--recovery-file", "/no/such"], "written"),
    ],
)
def test_failed_init_leaves_nothing_and_can_be_done_again(
    fresh: Console, cast: Cast, tmp_path: Path, options: list[str], word: str
) -> None:
    password = ["--password-file", str(cast.password)]
    fails(fresh.run("init_node", *options, *password), word)
    fails(fresh.run("status"), "no owner")
    kit = tmp_path / "kit.sdmp"
    made = fresh.command(
        "init_node", "--name", "x", "--owner", "alice", "--recovery-file", str(kit), *password
    )
    assert [line.split()[0] for line in made.splitlines()] == ["node", "user", "recovery"]
    assert len(made.splitlines()[2].partition(": ")[2].split()) == 12
    assert stat.S_IMODE(kit.stat().st_mode) == 0o600
    assert stat.S_IMODE((fresh.node.data / "node.secret").stat().st_mode) == 0o600
    assert len(fresh.command("export_journal").splitlines()) == 6


def test_journal_begins_in_the_prescribed_order(alice: Person) -> None:
    lines = alice.journal()
    kinds = [alice.console.ask(resources=[i])["resources"][0] for i in _identifiers(lines)[:5]]
    described = [json.loads(alice.command("inspect", "-", stdin=json.dumps(k))) for k in kinds]
    sections = [next(iter(d["payload"]["sections"])) for d in described]
    assert lines[0] == alice.node_fingerprint
    assert sections == ["identity", "trust", "identity", "user", "node"]
    assert [d["signer"] for d in described] == [alice.user] * 2 + [lines[0]] * 3


def test_inspect_says_of_cards_whether_they_verify(alice: Person) -> None:
    card = json.loads(alice.card())
    entries = json.loads(alice.command("inspect", "-", stdin=json.dumps(card)))
    assert [entry["verifies"] for entry in entries] == ["yes"] * 5
    assert {entry["payload"]["user"] for entry in entries} == {alice.user}
    protected = card[1]["signature"]["signatures"][0]
    other = card[2]["signature"]["signatures"][0]["signature"]
    card[1]["signature"]["signatures"][0] = {**protected, "signature": other}
    entries = json.loads(alice.command("inspect", "-", stdin=json.dumps(card)))
    assert entries[1]["verifies"].startswith("no: ")
    assert entries[0]["verifies"] == "yes"


def test_inspect_reads_offers_and_kits(alice: Person, cast: Cast, tmp_path: Path) -> None:
    offer = json.loads(alice.command("inspect", "-", stdin=alice.command("export_node")))
    assert (offer["kind"], offer["fingerprint"]) == ("offer", alice.node_fingerprint)
    assert offer["ips"] == [alice.node.address]
    kit = tmp_path / "kit.sdmp"
    cast.account(alice, "kim", "--recovery-file", str(kit))
    described = json.loads(alice.command("inspect", str(kit)))
    assert described["schemas"] == ["private_key"]
    assert "ENCRYPTED PRIVATE KEY" in described["sections"]["private_key"]["key"]


def test_inspect_needs_no_node(fresh: Console, alice: Person) -> None:
    done = fresh.run("inspect", "-", stdin=alice.card())
    assert done.returncode == 0
    assert not (fresh.node.data / "sdmpweb.sqlite3").exists()


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ("UPDATE journal_resource SET payload = CAST(payload || ' ' AS BLOB) WHERE kind = 'user'", "sdmp://"),
        ("UPDATE journal_resource SET signature = (SELECT signature FROM journal_resource"
         " WHERE kind = 'node') WHERE kind = 'user'", "sdmp://"),
        ("UPDATE journal_line SET identifier = substr(identifier, 1, 85) || 'Q' WHERE position = 4"
         " AND identifier NOT LIKE '%Q'", "4"),
        ("DELETE FROM journal_line WHERE position = 4", "4"),
        ("DELETE FROM journal_line WHERE position = (SELECT max(position) FROM journal_line)",
         "last"),
        ("UPDATE nodes_localnode SET head_position = head_position + 1", "last"),
    ],
    ids=["payload", "signature", "line", "missing line", "missing end", "head"],
)  # fmt: skip
def test_verify_journal_finds_what_was_tampered_with(cast: Cast, change: str, word: str) -> None:
    alice = cast.person("alice")
    alice.send(title="one more")
    alice.check_journal()
    with sqlite3.connect(alice.node.data / "sdmpweb.sqlite3") as database:
        changed = database.execute(change).rowcount
        if not changed:  # one in four line identifiers ends as the change would have it
            database.execute(change.replace("'Q'", "'g'").replace("NOT LIKE '%Q'", "LIKE '%Q'"))
    done = alice.console.run("verify_journal")
    assert done.returncode == 1
    assert any(word in line for line in done.stderr.splitlines()), done.stderr
    assert "Traceback" not in done.stderr


def test_an_owner_does_by_command_what_the_panel_does(alice: Person, cast: Cast) -> None:
    cast.account(alice, "lena")
    inviting = alice.console.run("invite", "--name", "Lou", "--lifetime", "day")
    alice.command("suspend_account", "lena")
    fails(alice.console.run("login_link", "lena"), "suspended")
    assert "suspended  lena" in alice.command("list_accounts")
    alice.command("suspend_account", "lena", "--undo")
    linking = alice.console.run("login_link", "lena", "--clear-factors")
    alice.command("set_quota", "lena", "1.5GB", status=2)
    alice.command("set_quota", "lena", "1500MB")
    listed = json.loads(alice.command("list_accounts", "--json"))
    [lena] = [account for account in listed if account["username"] == "lena"]
    assert (lena["suspended"], lena["quota"]) == (False, 1_500_000_000)
    with sqlite3.connect(alice.node.data / "sdmpweb.sqlite3") as database:
        noted = database.execute(
            'SELECT action, about, details FROM hosting_auditentry WHERE "where" = ? ORDER BY id',
            ("command",),
        ).fetchall()[-5:]
        everything = "".join(database.iterdump())
    assert noted == [
        ("account.invite", "Lou", '{"days": 1}'),
        ("account.suspend", "lena", "{}"),
        ("account.let_in", "lena", "{}"),
        ("account.login_link", "lena", '{"factors": true}'),
        ("account.rights", "lena", '{"quota": 1500000000}'),
    ]
    for done in (inviting, linking):
        assert done.returncode == 0, done
        token = done.stdout.splitlines()[0].rpartition("/")[2]
        assert len(token) == 32
        for elsewhere in (everything, done.stderr, alice.node.read_log()):
            assert token not in elsewhere


def test_exports_are_the_same_twice(alice: Person) -> None:
    assert alice.card() == alice.card()
    assert alice.journal() == alice.journal()
    assert not alice.command("export_journal").endswith("\n")


def test_journal_can_be_inspected_line_by_line_from_a_card_alone(
    people: tuple[Person, Person, Person],
) -> None:
    alice, bob, _ = people
    held = _identifiers(alice.journal())
    for entry in json.loads(bob.card()):
        assert entry["signature"]["identifier"] in held


def _identifiers(lines: list[str]) -> list[str]:
    return [line.rpartition("/")[2] for line in lines[1:]]
