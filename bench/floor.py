"""The floor: what the cryptography of a message costs by itself, one after the other.

Everything that nodes do with keys for one message and its receipt, by the functions of `sdmp` and
nothing around them: no network, no database, no pages, one thread.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass

from sdmp import limits
from sdmp.container import build, build_from
from sdmp.encoding import JSON
from sdmp.encrypted import open_sealed, seal
from sdmp.frames import Opener, Sealer
from sdmp.keys import PrivateKey, PublicKey, generate, load_public
from sdmp.signature import Envelope, sign, verify

_BATCH = 64  # messages that share a broadcast, a request and a response when they come in bulk
_TRAFFIC = 3  # broadcast, request, response


@dataclass(frozen=True, slots=True)
class Floor:
    """Milliseconds of one thread for one message: on its way alone, and with all in bulk."""

    one_way: float
    in_bulk: float


@dataclass(frozen=True, slots=True)
class _Keys:
    here: PrivateKey
    there: PrivateKey
    readers: list[PublicKey]


def measure(rounds: int, body: str) -> Floor:
    """Measure the floor for a message with this text, as the mean of so many rounds."""
    users = [generate(3072) for _ in range(2)]
    here, there = generate(2048), generate(2048)
    public = [load_public(key.public.pem) for key in (*users, here, there)]
    keys = _Keys(here, there, public)
    user = users[0].fingerprint
    message = build_from({"resource": {"user": user}, "message": body})
    receipt = build_from({"resource": {"user": user}, "receipt": user})
    sealer, opener = _frames()

    def traffic() -> None:
        _say(build(broadcast={"since": user, "entries": []}), keys, sealer, opener)

    letter = _mean(rounds, lambda: _pass(message, keys, sealer, opener))
    answer = _mean(rounds, lambda: _pass(receipt, keys, sealer, opener))
    word = _mean(rounds, traffic)
    return Floor(
        one_way=letter + _TRAFFIC * word,
        in_bulk=letter + answer + 2 * _TRAFFIC * word / _BATCH,
    )


def _pass(content: dict[str, JSON], keys: _Keys, sealer: Sealer, opener: Opener) -> None:
    """Seal and sign on one side; carry; verify and open on the other."""
    section = seal(content, keys.readers)
    made = sign(build_from({"resource": {"user": keys.here.fingerprint}, "encrypted": section}),
                keys.here)  # fmt: skip
    opener.open(sealer.seal(made.to_bytes()).encode())
    verify(made, keys.here.public)
    open_sealed(section, [keys.there])


def _say(content: dict[str, JSON], keys: _Keys, sealer: Sealer, opener: Opener) -> Envelope:
    """Sign a word of the session, carry it and verify it."""
    made = sign(content, keys.here)
    opener.open(sealer.seal(made.to_bytes()).encode())
    verify(made, keys.here.public)
    return made


def _frames() -> tuple[Sealer, Opener]:
    secret = os.urandom(limits.CONTENT_KEY_BYTES)
    return Sealer(secret, os.urandom), Opener(secret, "0.12.0")


def _mean(rounds: int, work: Callable[[], object]) -> float:
    began = time.process_time()
    for _ in range(rounds):
        work()
    return (time.process_time() - began) / rounds * 1000
