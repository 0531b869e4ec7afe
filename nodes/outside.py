"""Sending one HTTP request to an address that comes from anybody.

People hand over links, and browsers choose their push services: such an address is looked up once
and called at the very address that was checked, no redirect is followed, nothing of this machine's
proxies or cookies is used, and time is bounded whatever the other side does. Size is for the
caller to bound: the answer is given unread.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import SplitResult, urlsplit

import httpx
from django.conf import settings

from nodes.dial import Unreachable, live_address

SECONDS: Final = 10.0
"""For everything together: looking up, connecting, TLS, asking and reading."""
GRACE: Final = 2.0
"""So much longer a thread waits for the loop, should even the look-up of a name hang."""
FAILED: Final = (OSError, httpx.HTTPError, httpx.InvalidURL, ValueError)
"""All that `request` raises besides Unreachable."""
_LONGEST_URL: Final = 2000


def split_address(url: str, wrong: str) -> SplitResult:
    """Take an address apart that may be called by its form, with `http:` or `https:`.

    Args:
        url: as it was handed over.
        wrong: the sentence for one that is none.

    Raises:
        Unreachable: it is none, or names more than a host, a port and a page.
    """
    refusal = Unreachable(wrong)
    if len(url) > _LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        raise refusal
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise refusal from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise refusal
    if parts.username is not None or parts.password is not None or "\\" in parts.netloc:
        raise refusal
    return parts._replace(fragment="")


@asynccontextmanager
async def request(
    method: str,
    parts: SplitResult,
    headers: Mapping[str, str],
    content: bytes | None,
    tls: ssl.SSLContext,
) -> AsyncIterator[httpx.Response]:
    """Send one request to the address that was checked; its answer is not read yet.

    Args:
        method: `GET` or `POST`.
        parts: as `split_address` gives them.
        headers: of the request, without Host.
        content: its body, if it has one.
        tls: made beforehand: reading the certificates of this machine holds up a loop.

    Raises:
        Unreachable: the name is not known, or is that of no address that may be called.
        OSError, httpx.HTTPError, httpx.InvalidURL, ValueError: the request failed (`FAILED`).
    """
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    address = await live_address(host, port, private=settings.ALLOW_PRIVATE)
    literal = f"[{address}]" if ":" in address else address
    query = f"?{parts.query}" if parts.query else ""
    transport = httpx.AsyncHTTPTransport(verify=tls, trust_env=False, http2=False, retries=0)
    async with (
        httpx.AsyncClient(
            transport=transport, trust_env=False, follow_redirects=False, timeout=SECONDS
        ) as client,
        client.stream(
            method,
            f"{parts.scheme}://{literal}:{port}{parts.path or '/'}{query}",
            headers={"User-Agent": "sdmpweb", **headers, "Host": parts.netloc},
            content=content,
            # The certificate has to be that of the name, not of the address.
            extensions={"sni_hostname": host},
        ) as response,
    ):
        yield response
