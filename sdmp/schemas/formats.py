"""What a pattern cannot say: formats that the core schemas refer to (protocol §1, §2)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from sdmp.encoding import parse_time
from sdmp.errors import BadSchema

_ENDPOINT: Final = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+)):([1-9][0-9]{0,4})")
_WEBSOCKET: Final = re.compile(r"wss?://[^\s\x00-\x20\x7f#\\]+")


def is_timestamp(text: str) -> bool:
    """Tell whether this is a timestamp and a real date (protocol §1)."""
    try:
        parse_time(text)
    except BadSchema:
        return False
    return True


def is_endpoint(text: str) -> bool:
    """Tell whether this is `address:port`, a literal address, IPv6 in brackets (protocol §2)."""
    match = _ENDPOINT.fullmatch(text)
    if match is None or int(match[3]) > 65535:
        return False
    try:
        if match[1] is not None:
            ipaddress.IPv6Address(match[1])
        else:
            ipaddress.IPv4Address(match[2])
    except ValueError:
        return False
    return True


def is_websocket(text: str) -> bool:
    """Tell whether this is a `ws://` or `wss://` address with a host (protocol §2).

    Without user name, which a dialler would send, and without fragment, which RFC 6455 bars.
    """
    if _WEBSOCKET.fullmatch(text) is None:
        return False
    try:
        parts = urlsplit(text)
        return bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        return False


FORMATS: Final[dict[str, Callable[[str], bool]]] = {
    "timestamp": is_timestamp,
    "endpoint": is_endpoint,
    "websocket": is_websocket,
}
