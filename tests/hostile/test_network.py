"""What somebody on the network sees and can do, who takes in everything between two nodes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.nodes import NodeProcess
from tests.support.ports import free_port
from tests.support.scenario import Cast, Person, befriend, eventually

pytestmark = pytest.mark.nodes
_BLOCK = 65_536


def frames(stream: bytes) -> list[tuple[bytes, bytes]]:
    """Take one direction of a call apart (RFC 6455 §5.2): the bytes sent, and what they say.

    The first is the head of the HTTP request or its answer.
    """
    head, _, rest = stream.partition(b"\r\n\r\n")
    found = [(head + b"\r\n\r\n", head)]
    while len(rest) >= 2:
        length, place = rest[1] & 0x7F, 2
        if length >= 126:
            wide = 2 if length == 126 else 8
            length, place = int.from_bytes(rest[2 : 2 + wide]), 2 + wide
        mask = rest[place : place + 4] if rest[1] & 0x80 else b""
        place += len(mask)
        text = rest[place : place + length]
        if mask:
            text = bytes(byte ^ mask[i % 4] for i, byte in enumerate(text))
        found.append((rest[: place + length], text))
        rest = rest[place + length :]
    return found


class Wiretap:
    """Passes bytes on between callers and a node, keeps them, and may change some."""

    def __init__(self) -> None:
        self.port = free_port()
        self.behind = 0
        self.heard: list[tuple[bytearray, bytearray]] = []  # of each call: there, and back
        self.change: Callable[[bytes], bytes] = lambda data: data  # of what the node answers
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._listen, daemon=True).start()

    def everything(self) -> bytes:
        """All that was heard, both ways, as a listener reads it who knows WebSocket."""
        return b"".join(
            text for call in self.heard for part in call for _, text in frames(bytes(part))
        )

    def replay(self, call: int) -> bytes:
        """Say once more what a caller said, frame by frame, and return what the node answers."""
        said = frames(bytes(self.heard[call][0]))
        with socket.create_connection(("127.0.0.1", self.behind), timeout=5) as again:
            answer = bytearray()
            with suppress(TimeoutError, ConnectionError):
                for sent, _ in said[:2]:  # the call, and the first value
                    again.sendall(sent)
                    answer += again.recv(_BLOCK)
                again.sendall(b"".join(sent for sent, _ in said[2:]))
                while block := again.recv(_BLOCK):
                    answer += block
            return bytes(answer)

    def close(self) -> None:
        """Listen no longer."""
        self._listener.close()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                caller, _ = self._listener.accept()
                callee = socket.create_connection(("127.0.0.1", self.behind))
                there, back = bytearray(), bytearray()
                self.heard.append((there, back))
                self._pass_on(caller, callee, there, lambda data: data)
                self._pass_on(callee, caller, back, lambda data: self.change(data))

    def _pass_on(
        self,
        source: socket.socket,
        target: socket.socket,
        kept: bytearray,
        change: Callable[[bytes], bytes],
    ) -> None:
        def run() -> None:
            with suppress(OSError):
                while data := source.recv(_BLOCK):
                    kept.extend(data)
                    target.sendall(change(data))
            for end in (source, target):
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

        threading.Thread(target=run, daemon=True).start()


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Person, Person, Wiretap]]:
    """Alice, who only calls; Bob, who is reached through the wiretap alone."""
    directory: Path = tmp_path_factory.mktemp("network")
    tap = Wiretap()
    cast = Cast(
        directory, lambda name, shape="embedded", **o: NodeProcess(directory / name, shape, **o)
    )
    alice = cast.person("augustine", address="")
    bob = cast.person("bartholomew", address=f"127.0.0.1:{tap.port}")
    tap.behind = bob.node.port
    befriend(alice, bob)
    bob.node.start()
    alice.node.start()
    yield alice, bob, tap
    cast.end()
    tap.close()


def _arrives(reader: Person, title: str) -> None:
    eventually(
        lambda: any(x["title"] == title for x in reader.letters()),
        f"{title!r} at {reader.username}",
    )


def test_nothing_is_read_on_the_way(scene: tuple[Person, Person, Wiretap]) -> None:
    alice, bob, tap = scene
    alice.send(bob, title="The xylophone is hidden")
    bob.send(alice, title="Under the gamelan")
    alice.delivered("The xylophone is hidden")  # with the receipts nothing more is to come
    bob.delivered("Under the gamelan")
    heard = tap.everything()
    assert heard.count(b"shared_key") > 1, "the wiretap did not hear both sides"
    secrets = [
        "xylophone", "gamelan", "augustine", "bartholomew", alice.user, bob.user,
        alice.node_fingerprint, bob.node_fingerprint, "BEGIN PUBLIC KEY", "broadcast",
    ]  # fmt: skip
    assert [text for text in secrets if text.encode() in heard] == []


def test_what_was_said_before_opens_nothing(scene: tuple[Person, Person, Wiretap]) -> None:
    alice, bob, tap = scene
    before = bob.journal()
    answer = tap.replay(0)
    assert b"shared_key" in answer, "the node did not even answer"
    assert len(frames(answer)) < len(frames(bytes(tap.heard[0][1]))), "it was taken for the caller"
    assert bob.journal() == before
    assert alice.user.encode() not in answer


def test_what_is_changed_on_the_way_is_not_taken(scene: tuple[Person, Person, Wiretap]) -> None:
    alice, bob, tap = scene
    changed: list[int] = []

    def flip(data: bytes) -> bytes:
        if len(data) < 3000 or changed:
            return data
        changed.append(len(data))
        middle = len(data) // 2
        return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]

    tap.change = flip
    bob.send(alice, title="Sealed twice")
    _arrives(alice, "Sealed twice")  # in a session of its own: the one that was touched has ended
    assert changed, "nothing was changed"
    assert [x["title"] for x in alice.letters()].count("Sealed twice") == 1
    alice.check_journal()
    bob.check_journal()
