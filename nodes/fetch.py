"""Fetching a card, or leaving one, over HTTPS (protocol §12).

The address comes from people, who have it from anybody: `nodes.outside` says how it is called.
What is read is bounded here, and so is how many of them are called at once.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from concurrent.futures import TimeoutError as WaitedTooLong
from typing import Final
from urllib.parse import SplitResult

import httpx
from django.conf import settings
from django.utils.translation import get_language, gettext, override

from nodes import loop
from nodes.dial import Unreachable
from nodes.outside import FAILED, GRACE, SECONDS, request, split_address
from sdmp.card import CARD_BYTES, MEDIA_TYPE

_AT_ONCE: Final = 3
_turns: Final = threading.BoundedSemaphore(_AT_ONCE)


class Gone(Unreachable):
    """What the address led to is not there, or not any more."""


def fetch(url: str, *, data: bytes | None = None) -> bytes:
    """Get what an address leads to, or leave `data` there.

    Blocks for at most some ten seconds; not to be called on the home loop.

    Args:
        url: `https://…`; also `http://…` where private addresses are allowed by the owner.
        data: a card to leave (POST); nothing is left but asked for (GET) when `None`.

    Returns:
        The answer, at most `CARD_BYTES`.

    Raises:
        Unreachable: one sentence that says why; Gone when it says that there is nothing.
    """
    parts = _check(url)
    # Whoever waits for a slow stranger holds a thread that pages are answered in.
    if not _turns.acquire(timeout=GRACE):
        raise Unreachable(gettext("Other links are being fetched; try again in a moment."))
    try:
        tls = ssl.create_default_context()
        running = loop.run(_fetch(parts, data, tls, get_language()))
        try:
            return running.result(SECONDS + GRACE)
        except WaitedTooLong:  # also when the look-up of a name hangs
            running.cancel()
            raise Unreachable(_too_slow(parts)) from None
    finally:
        _turns.release()


async def _fetch(
    parts: SplitResult, data: bytes | None, tls: ssl.SSLContext, language: str | None
) -> bytes:
    with override(language):  # the loop has no reader, and so no language of his
        try:
            async with asyncio.timeout(SECONDS):
                return await _ask(parts, data, tls)
        except TimeoutError:
            raise Unreachable(_too_slow(parts)) from None
        except FAILED as error:
            values = {"host": parts.hostname, "why": _words(error)}
            raise Unreachable(gettext("%(host)s does not answer: %(why)s.") % values) from None


async def _ask(parts: SplitResult, data: bytes | None, tls: ssl.SSLContext) -> bytes:
    """Send one request, and read the answer up to the limit."""
    host = parts.hostname or ""
    headers = {"Accept": MEDIA_TYPE, "Accept-Encoding": "identity"}
    if data is not None:
        headers["Content-Type"] = MEDIA_TYPE
    method = "GET" if data is None else "POST"
    async with request(method, parts, headers, data, tls) as response:
        _check_answer(response, host)
        read = bytearray()
        async for piece in response.aiter_raw():
            read += piece
            if len(read) > CARD_BYTES:
                values = {"host": host}
                raise Unreachable(gettext("What %(host)s sends is too large for a card.") % values)
        return bytes(read)


def _check(url: str) -> SplitResult:
    """Check an address by its form alone.

    Raises:
        Unreachable: it is none, or not one that is fetched.
    """
    parts = split_address(url, gettext("This is not the address of a page."))
    if parts.scheme == "http" and not settings.ALLOW_PRIVATE:
        raise Unreachable(gettext("Only addresses that begin with https:// are fetched."))
    return parts._replace(query="")


def _check_answer(response: httpx.Response, host: str) -> None:
    status = response.status_code
    values = {"host": host, "status": status}
    if status in (404, 410):
        raise Gone(gettext("%(host)s has nothing at this address, or not any more.") % values)
    if 300 <= status < 400:
        raise Unreachable(gettext("%(host)s sends on to another address.") % values)
    if status not in (200, 204):
        raise Unreachable(gettext("%(host)s does not give it: status %(status)d.") % values)
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Unreachable(gettext("%(host)s sends something that was not asked for.") % values)


def _too_slow(parts: SplitResult) -> str:
    return gettext("%(host)s does not answer in time.") % {"host": parts.hostname}


def _words(error: BaseException) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return gettext("its certificate or TLS is not accepted")
        if isinstance(cause, ConnectionRefusedError):
            return gettext("nothing listens there")
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.ProtocolError | httpx.InvalidURL | ValueError):
        return gettext("it does not speak HTTP")
    return gettext("the connection failed")
