"""What a contact's node may try with its journal."""

import asyncio
from collections.abc import Callable

import pytest

from sdmp import traffic
from sdmp.encoding import hash_b64
from sdmp.lines import make_line
from tests.hostile.conftest import Victim, settle
from tests.support.hostile import Actor, Link, exchange, linked
from tests.support.hostile import honest as truthfully

pytestmark = pytest.mark.nodes


async def test_a_broken_chain_is_not_followed(
    honest: Link, bob: Victim, newcomer: Callable[[str], Actor]
) -> None:
    peter = await asyncio.to_thread(newcomer, "Peter")
    async with linked(peter, bob.target) as link:
        await exchange(link, "before the break")
        known = bob.one(
            "SELECT known_line FROM nodes_peer WHERE fingerprint = ?", peter.node.fingerprint
        )
        assert known == peter.lines[-1]
        lost = peter.letter(bob.target, "in a broken journal")
        peter.store[lost.identifier] = lost
        since = peter.lines[-1].partition("@")[0]
        broken = f"{hash_b64(b'something else')}@{peter.user.fingerprint}/{lost.identifier}"
        await link.speak(broadcast=traffic.broadcast(since, [broken]))
        await settle(link)
        assert bob.one(
            "SELECT known_line FROM nodes_peer WHERE fingerprint = ?", peter.node.fingerprint
        ) == known  # fmt: skip
        await exchange(honest)
        # Its journal, asked for, chains as before, and it goes on from there.
        await exchange(link, "after the break")
        assert not bob.holds(lost.identifier)


async def test_a_rewritten_journal_is_read_again_and_the_operator_told(
    honest: Link, bob: Victim, newcomer: Callable[[str], Actor]
) -> None:
    rita = await asyncio.to_thread(newcomer, "Rita")
    async with linked(rita, bob.target) as link:
        await exchange(link, "in the first journal")
    rita.lines[:] = rita.lines[:1]
    for envelope in rita.about:
        rita.publish(envelope)
    fresh = rita.publish(rita.letter(bob.target, "in the second journal"))
    # A line's identifier is the hash of the line before: the change shows with the next one.
    rita.publish(rita.letter(bob.target, "behind it"))
    query = "SELECT rewritten FROM nodes_peer WHERE fingerprint = ?"
    assert bob.one(query, rita.node.fingerprint) is None
    async with linked(rita, bob.target) as link:
        await link.until(lambda: fresh.identifier in link.receipts)
        starts = [r for r in link.asked if isinstance(r, traffic.RequestJournal)]
        assert rita.node.fingerprint in [request.since for request in starts]
    assert bob.one(query, rita.node.fingerprint) is not None
    assert "a peer has rewritten its journal" in bob.node.read_log()
    assert bob.one(
        "SELECT known_line FROM nodes_peer WHERE fingerprint = ?", rita.node.fingerprint
    ) == rita.lines[-1]  # fmt: skip
    await exchange(honest)


async def test_a_journal_that_never_chains_is_given_up(
    honest: Link, bob: Victim, newcomer: Callable[[str], Actor]
) -> None:
    liar = await asyncio.to_thread(newcomer, "Lou")

    def nonsense(link: Link, request: traffic.Request) -> traffic.Section | None:
        if isinstance(request, traffic.RequestResource):
            return truthfully(link, request)
        line = make_line("nonsense", liar.user.fingerprint, hash_b64(b"x"))
        return traffic.answer_journal(request.identifier, request.since, [line])

    async with linked(liar, bob.target, answer=nonsense, greets=False) as link:
        for _ in range(10):
            await link.speak(broadcast=traffic.broadcast(hash_b64(b"a gap"), []))
        await settle(link)
        journals = [r for r in link.asked if isinstance(r, traffic.RequestJournal)]
        assert 1 <= len(journals) <= 3  # and not once for each broadcast
    await exchange(honest)
