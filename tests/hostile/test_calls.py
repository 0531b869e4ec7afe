"""What a contact's node may try when it is called, and where its address may lead."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from sdmp.errors import SdmpError
from sdmp.handshake import REFUSAL, Role
from sdmp.keys import PrivateKey, generate
from sdmp.session import Session
from sdmp.signature import Envelope
from tests.hostile.conftest import Victim
from tests.support.hostile import Actor, Link, exchange
from tests.support.ports import free_port

pytestmark = pytest.mark.nodes

Handler = Callable[[ServerConnection], Awaitable[None]]


@asynccontextmanager
async def answering(port: int, handler: Handler, **options: object) -> AsyncIterator[None]:
    """Listen where the actor's address says."""
    async with serve(handler, "127.0.0.1", port, compression=None, **options):  # type: ignore[arg-type]
        yield


def last_error(bob: Victim, actor: Actor) -> str:
    """Why the last call of this node failed."""
    return str(
        bob.one("SELECT last_error FROM nodes_peer WHERE fingerprint = ?", actor.node.fingerprint)
        or ""
    )


def responding(key: PrivateKey, met: list[str], said: list[Envelope]) -> Handler:
    """Answer calls with this key: prove it, or say some resources and refuse instead."""

    async def handler(connection: ServerConnection) -> None:
        session = Session(Role.RESPONDER, key, lambda _: None)
        with suppress(ConnectionClosed, SdmpError):
            session.receive(str(await connection.recv()))
            for frame in session.start():
                await connection.send(frame)
            while session.peer is None:
                session.receive(str(await connection.recv()))
            assert session._sealer is not None
            met.append(str(session.peer))
            if said:
                for container in (*(envelope.to_bytes() for envelope in said), REFUSAL):
                    await connection.send(session._sealer.seal(container))
            else:
                for frame in session.prove([]):
                    await connection.send(frame)
            await connection.wait_closed()

    return handler


async def test_another_key_than_the_one_meant_is_not_talked_to(honest: Link, bob: Victim) -> None:
    port, met = free_port(), list[str]()
    actor = Actor("Impostor", port=port)
    async with answering(port, responding(generate(2048), met, [])):
        await asyncio.to_thread(bob.add, actor)
        await asyncio.to_thread(bob.until, lambda: "Another node answers" in last_error(bob, actor))
        await exchange(honest)
    assert met


async def test_who_answers_without_proof_can_hand_over_no_mail(honest: Link, bob: Victim) -> None:
    port, met = free_port(), list[str]()
    actor = Actor("Refuser", port=port)
    letter = actor.by_node(message="instead of a proof")
    replaced = actor.by_node(node={"ips": [f"127.0.0.1:{port}"], "name": "replaced"})
    taken = actor.by_user(revoke={"resource": actor.profile.identifier})
    async with answering(port, responding(actor.node, met, [letter, replaced, taken])):
        await asyncio.to_thread(bob.add, actor)
        await asyncio.to_thread(bob.until, lambda: "does not let us in" in last_error(bob, actor))
        assert bob.holds(taken.identifier)  # signed by whom it is about
        assert not bob.holds(letter.identifier)
        await exchange(honest)


async def test_a_call_is_not_sent_on_to_another_place(honest: Link, bob: Victim) -> None:
    port, elsewhere = free_port(), free_port()
    reached: list[str] = []

    def send_on(connection: ServerConnection, request: Request) -> Response:
        reached.append("first")
        headers = Headers(Location=f"ws://127.0.0.1:{elsewhere}/admin")
        return Response(302, "Found", headers)

    async def arrive(connection: ServerConnection) -> None:
        reached.append("second")

    actor = Actor("Forwarder", port=port)
    async with answering(port, arrive, process_request=send_on), answering(elsewhere, arrive):
        await asyncio.to_thread(bob.add, actor)
        await asyncio.to_thread(
            bob.until, lambda: "does not speak the protocol" in last_error(bob, actor)
        )
    assert set(reached) == {"first"}
    await exchange(honest)


async def test_private_addresses_are_not_called_by_a_public_node(tmp_path: Path) -> None:
    """Neither written as a literal address nor behind a name."""
    port = free_port()
    reached: list[str] = []

    async def arrive(connection: ServerConnection) -> None:
        reached.append("reached")

    actor = Actor("Lure", port=port)
    by_name = actor.by_node(
        node={
            "ips": [f"127.0.0.1:{port}", f"[::ffff:127.0.0.1]:{port}", f"[::1]:{port}"],
            "urls": [f"ws://localhost:{port}/sdmp", f"ws://127.1:{port}/", f"ws://{'a' * 80}/"],
        }
    )
    actor.about.append(by_name)
    public = Victim(tmp_path, SDMPWEB_ALLOW_PRIVATE="false", SDMPWEB_ADDRESS="93.184.216.34:8000")
    async with answering(port, arrive):
        await asyncio.to_thread(public.add, actor)
        arguments = ("link_peers", "--peer", actor.node.fingerprint)
        told = await asyncio.to_thread(_try, public, arguments)
        assert reached == [], told
        public.node.environment["SDMPWEB_ALLOW_PRIVATE"] = "true"
        told = await asyncio.to_thread(_try, public, arguments)
        assert reached, told


def _try(victim: Victim, arguments: tuple[str, ...]) -> str:
    """Run a command, whatever it ends with."""
    try:
        return victim.node.command(*arguments)
    except AssertionError as error:
        return str(error)
