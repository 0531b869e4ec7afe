"""Opening sessions with other nodes (protocol §10), and what may be dialled at all.

Nothing in the project opens connections to others but this and `nodes.outside`, which stands beside
it for what is handed over outside the protocol (§12) and goes only where `look_up` lets it.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from aiohappyeyeballs import AddrInfoType, start_connection
from django.utils.translation import gettext
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from nodes.addresses import is_public
from nodes.errors import UserError
from sdmp import limits

_OPEN_SECONDS: Final = 10.0
_SECONDS_UNTIL_THE_NEXT: Final = 0.25  # address of a name is tried beside (RFC 8305)
_CLOSE_SECONDS: Final = 2.0


# ValueError: it sends us on, and we do not go.
_FAILED: Final = (OSError, InvalidHandshake, InvalidURI, EOFError, ValueError)


class Unreachable(UserError):
    """A node cannot be reached at an address; the sentence says why."""


class Closed(Exception):
    """The connection is gone."""


class Call:
    """A connection that we opened, as text frames both ways."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def send(self, frame: str) -> None:
        """Send one frame. Raises Closed."""
        try:
            await self._connection.send(frame)
        except ConnectionClosed:
            raise Closed from None

    async def receive(self, limit: int) -> str:
        """Wait for a frame of at most `limit` bytes. Raises Closed, also for a larger one."""
        # The next frame may have been taken in by the time that this one is understood, and the
        # first traffic comes right behind the proof.
        self._connection.protocol.max_message_size = max(limit, limits.FRAME_BYTES)
        try:
            frame = await self._connection.recv()
        except ConnectionClosed:
            raise Closed from None
        if not isinstance(frame, str) or len(frame) > limit:
            await self.close()
            raise Closed
        return frame

    async def close(self) -> None:
        """Close the connection; may be called twice."""
        await self._connection.close()


async def call(url: str, *, private: bool) -> Call:
    """Open a WebSocket to a node's address.

    The host is looked up once, and the connection goes to one of the addresses that were checked:
    the first that answers.

    Args:
        url: where the node is reached (`ws:` or `wss:`).
        private: whether addresses that are not public may be dialled (`private_allowed`).

    Raises:
        Unreachable: one sentence that says why.
    """
    host, port = _place(url)
    addresses = await look_up(host, port, private=private)
    try:
        return Call(await _open(url, addresses, limits.FRAME_BYTES))
    except _FAILED as error:
        raise Unreachable(f"{host} port {port} does not answer: {_words(error)}.") from None


@dataclass(frozen=True, slots=True)
class Greeting:
    """What answered at our own address: the header asked for, and when its certificate ends."""

    header: str
    certificate_until: datetime | None


async def greet_own(url: str, header: str, value: str) -> Greeting:
    """Open a WebSocket at an address of our own, as a peer would, and close it again.

    Args:
        url: one that this node has published; wherever that leads.
        header: which header is sent, and read from the answer.
        value: what it says.

    Raises:
        Unreachable: one sentence that says why.
    """
    host, port = _place(url)
    addresses = await look_up(host, port, private=True)
    try:
        connection = await _open(url, addresses, limits.FRAME_BYTES_UNPROVED, {header: value})
    except _FAILED as error:
        raise Unreachable(f"{host} port {port} does not answer: {_words(error)}.") from error
    try:
        tls: ssl.SSLObject | None = connection.transport.get_extra_info("ssl_object")
        found = tls.getpeercert() if tls is not None else None
        until = str(found["notAfter"]) if found else ""
        response = connection.response
        return Greeting(
            response.headers.get(header, "") if response is not None else "",
            datetime.fromtimestamp(ssl.cert_time_to_seconds(until), UTC) if until else None,
        )
    finally:
        await connection.close()


async def live_address(host: str, port: int, *, private: bool) -> str:
    """Look a host up, once, and give the address that may be dialled and that answers first.

    Whoever connects has to go to this one: another look-up could give another answer. Where there
    is only one it is not tried beforehand.

    Args:
        host: a name or a literal address, without brackets.
        port: where it is to be called.
        private: whether addresses that are not public may be dialled too.

    Raises:
        Unreachable: it is not known, or none of its addresses may be dialled.
        OSError: none of its addresses answers.
    """
    addresses = await look_up(host, port, private=private)
    if len(addresses) == 1:
        return str(addresses[0][4][0])
    with await _connect(addresses) as connected:
        return str(connected.getpeername()[0])


async def look_up(host: str, port: int, *, private: bool) -> Sequence[AddrInfoType]:
    """Look a host up, once, and give the addresses that may be dialled.

    Args:
        host: a name or a literal address, without brackets.
        port: where it is to be called.
        private: whether addresses that are not public may be dialled too.

    Returns:
        What a socket is opened with, as `getaddrinfo` gives it; at least one.

    Raises:
        Unreachable: it is not known, or none of its addresses may be dialled.
    """
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):  # UnicodeError: a name that cannot be one
        raise Unreachable(gettext("The name %(host)s is not known.") % {"host": host}) from None
    addresses: Sequence[AddrInfoType] = [
        entry for entry in found if private or is_public(str(entry[4][0]))
    ]
    if not addresses:
        sentence = gettext("%(host)s is not a public address; the owner can allow such.")
        raise Unreachable(sentence % {"host": host})
    return addresses


async def _connect(addresses: Sequence[AddrInfoType]) -> socket.socket:
    """Connect to the first of these that answers, IPv6 and IPv4 by turns. Raises OSError."""
    try:
        async with asyncio.timeout(_OPEN_SECONDS):
            return await start_connection(
                addresses, happy_eyeballs_delay=_SECONDS_UNTIL_THE_NEXT, interleave=1
            )
    except RuntimeError as error:  # uvloop raises it for addresses that cannot be
        raise OSError(str(error)) from None


async def _open(
    url: str, addresses: Sequence[AddrInfoType], size: int, headers: dict[str, str] | None = None
) -> ClientConnection:
    """Open a WebSocket at one of the addresses, with messages of at most `size` bytes."""
    connected = await _connect(addresses)
    try:
        # On a socket of ours it goes nowhere else, wherever it may be sent on to.
        return await connect(
            url,
            sock=connected,
            additional_headers=headers,
            proxy=None,
            compression=None,
            open_timeout=_OPEN_SECONDS,
            close_timeout=_CLOSE_SECONDS,
            max_size=size,
            max_queue=2,
            user_agent_header="sdmpweb",
        )
    except BaseException:
        connected.close()
        raise


def _place(url: str) -> tuple[str, int]:
    """Give host and port of a WebSocket's address."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "wss" else 80)


def _words(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError) and error.verify_message:
        return f"its certificate is not accepted ({error.verify_message})"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there"
    if isinstance(error, ssl.SSLError):
        return "its certificate or TLS is not accepted"
    if isinstance(error, InvalidHandshake | InvalidURI | EOFError | ValueError):
        return "it does not speak the protocol"
    return (getattr(error, "strerror", None) or "the connection failed").lower()
