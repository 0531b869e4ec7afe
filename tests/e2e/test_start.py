"""A node that cannot open its keys, or was told something unknown, says so and does not start."""

import signal
import sqlite3
from collections.abc import Callable

import pytest

from tests.support.cast import DESK
from tests.support.nodes import CommandFailed, NodeProcess
from tests.support.scenario import Cast, eventually
from tests.support.world import card

pytestmark = pytest.mark.nodes


def lose(node: NodeProcess) -> None:
    """Delete the node secret."""
    (node.data / "node.secret").unlink()


def mix_up(node: NodeProcess) -> None:
    """Put another secret in the place of the node secret."""
    (node.data / "node.secret").write_bytes(bytes(32))


def cut(node: NodeProcess) -> None:
    """Cut the node secret short."""
    (node.data / "node.secret").write_bytes(bytes(31))


def open_up(node: NodeProcess) -> None:
    """Let others read the node secret."""
    (node.data / "node.secret").chmod(0o644)


@pytest.fixture(scope="module")
def node(request: pytest.FixtureRequest, lasting_cast: Callable[[], Cast]) -> NodeProcess:
    """A node of one shape, which does not run."""
    return lasting_cast().person("alice", request.param, plain=True).node


@pytest.mark.parametrize(
    ("node", "process"),
    [("embedded", "up"), ("grown", "web"), ("grown", "worker")],
    indirect=["node"],
    scope="module",
)
def test_start_is_refused_without_the_right_secret(node: NodeProcess, process: str) -> None:
    secret = (node.data / "node.secret").read_bytes()
    harms = {lose: "missing", mix_up: "not the one", cut: "32 bytes", open_up: "chmod 600"}
    for harm, word in harms.items():
        harm(node)
        node.log.write_text("")
        node.start_process(process)
        assert node.processes.pop(process).wait(120) == 1
        [sentence] = node.read_log().splitlines()
        assert word in sentence
        assert "node.secret" in sentence
        (node.data / "node.secret").write_bytes(secret)
        (node.data / "node.secret").chmod(0o600)
    node.start()
    node.stop()


def test_commands_are_refused_too(cast: Cast) -> None:
    alice = cast.person("alice", plain=True)
    lose(alice.node)
    assert alice.node.command("send_message", "alice", "--notice", status=1) == ""
    assert alice.node.command("create_account", "bob", status=1) == ""
    assert not (alice.node.data / "node.secret").exists()
    with sqlite3.connect(alice.node.data / "sdmpweb.sqlite3") as database:
        assert database.execute("SELECT COUNT(*) FROM nodes_account").fetchone() == (1,)


def test_unknown_setting_stops_the_start(cast: Cast) -> None:
    node = cast.person("alice", plain=True).node
    node.environment["SDMPWEB_ADRESS"] = "127.0.0.1:1"
    node.start_process("up")
    assert node.processes.pop("up").wait(120) == 2
    [sentence] = node.read_log().splitlines()
    assert "SDMPWEB_ADRESS" in sentence


def test_a_node_without_an_address_dials_public_ones_only(cast: Cast) -> None:
    """Which ones it may dial depends on what is in its database, and is asked before each call."""
    person = cast.person("alice", address="", plain=True)
    person.node.environment["SDMPWEB_ALLOW_PRIVATE"] = "false"
    person.command("add_contact", "alice", person.file("bob.sdmp", card(DESK)))
    person.node.start()
    eventually(lambda: "peer not reached" in person.node.read_log() or None, "bob is called")
    assert "192.0.2.3 is not a public address" in person.node.read_log()


LOOK = """
import atexit, os, signal, sys
atexit.register(print, "the end")
files = os.listdir("/proc/self/fd")
handled = {n.name: str(signal.getsignal(n)) for n in signal.valid_signals() if hasattr(n, "name")}
environment = {n: v for n, v in os.environ.items() if n != "LC_CTYPE"}
print(environment, os.getcwd(), sys.path[0], os.umask(0), len(files), handled, os.getppid())
print(os.path.basename(sys.argv[0]), sys.argv[1:2], sys.stdin.read(), os.getpgid(0))
sys.exit(3)
"""


def test_a_node_of_a_test_starts_as_one_of_an_owner(cast: Cast) -> None:
    """What `tests.support.starter` starts is as what anybody starts."""
    node = cast.person("alice").node
    seen = []
    for node.plain in (True, False):
        with pytest.raises(CommandFailed) as ended:
            node.command("shell", "--no-imports", "-c", LOOK, stdin="some text")
        seen.append((ended.value.status, ended.value.stdout, ended.value.stderr))
    assert seen[0] == seen[1]
    assert seen[0][0] == 3
    assert seen[0][1].endswith("the end\n")
    for node.plain in (True, False):
        node.start()
        process = node.processes["up"]
        process.kill()
        assert process.wait() == -signal.SIGKILL
