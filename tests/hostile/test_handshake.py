"""What a stranger, or a contact, may try before a session is open."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import replace

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from sdmp import limits
from sdmp.container import build
from sdmp.encoding import JSON, b64, write_json
from sdmp.handshake import Role, make_proof, write_value
from sdmp.keys import generate
from sdmp.resource import make_resource
from sdmp.session import RefusedByPeer
from sdmp.signature import Envelope
from tests.hostile.conftest import MIB, Victim
from tests.support.hostile import Actor, Call, Link, calling, exchange, linked

pytestmark = pytest.mark.nodes

Change = Callable[[bytes, bytes], list[Envelope]]
"""From our public value and the transcript to what is shown in step 3."""


async def ends(call: Call, seconds: float = 30.0) -> bool:
    """Wait for the end of a connection; whether it came without another word."""
    said = len(call.frames)
    await call.closed(seconds)
    return len(call.frames) == said


async def test_first_frames_that_are_none_end_the_connection_without_a_word(
    honest: Link, bob: Victim, mallory: Actor
) -> None:
    value = write_value(bytes(range(32)))
    wrong: list[str | bytes] = [
        value.encode(),  # a binary message
        b"\xff\xfe",
        "",
        "{",
        "null",
        "[" * 16_000,
        "[" * 8_000 + "]" * 8_000,
        '{"a":' * 2_000 + "1" + "}" * 2_000,
        value.replace("shared_key", "shared_keys"),
        value.replace("x25519", "modp14"),
        value.replace("0.12.0", "0.13.0"),
        value.replace('"group"', '"group":"x25519","group"', 1),
        value[:-1] + ',"message":"x"}',
        value.replace('"N":"', '"N":"A'),
        value.replace("}}", ',"seq":1' + "0" * 5_000 + "}}"),
        write_value(bytes(32)),  # a value of low order
        write_value(b"\1" + bytes(31)),
        write_json(build(response={"status": "not_found", "identifier": "session"})).decode(),
        write_json(build(encrypted={"protected": "", "iv": "", "payload": "", "tag": ""})).decode(),
        mallory.identity.to_bytes().decode(),
    ]
    for frame in wrong:
        async with calling(mallory, bob.target) as call:
            await call.connection.send(frame)
            assert await ends(call, 8), frame[:80]
    await exchange(honest)


async def test_other_paths_lead_nowhere(honest: Link, bob: Victim, mallory: Actor) -> None:
    for path in ("/", "x", "/../admin", "?x=1"):
        if path == "?x=1":  # a query is none of the path's business
            async with calling(mallory, bob.target, path=path) as call:
                await call.agree()
            continue
        with pytest.raises(InvalidStatus):
            async with calling(mallory, bob.target, path=path):
                pass
    await exchange(honest)


async def test_large_frames_before_the_proof_are_not_even_taken_in(
    honest: Link, bob: Victim, mallory: Actor
) -> None:
    before = bob.memory
    async with AsyncExitStack() as stack:
        calls = [await stack.enter_async_context(calling(mallory, bob.target)) for _ in range(7)]
        for call in calls:
            with suppress(ConnectionClosed):
                await call.connection.send("x" * (limits.FRAME_BYTES_UNPROVED + 1))
        for call in calls:
            assert await ends(call, 8)
        calls = [await stack.enter_async_context(calling(mallory, bob.target)) for _ in range(6)]

        async def pour(call: Call) -> None:
            with suppress(ConnectionClosed):
                await call.connection.send("x" * (40 * MIB))

        await asyncio.gather(*(pour(call) for call in calls))
        grown = bob.memory - before
        await exchange(honest)
    assert grown < 60 * MIB, f"{grown / MIB:.0f} MiB"
    # One byte less is read, and is no frame of the protocol.
    async with calling(mallory, bob.target) as call:
        await call.agree()
        await call.connection.send("x" * limits.FRAME_BYTES_UNPROVED)
        assert await ends(call, 8)


async def test_a_frame_too_large_for_anything_ends_the_session(
    honest: Link, bob: Victim, mallory: Actor
) -> None:
    async with linked(mallory, bob.target) as link:
        await link.say(mallory.by_node(message="x" * (4 * MIB)))
        await link.end()
    async with linked(mallory, bob.target) as link:
        await link.raw("x" * (limits.RESPONSE_FRAME_BYTES + 1))
        await link.end()
    await exchange(honest)


async def test_a_slow_handshake_is_given_up(honest: Link, bob: Victim, mallory: Actor) -> None:
    async with AsyncExitStack() as stack:
        calls = [await stack.enter_async_context(calling(mallory, bob.target)) for _ in range(3)]
        await calls[1].agree()
        await calls[2].agree()
        begun = time.monotonic()
        [frame, *_] = calls[2].session.prove(mallory.credentials(bob.target.user.fingerprint))
        await calls[2].connection.send(frame)
        await exchange(honest)
        for call in calls:
            assert await ends(call)
        assert time.monotonic() - begun < limits.HANDSHAKE_SECONDS + 15


async def test_only_so_many_may_wait_that_have_not_proved_themselves(
    honest: Link, bob: Victim, mallory: Actor
) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(limits.UNPROVED_PER_ADDRESS):
            await stack.enter_async_context(calling(mallory, bob.target, source="127.0.0.9"))
        with pytest.raises(InvalidStatus):
            await stack.enter_async_context(calling(mallory, bob.target, source="127.0.0.9"))
        await exchange(honest)
        for number in range(limits.UNPROVED_PER_ADDRESS, limits.UNPROVED_TOTAL):
            source = f"127.0.1.{number // limits.UNPROVED_PER_ADDRESS}"
            await stack.enter_async_context(calling(mallory, bob.target, source=source))
        with pytest.raises(InvalidStatus):
            await stack.enter_async_context(calling(mallory, bob.target, source="127.0.2.1"))
        await exchange(honest)  # those who are in stay in
    # Those who have gone make room again.
    async with linked(mallory, bob.target):
        pass


async def test_the_oldest_of_five_sessions_is_closed(
    honest: Link, bob: Victim, mallory: Actor
) -> None:
    async with AsyncExitStack() as stack:
        links = [
            await stack.enter_async_context(linked(mallory, bob.target, fetches=False))
            for _ in range(limits.SESSIONS_PER_PEER + 1)
        ]
        await links[0].end()
        assert not any(link.ended.is_set() for link in links[1:])
        await exchange(honest)
        for link in links[1:]:  # the others go on
            await link.ask([(mallory.user.fingerprint, mallory.identity.identifier)])


async def test_replay_reflection_and_wrong_numbers(
    honest: Link, bob: Victim, mallory: Actor
) -> None:
    credentials = mallory.credentials(bob.target.user.fingerprint)
    # Our own value sent back to the responder as if it were ours.
    async with calling(mallory, bob.target) as call:
        await call.agree()
        await call.connection.send(call.frames[0])
        assert await ends(call, 8)
    # A frame said twice, one left out, two in the wrong order.
    for order in ((0, 0, 1), (1,), (1, 0)):
        async with calling(mallory, bob.target) as call:
            await call.agree()
            frames = call.session.prove(credentials)
            for number in order:
                with suppress(ConnectionClosed):
                    await call.connection.send(frames[number])
            assert await ends(call, 8), order
    # The proof of one session shown in another, and the node's own sealed frames.
    async with calling(mallory, bob.target) as first:
        await first.agree()
        recorded = first.session.prove(credentials)
        async with calling(mallory, bob.target) as second:
            await second.agree()
            with suppress(ConnectionClosed):
                for frame in recorded:
                    await second.connection.send(frame)
            assert await ends(second, 8)
        for frame in recorded:
            await first.connection.send(frame)
        first.session.close()
        own = str(await first.connection.recv())
        await first.connection.send(own)
        assert await first.closed()
    await exchange(honest)


async def test_proofs_that_prove_nothing(honest: Link, bob: Victim, mallory: Actor) -> None:
    shown = mallory.credentials(bob.target.user.fingerprint)
    node, other, initiator = mallory.node, generate(2048), Role.INITIATOR
    bomb = b'{"a":' * 1_500 + b"1" + b"}" * 1_500

    def bent(proof: Envelope, **changes: object) -> Envelope:
        return replace(proof, **changes)  # type: ignore[arg-type]

    changes: dict[str, Change] = {
        "the other role": lambda n, t: [*shown, make_proof(node, Role.RESPONDER, n, t)],
        "another value": lambda n, t: [*shown, make_proof(node, initiator, bytes(range(32)), t)],
        "another session": lambda n, t: [*shown, make_proof(node, initiator, n, bytes(64))],
        "an unknown key": lambda n, t: [*shown, make_proof(other, initiator, n, t)],
        "another's name": lambda n, t: [
            bent(make_proof(node, initiator, n, t), protected=shown[0].protected)
        ],
        "no signature": lambda n, t: [bent(make_proof(node, initiator, n, t), signature="")],
        "33 credentials": lambda n, t: [shown[0]] * 33 + [make_proof(node, initiator, n, t)],
        "a deep payload": lambda n, t: [
            bent(make_proof(node, initiator, n, t), payload=b64(bomb), content=bomb)
        ],
    }
    for what, change in changes.items():
        async with calling(mallory, bob.target) as call:
            await call.agree()
            session = call.session
            assert session.keys is not None
            assert session._sealer is not None
            with suppress(ConnectionClosed):
                for envelope in change(session._value, session.keys.transcript):
                    await call.connection.send(session._sealer.seal(envelope.to_bytes()))
            assert await ends(call, 8), what
    await exchange(honest)


async def test_refusals_are_the_same_for_every_cause(
    honest: Link, bob: Victim, carol: Actor
) -> None:
    """Nobody learns whether a user is served here, or whether a request was kept."""
    victim = bob.target.user.fingerprint
    stranger, nobody = Actor("Stranger"), generate(2048)
    about = [stranger.identity, stranger.trust, stranger.node_identity, stranger.address]
    foreign: JSON = {"trustee": nobody.fingerprint, "type": "user",
                     "authorization": ["read_resource"]}  # fmt: skip
    causes = {
        "a request for a user here": stranger.credentials(victim),
        "the same again": stranger.credentials(victim),
        "for a user who is not here": [*about, stranger.by_user(trust=foreign)],
        "without any trust": about,
        "with Carol's papers": [*about, carol.identity, carol.trust, carol.node_identity],
        "with a node identity alone": [stranger.node_identity],
    }
    seen: dict[str, tuple[object, ...]] = {}
    for cause, shown in causes.items():
        async with calling(stranger, bob.target) as call:
            await call.agree()
            assert not await call.show(shown)
            assert call.refused == RefusedByPeer(()), cause
            await call.closed()
            seen[cause] = tuple(len(frame) for frame in call.frames)
    assert len(set(seen.values())) == 1, seen
    requests = "SELECT count(*) FROM nodes_contactrequest WHERE stranger = ?"
    assert bob.one(requests, stranger.user.fingerprint) == 1
    assert not bob.holds(stranger.identity.identifier)
    # Strangers leave no trace but the request.
    assert bob.one(
        "SELECT count(*) FROM nodes_peer WHERE fingerprint = ?", stranger.node.fingerprint
    ) == 0  # fmt: skip
    await exchange(honest)


async def test_contact_requests_are_kept_to_a_hundred(honest: Link, bob: Victim) -> None:
    victim = bob.target.user.fingerprint
    count = "SELECT count(*) FROM nodes_contactrequest WHERE user = ?"
    front = Actor("Front")

    def stranger() -> list[Envelope]:
        user = generate(2048)
        identity: JSON = {"type": "user", "expires": "2036-01-01T00:00:00.000Z",
                          "key": user.public.pem, "fingerprint": user.fingerprint}  # fmt: skip
        trust: JSON = {"trustee": victim, "type": "user", "authorization": ["read_resource"]}
        return [
            make_resource(user.fingerprint, user, {"identity": identity}).envelope,
            make_resource(user.fingerprint, user, {"trust": trust}).envelope,
        ]

    # One stranger's node may bring several strangers: 15 fit beside its own papers.
    refusals = set()
    for _ in range(8):
        strangers = await asyncio.gather(*(asyncio.to_thread(stranger) for _ in range(14)))
        shown = [e for each in strangers for e in each]
        async with calling(front, bob.target) as call:
            await call.agree()
            assert not await call.show([front.identity, front.trust, front.node_identity, *shown])
            assert call.refused == RefusedByPeer(())
            refusals.add(tuple(len(frame) for frame in call.frames))
    assert len(refusals) == 1
    assert bob.one(count, victim) == limits.CONTACT_REQUESTS_PER_USER
    await exchange(honest)
