"""Two of everything behind nginx: a node that goes on, whichever of its processes is killed."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack

import httpx
import psycopg
import pytest
from websockets.exceptions import InvalidStatus

from sdmp import limits
from sdmp.card import read_card
from sdmp.resource import peek_identity
from tests.support.hostile import Actor, Link, Target, calling, linked
from tests.support.nodes import PROCESSES
from tests.support.scenario import Cast, Person, befriend, eventually

pytestmark = [pytest.mark.nodes, pytest.mark.postgresql, pytest.mark.redis]
EACH_WAY = 10


@pytest.fixture(scope="module")
def pair(lasting_cast: Callable[[], Cast]) -> Iterator[tuple[Cast, Person, Person]]:
    """Alice, whose node is of many processes, and Bob, whose node is one."""
    cast = lasting_cast()
    alice, bob = cast.person("alice", "wide"), cast.person("bob")
    befriend(alice, bob)
    alice.node.start()
    bob.node.start()
    yield cast, alice, bob
    cast.end()


def test_letters_go_both_ways(pair: tuple[Cast, Person, Person]) -> None:
    _, alice, bob = pair
    alice.send(bob, title="there")
    alice.delivered("there")
    bob.send(alice, title="and back")
    bob.delivered("and back")


async def test_limits_hold_for_all_processes(pair: tuple[Cast, Person, Person]) -> None:
    """Rita calls the two that take calls by turns, past nginx."""
    alice = pair[1]
    card = read_card(alice.node.command("export_card", alice.username))
    user, node = [key for envelope in card if (key := peek_identity(envelope)) is not None]
    doors = [Target(port, user, node) for port in alice.node.ports.values()] * limits.UNPROVED_TOTAL
    rita = Actor("Rita")
    alice.node.command("add_contact", alice.username, "-", stdin=rita.card().decode())
    async with AsyncExitStack() as stack:
        links: list[Link] = [
            await stack.enter_async_context(linked(rita, door, fetches=False))
            for door in doors[: limits.SESSIONS_PER_PEER]
        ]
        assert not any(link.ended.is_set() for link in links)
        # The oldest is with the one, and one more comes to the other.
        links.append(await stack.enter_async_context(linked(rita, doors[1], fetches=False)))
        await links[0].end()
        await asyncio.sleep(1)
        assert not any(link.ended.is_set() for link in links[1:])
    async with AsyncExitStack() as stack:
        for door in doors[: limits.UNPROVED_PER_ADDRESS]:
            await stack.enter_async_context(calling(rita, door, source="127.0.0.77"))
        for door in doors[:2]:
            with pytest.raises(InvalidStatus):
                await stack.enter_async_context(calling(rita, door, source="127.0.0.77"))


def test_a_peer_that_is_asked_calls_back(pair: tuple[Cast, Person, Person]) -> None:
    """The doctor, in whichever worker it runs, with the session in whichever process it is."""
    alice = pair[1]
    with psycopg.connect(alice.node.environment["DATABASE_URL"]) as database:
        database.execute("UPDATE nodes_peer SET last_called = NULL")
    said = json.loads(alice.node.command("doctor", "--json", status=1))
    lines = {line["slug"]: line for line in said["checks"]}
    assert lines["call"]["state"] == "ok", lines["call"]
    assert "bob's called" in lines["call"]["sentence"]
    for name in ("websocket", "database", "broker", "web", "worker", "schedule"):
        assert lines[name]["state"] == "ok", lines[name]
    assert "of PostgreSQL" in lines["database_disk"]["sentence"]


@pytest.mark.parametrize("victim", PROCESSES["wide"])
def test_nothing_is_lost_when_one_is_killed(pair: tuple[Cast, Person, Person], victim: str) -> None:
    """All arrives while the process is gone, and once."""
    _, alice, bob = pair
    before = {person.username: _count(person) for person in (alice, bob)}
    senders = [pair[0].console(person.node) for person in (alice, bob)]
    for sender, person, other in zip(senders, (alice, bob), (bob, alice), strict=True):
        sender.begin(
            send=EACH_WAY, username=person.username, to=[other.user], title=victim, pause=0.1
        )
    some = before["alice"]["incoming"] + 2
    eventually(lambda: _count(alice)["incoming"] >= some, "alice has the first ones")
    alice.node.kill(victim)
    sent = {uri for sender in senders for uri in sender.finish()["sent"]}
    for sender in senders:
        sender.kill()
    wanted = {
        name: {
            "letters": count["letters"] + 2 * EACH_WAY,
            "incoming": count["incoming"] + EACH_WAY,
            "received": count["received"] + EACH_WAY,
        }
        for name, count in before.items()
    }
    for person in (alice, bob):
        # Not the receipts alone: what the other has sent may still be on its way.
        full = wanted[person.username]
        eventually(
            lambda p=person, w=full: all(_count(p)[name] >= w[name] for name in w),  # type: ignore[misc]
            f"{person.username} has all letters and receipts, without {victim}",
        )
        assert _count(person) == full
        resources = [letter["resource"] for letter in person.letters()]
        assert len(resources) == len(set(resources))
        assert sent <= set(resources)
        person.check_journal()
    assert httpx.get(f"{alice.node.url}/health", trust_env=False).status_code == 200
    alice.node.start_process(victim)
    alice.node.wait_until_up()


def _count(person: Person) -> dict[str, int]:
    return person.console.ask(count=person.username)
