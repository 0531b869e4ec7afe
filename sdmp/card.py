"""What people hand to each other outside the protocol: cards and offers (protocol §12)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from sdmp import limits
from sdmp.container import build, check_container
from sdmp.encoding import JSON, read_json, write_json
from sdmp.errors import BadIdentity, BadSchema
from sdmp.keys import PublicKey, load_public
from sdmp.signature import Envelope, read_envelope

MEDIA_TYPE: Final = "application/vnd.sdmp.card+json"

# Not in the protocol: a user has an identity, a profile and up to 16 nodes with three resources
# each, besides older copies; and none of these is large.
CARD_BYTES: Final = limits.MIB
CARD_RESOURCES: Final = 256
OFFER_BYTES: Final = 16 * limits.KIB


@dataclass(frozen=True, slots=True)
class Offer:
    """What a node's owner hands to a user who wants to authorise it: key and addresses."""

    key: PublicKey
    ips: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()


def read_card(data: bytes | str) -> list[Envelope]:
    """Return the resources of a card, in its order. Their signatures are still to be verified.

    Raises TooLarge, BadJSON, BadSchema, and what `read_envelope` raises (protocol §12).
    """
    listed = read_json(data, CARD_BYTES)
    if not isinstance(listed, list) or not listed:
        raise BadSchema("A card is a JSON list of resources.")
    if len(listed) > CARD_RESOURCES:
        raise BadSchema(f"A card has at most {CARD_RESOURCES} resources.")
    return [read_envelope(entry) for entry in listed]


def write_card(envelopes: Iterable[Envelope]) -> bytes:
    """Return a card of these resources (protocol §12)."""
    return b"[" + b",\n".join(envelope.to_bytes() for envelope in envelopes) + b"]\n"


def read_offer(data: bytes | str) -> Offer:
    """Read a node's offer.

    Raises TooLarge, BadJSON, BadSchema, and BadIdentity when key and fingerprint do not agree
    (protocol §12).
    """
    offer: Any = read_json(data, OFFER_BYTES)
    if not isinstance(offer, dict) or offer.keys() != {"key", "fingerprint", "ips", "urls"}:
        raise BadSchema("An offer is an object of key, fingerprint, ips and urls.")
    # Addresses are as in a `node` section.
    check_container(build(node={"ips": offer["ips"], "urls": offer["urls"]}))
    if not isinstance(offer["key"], str):
        raise BadSchema("The key of an offer is text.")
    key = load_public(offer["key"])
    if key.fingerprint != offer["fingerprint"]:
        raise BadIdentity("The fingerprint of this offer is not that of its key.")
    return Offer(key, tuple(offer["ips"]), tuple(offer["urls"]))


def write_offer(offer: Offer) -> bytes:
    """Return an offer as JSON (protocol §12)."""
    value: dict[str, JSON] = {
        "key": offer.key.pem,
        "fingerprint": offer.key.fingerprint,
        "ips": list(offer.ips),
        "urls": list(offer.urls),
    }
    return write_json(value)
