"""Posting to a push service, whose address a browser has chosen.

The address comes from whoever has an account, and so from anybody: `nodes.outside` says how it is
called. The answer's body is not read.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from concurrent.futures import TimeoutError as WaitedTooLong
from urllib.parse import SplitResult

from django.conf import settings
from django.utils.translation import gettext

from nodes import loop
from nodes.dial import Unreachable
from nodes.outside import FAILED, GRACE, SECONDS, request, split_address


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
    running = loop.run(_post(parts, headers, content, ssl.create_default_context()))
    try:
        return running.result(SECONDS + GRACE)
    except WaitedTooLong:  # also when the look-up of a name hangs
        running.cancel()
        raise Unreachable(_too_slow(parts)) from None


def check_endpoint(url: str) -> SplitResult:
    """Check an address by its form alone: `https://`, or `http://` where the owner allows private.

    Raises:
        Unreachable: it is none, or not one that is called.
    """
    wrong = gettext("This is not the address of a push service.")
    parts = split_address(url, wrong)
    if parts.scheme == "http" and not settings.ALLOW_PRIVATE:
        raise Unreachable(wrong)
    return parts


async def _post(
    parts: SplitResult, headers: Mapping[str, str], content: bytes, tls: ssl.SSLContext
) -> int:
    try:
        async with (
            asyncio.timeout(SECONDS),
            request("POST", parts, headers, content, tls) as response,
        ):
            return response.status_code
    except TimeoutError:
        raise Unreachable(_too_slow(parts)) from None
    except FAILED:
        sentence = gettext("%(host)s does not answer.")
        raise Unreachable(sentence % {"host": parts.hostname}) from None


def _too_slow(parts: SplitResult) -> str:
    return gettext("%(host)s does not answer in time.") % {"host": parts.hostname}
