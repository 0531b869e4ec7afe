"""The doctor on real nodes: a peer is asked to call back, and does or cannot."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.ports import free_port
from tests.support.proxies import Authority, Nginx
from tests.support.scenario import Cast, Person, befriend, eventually

pytestmark = pytest.mark.nodes


def _examined(person: Person, status: int | None = None) -> dict[str, dict[str, Any]]:
    """Have a node check itself, and give the lines by their names."""
    said = person.node.command("doctor", "--json", status=1 if status is None else status)
    return {line["slug"]: line for line in json.loads(said)["checks"]}


def _forget_calls(person: Person) -> None:
    """Let it look as if nobody had called yet, so that somebody has to be asked."""
    with sqlite3.connect(person.node.data / "sdmpweb.sqlite3", timeout=20) as database:
        database.execute("UPDATE nodes_peer SET last_called = NULL")
    database.close()


def _in_contact(person: Person) -> bool:
    return any(peer["last_contact"] for peer in person.status()["peers"])


@pytest.fixture(scope="module")
def pair(lasting_cast: Callable[[], Cast]) -> tuple[Person, Person]:
    """Alice, and Bob, whose node says that it is reached where nobody listens."""
    cast = lasting_cast()
    alice = cast.person("alice")
    bob = cast.person("bob", address=f"127.0.0.1:{free_port()}")
    befriend(alice, bob)
    alice.node.start()
    bob.node.start()
    for person in (alice, bob):
        eventually(partial(_in_contact, person), f"{person.username} is in contact")
    return alice, bob


def test_a_peer_that_is_asked_calls_back(pair: tuple[Person, Person]) -> None:
    alice, _ = pair
    _forget_calls(alice)
    lines = _examined(alice)
    assert lines["call"]["state"] == "ok", lines["call"]
    assert "bob's called" in lines["call"]["sentence"]
    assert "only your own network" in lines["call"]["sentence"]
    assert lines["websocket"]["state"] == "ok", lines["websocket"]
    for name in ("database", "broker", "web", "worker", "schedule", "secret", "versions"):
        assert lines[name]["state"] == "ok", lines[name]
    # What keeps this one from being all well is an address that only this machine reaches.
    assert lines["address"]["state"] == "warn"
    assert "node" not in lines


def test_at_a_wrong_address_no_call_comes(pair: tuple[Person, Person]) -> None:
    alice, bob = pair
    lines = _examined(bob)
    assert lines["call"]["state"] == "bad", lines["call"]
    assert f"alice's was asked to call {bob.node.address}" in lines["call"]["sentence"]
    assert "right address" in lines["call"]["todo"]
    assert lines["websocket"]["state"] == "bad"
    assert "nothing listens there" in lines["websocket"]["sentence"]
    # And they talk again.
    bob.send(alice, title="after the check")
    alice.gets("after the check")


def test_behind_a_proxy_with_a_certificate(cast: Cast, tmp_path: Path) -> None:
    """nginx as deploy/ sets it up; its certificate is one of the tests, and ends tomorrow."""
    authority = Authority(tmp_path)
    port = free_port()
    settings = {
        "SDMPWEB_URL": f"https://127.0.0.1:{port}",
        "SDMPWEB_PROXIES": "127.0.0.1",
        "SSL_CERT_FILE": str(authority.authority),
    }
    erin = cast.person("erin", address="", settings=settings)
    erin.node.start()
    lines = _examined(erin)
    assert lines["websocket"]["state"] == "bad"
    assert "nothing listens there" in lines["websocket"]["sentence"]
    assert lines["tls"]["state"] == "unknown"
    with Nginx(tmp_path / "nginx", [erin.node.port], authority, port):
        lines = _examined(erin)
    assert lines["websocket"]["state"] == "ok", lines["websocket"]
    assert lines["proxy"]["state"] == "ok", lines["proxy"]
    assert lines["tls"]["state"] == "warn"
    assert lines["pages"]["state"] == "ok"
    stranger = free_port()
    with Nginx(tmp_path / "elsewhere", [stranger], authority, port):
        lines = _examined(erin)
    assert lines["websocket"]["state"] == "bad"
    assert "does not speak the protocol" in lines["websocket"]["sentence"]


def test_a_node_that_does_not_run_says_so(cast: Cast) -> None:
    carol = cast.person("carol")
    lines = _examined(carol)
    assert lines["node"]["state"] == "bad"
    assert "sdmpweb up" in lines["node"]["todo"]
    assert lines["database"]["state"] == "ok"
    assert "call" not in lines
    said = carol.node.command("doctor", status=1)
    assert "to mend" in said.splitlines()[0]
    assert "It does not run" in said


def test_a_dead_worker_is_told_of(cast: Cast) -> None:
    dora = cast.person("dora", "grown")
    dora.node.start()
    eventually(lambda: _examined(dora)["worker"]["state"] == "ok", "the worker is seen")
    dora.node.kill(*(name for name in dora.node.processes if name.startswith("worker")))
    lines = _examined(dora)
    assert lines["worker"]["state"] == "bad"
    assert "sdmpweb worker" in lines["worker"]["todo"]
    assert lines["web"]["state"] == lines["schedule"]["state"] == lines["broker"]["state"] == "ok"
