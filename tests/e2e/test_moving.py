"""A node that moves from SQLite to PostgreSQL and back, while its peer writes to it."""

from collections import Counter

import pytest

from tests.support.nodes import Services
from tests.support.scenario import Cast, Person, befriend, check_lines

pytestmark = [pytest.mark.nodes, pytest.mark.postgresql, pytest.mark.redis]
_FORK = ("rewritten its journal", "does not chain")


def test_it_goes_on_with_its_key_and_its_journal(cast: Cast, services: Services) -> None:
    alice, bob = cast.person("alice"), cast.person("bob")
    befriend(alice, bob)
    node, home = alice.node, alice.node_fingerprint
    node.start()
    bob.node.start()
    exchange(alice, bob, "in SQLite")
    url = services.postgresql.create_database(f"moved_{node.port}")
    grown = {"DATABASE_URL": url, "REDIS_URL": services.redis.url(255)}
    said = move(cast, alice, url)
    assert f"The node is in postgres://127.0.0.1:{services.postgresql.port}/moved_" in said
    assert "with 1 account, 2 messages and " in said
    bob.send(alice, title="on the way to PostgreSQL")

    begin(cast, alice, "grown", grown)
    assert alice.gets("on the way to PostgreSQL")
    exchange(alice, bob, "in PostgreSQL")
    kept = node.data / "sdmpweb.sqlite3"
    before = kept.rename(node.data / "before.sqlite3").read_bytes()
    move(cast, alice, f"sqlite:///{kept}")
    bob.send(alice, title="on the way back")

    begin(cast, alice, "embedded", {})
    assert alice.gets("on the way back")
    exchange(alice, bob, "in SQLite again")
    moments = ("in SQLite", "in PostgreSQL", "in SQLite again")
    wanted = Counter(f"{moment}, to {name}" for moment in moments for name in ("Alice", "Bob"))
    wanted.update(["on the way to PostgreSQL", "on the way back"])
    for person in (alice, bob):
        assert Counter(person.titles()) == wanted
        person.check_journal()
        check_lines(person.journal())
        assert not [words for words in _FORK if words in person.node.read_log()]
    assert alice.node_fingerprint == home
    assert (node.data / "before.sqlite3").read_bytes() == before


def move(cast: Cast, alice: Person, url: str) -> str:
    """Stop Alice's node and move it."""
    alice.node.stop()
    alice.console.kill()
    return alice.node.command("move_database", url)


def begin(cast: Cast, alice: Person, shape: str, settings: dict[str, str]) -> None:
    """Start Alice's node in a shape, with the settings of its new database."""
    node = alice.node
    for name in ("DATABASE_URL", "REDIS_URL"):
        node.environment.pop(name, None)
    node.environment |= settings
    node.shape = shape  # type: ignore[assignment]
    node.start()
    alice.console = cast.console(node)


def exchange(alice: Person, bob: Person, word: str) -> None:
    """Let a letter go each way, with its receipt."""
    alice.send(bob, title=f"{word}, to Bob")
    bob.send(alice, title=f"{word}, to Alice")
    alice.delivered(f"{word}, to Bob")
    bob.delivered(f"{word}, to Alice")
