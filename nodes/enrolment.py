"""Making a user: the key, the recovery kit, and the resources that make this node theirs (§3, §6).

The resources are made here and written by `journal.enrol`, in the order that the journal
prescribes: identity, trust for this node, this node's identity for the user, profile, address.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings

from nodes import keystore
from nodes.addresses import own_address
from nodes.models import Account
from nodes.phrases import make_phrase
from sdmp.encoding import JSON, format_time
from sdmp.keys import PrivateKey, PublicKey, generate, make_recovery_kit
from sdmp.resource import Resource, make_resource
from sdmp.trust import ALL_POWERS, READ_RESOURCE

USER_LIFETIME: Final = timedelta(days=10 * 365)
NODE_LIFETIME: Final = timedelta(days=3 * 365)


@dataclass(frozen=True, slots=True)
class NewUser:
    """What enrolment makes: the phrase is shown once and kept nowhere."""

    fingerprint: str
    phrase: str
    kit: bytes
    resources: tuple[Resource, ...]


def make_user(mode: str, now: datetime) -> NewUser:
    """Make a user key and sign with it what makes this node the user's.

    Args:
        mode: `Account.Mode.FULL` for all powers, `HOST` for keeping and passing on alone.
        now: the time from which the identity's life counts.
    """
    key = generate(settings.USER_KEY_BITS)
    phrase = make_phrase()
    expires = now + USER_LIFETIME
    kit = make_recovery_kit(key, phrase, expires)
    resources = (user_identity(key, expires), trust_for_here(key, mode))
    return NewUser(key.fingerprint, phrase, kit, resources)


def make_user_without_kit(now: datetime) -> tuple[str, tuple[Resource, ...]]:
    """Make a user whose key is forgotten at once: for an account of the node's own.

    Returns:
        The fingerprint, and the identity with the trust for this node.
    """
    key = generate(settings.USER_KEY_BITS)
    resources = (user_identity(key, now + USER_LIFETIME), trust_for_here(key, Account.Mode.FULL))
    return key.fingerprint, resources


def trust_for_here(key: PrivateKey, mode: str, expires: datetime | None = None) -> Resource:
    """Make the trust by which a user lets this node act, signed by the user's key (§6).

    Args:
        key: the user's.
        mode: `Account.Mode.FULL` for all powers, `HOST` for keeping and passing on alone.
        expires: when it ends; never unless given.
    """
    powers: list[JSON] = list(ALL_POWERS) if mode == Account.Mode.FULL else [READ_RESOURCE]
    section: dict[str, JSON] = {
        "trustee": keystore.node_fingerprint(),
        "type": "node",
        "authorization": powers,
    }
    if expires is not None:
        section["expires"] = format_time(expires)
    return make_resource(key.fingerprint, key, sections={"trust": section})


def user_identity(key: PrivateKey, expires: datetime) -> Resource:
    """Make a user's identity, signed by the key that it holds (§3)."""
    section = identity_section(key.public, "user", expires)
    return make_resource(key.fingerprint, key, sections={"identity": section})


def identity_section(key: PublicKey, kind: str, expires: datetime) -> dict[str, JSON]:
    """Write the section of an identity."""
    return {
        "type": kind,
        "expires": format_time(expires),
        "key": key.pem,
        "fingerprint": key.fingerprint,
    }


def node_section(name: str) -> dict[str, JSON]:
    """Write the section by which this node says where it is reached (schema `node`).

    `ips` takes literal addresses; an address by name is published as a complete URL.
    """
    section: dict[str, JSON] = {"name": name} if name else {}
    address = own_address()
    literal = bool(address) and _is_literal(address)
    section["ips"] = [address] if literal else []
    urls: list[JSON] = []
    if settings.WEB_URL:
        scheme, _, rest = settings.WEB_URL.partition("://")
        if address or scheme == "https":
            urls.append(f"{'wss' if scheme == 'https' else 'ws'}://{rest}/sdmp")
    if address and not literal:
        urls.append(f"ws://{address}/sdmp")
    if urls:
        section["urls"] = list(dict.fromkeys(urls))
    return section


def _is_literal(address: str) -> bool:
    host = address.rpartition(":")[0]
    return host.startswith("[") or host.replace(".", "").isdigit()
