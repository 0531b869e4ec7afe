"""Where nodes are reached: what they publish, and what we may dial (protocol §10)."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from typing import Final, Literal
from urllib.parse import urlsplit

from django.conf import settings

from nodes.errors import UserError
from nodes.models import Address, LocalNode, Peer, Revocation
from sdmp import limits

Address4Or6 = ipaddress.IPv4Address | ipaddress.IPv6Address
# NAT64 (RFC 6052) and the old IPv4-compatible addresses (RFC 4291 §2.5.5.1).
_TRANSLATED: Final = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("::/96"))


def addresses_of(node: str) -> list[str]:
    """List the complete WebSocket addresses of a node, the best first.

    What it has published comes before what its offer said, `urls` before `ips`; of each user's
    addresses the last that was received and not revoked counts.
    """
    return addresses_of_all([node])[node]


def addresses_of_all(nodes: Collection[str]) -> dict[str, list[str]]:
    """List the addresses of several nodes, as `addresses_of` does, in two queries."""
    revoked = Revocation.objects.values("target")
    rows = Address.objects.filter(node__in=nodes).exclude(identifier__in=revoked).order_by("id")
    latest = {(row.node, row.user): row for row in rows}
    urls: dict[str, list[str]] = {node: [] for node in nodes}
    ips: dict[str, list[str]] = {node: [] for node in nodes}
    for row in sorted(latest.values(), key=lambda row: row.pk, reverse=True):
        urls[row.node] += row.urls
        ips[row.node] += [f"ws://{entry}/sdmp" for entry in row.ips]
    offers = Peer.objects.filter(fingerprint__in=nodes).values_list("fingerprint", "offered")
    offered = {node: list(listed) for node, listed in offers}
    return {
        node: list(dict.fromkeys(urls[node] + ips[node] + offered.get(node, [])))[
            : limits.ADDRESSES_PER_NODE
        ]
        for node in nodes
    }


def node_name(node: str) -> str:
    """Give the name that a node published for itself, or nothing."""
    return node_names([node]).get(node, "")


def node_names(nodes: Collection[str]) -> dict[str, str]:
    """Give the names that several nodes published for themselves, the latest of each."""
    rows = Address.objects.filter(node__in=nodes).order_by("id").values_list("node", "name")
    return dict(rows)


def own_address() -> str:
    """Give host:port at which this node is reached: the setting, else as it was made with."""
    if settings.NODE_ADDRESS:
        return str(settings.NODE_ADDRESS)
    node = LocalNode.objects.first()
    return node.address if node else ""


def check_address(text: str) -> str:
    """Check an address of the form host:port, an IPv6 host in brackets, and give it back.

    Raises:
        UserError: it is not of that form.
    """
    try:
        parts = urlsplit(f"//{text}")
        good = bool(parts.hostname and parts.port and parts.netloc == text and "@" not in text)
    except ValueError:
        good = False
    if not good:
        raise UserError(f"An address is host:port, an IPv6 host in brackets, and not {text!r}.")
    return text


def is_public(host: str) -> bool:
    """Tell whether a literal address is one of the public network."""
    try:
        address = ipaddress.ip_address(host.strip("[]").split("%")[0])
    except ValueError:
        return False
    inner = _address_within(address)
    return all(one.is_global and not one.is_multicast for one in (address, inner) if one)


def reach_of(host: str) -> Literal["loopback", "private", "public"]:
    """Say who can reach a host; a name is taken for public."""
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        local = host == "localhost" or host.endswith((".localhost", ".local"))
        return ("private" if host.endswith(".local") else "loopback") if local else "public"
    if address.is_loopback:
        return "loopback"
    return "public" if is_public(host) else "private"


def _address_within(address: Address4Or6) -> ipaddress.IPv4Address | None:
    """Give the IPv4 address that a mapped, translated or tunnelled IPv6 address leads to."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if any(address in network for network in _TRANSLATED):
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour


def private_allowed() -> bool:
    """Tell whether private and loopback addresses may be dialled.

    They may when the owner says so, or when this node's own address is not public.
    """
    if settings.ALLOW_PRIVATE:
        return True
    address = own_address()
    own = urlsplit(f"//{address}").hostname if address else None
    if not own:
        return False
    try:
        ipaddress.ip_address(own)
    except ValueError:
        return own == "localhost"
    return not is_public(own)
