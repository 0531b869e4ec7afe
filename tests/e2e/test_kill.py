"""kill -9 of each process in the middle of 200 messages each way: all arrives, once."""

import itertools
from collections.abc import Callable, Iterator

import pytest

from tests.support.nodes import NodeProcess
from tests.support.scenario import Cast, Person, befriend, eventually

pytestmark = pytest.mark.nodes
MESSAGES = 200
HALF = MESSAGES // 2
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def pair(
    request: pytest.FixtureRequest, lasting_cast: Callable[[], Cast]
) -> Iterator[tuple[Cast, Person, Person]]:
    """Alice and Bob, whose nodes run in the same shape."""
    cast = lasting_cast()
    alice, bob = cast.person("alice", request.param), cast.person("bob", request.param)
    befriend(alice, bob)
    for person in (alice, bob):
        person.node.start()
    alice.send(bob, title="first")
    alice.delivered("first")
    yield cast, alice, bob
    cast.end()


@pytest.mark.parametrize(
    ("pair", "process"),
    [
        ("embedded", "up"), ("grown", "web"), ("grown", "worker"), ("grown", "beat"),
        ("grown", "all"),
    ],
    indirect=["pair"],
    scope="module",
)  # fmt: skip
def test_nothing_is_lost_or_doubled(pair: tuple[Cast, Person, Person], process: str) -> None:
    cast, alice, bob = pair
    before = _count(alice), _count(bob)
    journals = alice.journal(), bob.journal()
    title = f"{process} {next(_numbers)}"
    senders = [cast.console(person.node) for person in (alice, bob)]
    sent: set[str] = set()
    for victim, seen, earlier in ((alice, before[0], 0), (bob, before[1], HALF)):
        for sender, person, other in zip(senders, (alice, bob), (bob, alice), strict=True):
            sender.begin(
                send=HALF, username=person.username, to=[other.user], title=title, pause=0.02
            )
        came = _comes(victim, seen["incoming"] + earlier + 20)
        assert came < seen["incoming"] + earlier + HALF, "too late to be in the middle"
        _kill(victim.node, process)
        for sender in senders:
            sent.update(sender.finish()["sent"])
    for sender in senders:
        sender.kill()
    assert len(sent) == 2 * MESSAGES
    for person, seen in ((alice, before[0]), (bob, before[1])):
        # Not the receipts alone: what the other has sent may still be on its way.
        wanted = {
            "letters": seen["letters"] + 2 * MESSAGES,
            "incoming": seen["incoming"] + MESSAGES,
            "received": seen["received"] + MESSAGES,
        }
        eventually(
            lambda p=person, w=wanted: all(_count(p)[name] >= w[name] for name in w),  # type: ignore[misc]
            f"{person.username} has all letters and receipts",
            120,
        )
        assert _count(person) == wanted
    for listed in (alice.letters(), bob.letters()):
        resources = [letter["resource"] for letter in listed]
        assert len(resources) == len(set(resources))
        assert sent <= set(resources)
        states = {d["state"] for letter in listed for d in letter["deliveries"]}
        assert states == {"received"}
    _check_journals((alice, bob), journals)


def _check_journals(people: tuple[Person, Person], before: tuple[list[str], list[str]]) -> None:
    """Check that the journals hold, go on from where they were, and hold the same of both users.

    Each message and each receipt has a line in both, so a receipt given twice would show.
    """
    entries = []
    for person, earlier in zip(people, before, strict=True):
        person.check_journal()
        lines = person.journal()
        assert lines[: len(earlier)] == earlier
        assert len(lines) == len(earlier) + 4 * MESSAGES
        entries.append({line.partition("@")[2] for line in lines[len(earlier) :]})
        log = person.node.read_log()
        assert "rewritten" not in log
        assert "does not chain" not in log
    assert entries[0] == entries[1]


def _kill(node: NodeProcess, process: str) -> None:
    names = list(node.processes) if process == "all" else [process]
    node.kill(*names)
    for name in names:
        node.start_process(name)
    node.wait_until_up()


def _count(person: Person) -> dict[str, int]:
    return person.console.ask(count=person.username)


def _comes(person: Person, number: int) -> int:
    def look() -> int:
        incoming = _count(person)["incoming"]
        return incoming if incoming >= number else 0

    return eventually(look, f"{person.username} has {number} letters")
