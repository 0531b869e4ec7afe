"""What a contact's node may try with quantity: the node stays up, small, and serves others."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from websockets.exceptions import ConnectionClosed

from sdmp import limits, traffic
from sdmp.encoding import JSON, b64, hash_b64
from sdmp.lines import make_line
from sdmp.signature import Envelope
from tests.hostile.conftest import MIB, Victim, settle
from tests.support.hostile import Actor, Link, calling, exchange, linked

pytestmark = pytest.mark.nodes


@asynccontextmanager
async def staying_small(bob: Victim, mebibytes: int) -> AsyncIterator[None]:
    """Look at the node's memory ten times a second; it may grow by so much and no more."""
    before, most = bob.memory, 0

    async def watch() -> None:
        nonlocal most
        while True:
            most = max(most, bob.memory)
            await asyncio.sleep(0.1)

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        watching.cancel()
    grown = (max(most, bob.memory) - before) / MIB
    assert grown < mebibytes, f"the node grew by {grown:.0f} MiB"


async def test_a_flood_of_broadcasts_and_tiny_frames(
    honest: Link, bob: Victim, mallory: Actor
) -> None:
    lines = list(mallory.lines)
    while len(lines) <= limits.JOURNAL_LINES:
        lines.append(make_line(lines[-1], hash_b64(b"nobody"), hash_b64(lines[-1].encode())))
    strange: list[JSON] = list(lines[1 : limits.JOURNAL_LINES + 1])
    gap = mallory.by_node(broadcast={"since": hash_b64(b"a gap"), "entries": strange})
    empty = mallory.by_node(broadcast={"since": hash_b64(b"a gap"), "entries": []})
    ask = mallory.by_node(
        request_journal=traffic.request_journal("x", bob.target.node.fingerprint, 1)
    )
    ignored = mallory.by_node(response=traffic.answer_no("never asked"))
    async with staying_small(bob, 150), linked(mallory, bob.target, fetches=False) as link:

        async def flood() -> None:
            for _ in range(30):
                await link.say(gap)
            for _ in range(300):
                await link.say(empty, ask, ignored)

        flooding = asyncio.create_task(flood())
        for number in range(3):
            await exchange(honest, f"in the flood {number}")
        await flooding
        await settle(link)
        journals = [r for r in link.asked if isinstance(r, traffic.RequestJournal)]
        assert len(journals) < 400  # one at a time, and not a new one for each


async def test_the_whole_journal_asked_for_again_and_again(
    honest: Link, bob: Victim, mallory: Actor
) -> None:
    """Nobody reads the answers: what waits to be sent stays bounded, and others are served."""
    start = bob.target.node.fingerprint
    async with staying_small(bob, 150), calling(mallory, bob.target) as call:
        await call.agree()
        assert await call.show(mallory.credentials(bob.target.user.fingerprint))
        ask = mallory.by_node(request_journal=traffic.request_journal("x", start)).to_bytes()

        async def flood() -> None:
            with suppress(ConnectionClosed):
                for _ in range(2_000):
                    for frame in call.session.send(ask):
                        await call.connection.send(frame)

        flooding = asyncio.create_task(flood())
        await exchange(honest, "while nobody reads")
        flooding.cancel()
    await exchange(honest)


async def test_what_comes_behind_a_broken_frame_is_not_kept(
    honest: Link, bob: Victim, mallory: Actor
) -> None:
    ask = mallory.by_node(request_journal=traffic.request_journal("x", bob.target.node.fingerprint))
    async with staying_small(bob, 150):
        for _ in range(15):
            async with linked(mallory, bob.target, fetches=False) as link:
                with suppress(TimeoutError):
                    async with asyncio.timeout(2):
                        for _ in range(4):
                            await link.say(ask)  # which keeps it busy while the others come
                        await link.raw("no frame of the protocol")
                        for _ in range(6):
                            await link.raw("x" * (8 * MIB))
        await exchange(honest)


async def test_bombs_of_json_in_open_sessions(honest: Link, bob: Victim, mallory: Actor) -> None:
    user, trust = mallory.user.fingerprint, mallory.trust.identifier
    about = b'{"sdmp":{"version":"0.12.0","schemas":["resource","%s"]},"resource":{"user":"%s",'
    about += b'"trust":"' + trust.encode() + b'"},"%s":%s}'

    def payload(kind: bytes, section: bytes) -> bytes:
        return about % (kind, user.encode(), kind, section)

    deep = b'{"a":' * 40 + b"1" + b"}" * 40
    bombs = {
        "deep": payload(b"response", b'{"status":"ok","identifier":"x","data":%s}' % deep),
        "twice": payload(b"broadcast", b'{"since":"x","since":"%s","entries":[]}' % user.encode()),
        "huge number": payload(
            b"request_journal",
            b'{"identifier":"x","since":"%s","limit":1%s}' % (user.encode(), b"0" * 5_000),
        ),
        "many lists": payload(
            b"response",
            b'{"status":"ok","identifier":"x","data":{"a":[%s]}}' % b",".join([b"[]"] * (6 * MIB)),
        ),
        "many lists in a document": payload(b"node", b'{"ips":[],"x":[%s]}' % (b"[]," * 500_000)),
    }
    async with staying_small(bob, 300):
        for what, content in bombs.items():
            text = b64(content)
            protected = mallory.address.protected
            signature = b64(mallory.node.sign(f"{protected}.{text}".encode()))
            bomb = Envelope(
                hash_b64(text.encode()), text, protected, signature, "RS512",
                mallory.node.fingerprint, content,
            )  # fmt: skip
            async with linked(mallory, bob.target, fetches=False) as link:
                await link.say(bomb)
                await exchange(honest, what)
                try:
                    await link.end(30)
                except TimeoutError:
                    pytest.fail(f"the session goes on after {what}")
