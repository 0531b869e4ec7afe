"""Posting to a push service, whose address a browser has chosen.

The address comes from whoever has an account, and so from anybody: it is looked up once and
called at the very address that was checked, no redirect is followed, the answer's body is not
read, and time is bounded whatever the other side does.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from concurrent.futures import TimeoutError as WaitedTooLong
from typing import Final
from urllib.parse import SplitResult, urlsplit

import httpx
from django.conf import settings
from django.utils.translation import gettext

from nodes import loop
from nodes.dial import Unreachable, look_up

SECONDS: Final = 10.0
"""For everything together: looking up, connecting, TLS and the head of the answer."""
_GRACE: Final = 2.0
_LONGEST_URL: Final = 2000


def post(url: str, headers: Mapping[str, str], content: bytes = b"") -> int:
    """Send a POST and give the status of the answer, whatever it is.

    Blocks for at most some ten seconds; not to be called on the home loop.

    Args:
        url: as `check_endpoint` lets it pass.
        headers: of the request, without Host.
        content: its body.

    Raises:
        Unreachable: one sentence that says why.
    """
    parts = check_endpoint(url)
    running = loop.run(_post(parts, headers, content))
    try:
        return running.result(SECONDS + _GRACE)
    except WaitedTooLong:  # also when the look-up of a name hangs
        running.cancel()
        raise Unreachable(_too_slow(parts)) from None


def check_endpoint(url: str) -> SplitResult:
    """Check an address by its form alone: `https://`, or `http://` where the owner allows private.

    Raises:
        Unreachable: it is none, or not one that is called.
    """
    wrong = Unreachable(gettext("This is not the address of a push service."))
    if len(url) > _LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        raise wrong
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise wrong from None
    schemes = ("https", "http") if settings.ALLOW_PRIVATE else ("https",)
    if parts.scheme not in schemes or not parts.hostname or port == 0:
        raise wrong
    if parts.username is not None or parts.password is not None or "\\" in parts.netloc:
        raise wrong
    return parts._replace(fragment="")


async def _post(parts: SplitResult, headers: Mapping[str, str], content: bytes) -> int:
    try:
        async with asyncio.timeout(SECONDS):
            return await _send(parts, headers, content)
    except TimeoutError:
        raise Unreachable(_too_slow(parts)) from None
    except (OSError, httpx.HTTPError, httpx.InvalidURL, ValueError):
        sentence = gettext("%(host)s does not answer.")
        raise Unreachable(sentence % {"host": parts.hostname}) from None


async def _send(parts: SplitResult, headers: Mapping[str, str], content: bytes) -> int:
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    address = (await look_up(host, port, private=settings.ALLOW_PRIVATE))[0]
    literal = f"[{address}]" if ":" in address else address
    query = f"?{parts.query}" if parts.query else ""
    transport = httpx.AsyncHTTPTransport(
        verify=ssl.create_default_context(), trust_env=False, http2=False, retries=0
    )
    async with (
        httpx.AsyncClient(
            transport=transport, trust_env=False, follow_redirects=False, timeout=SECONDS
        ) as client,
        client.stream(
            "POST",
            f"{parts.scheme}://{literal}:{port}{parts.path or '/'}{query}",
            headers={"User-Agent": "sdmpweb", **headers, "Host": parts.netloc},
            content=content,
            # The certificate has to be that of the name, not of the address.
            extensions={"sni_hostname": host},
        ) as response,
    ):
        return response.status_code


def _too_slow(parts: SplitResult) -> str:
    return gettext("%(host)s does not answer in time.") % {"host": parts.hostname}
