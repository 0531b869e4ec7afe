"""Who plays in the tests, everywhere the same.

Alice has a laptop (all powers) and a relay (a host), Bob a desk (reads and publishes), Carol a
tablet (likewise). Mallory, with her node evil, is up to no good. Alice, Bob and Carol know each
other. Carol and her tablet are not among the published test vectors; their keys stand beside
this file.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sdmp.encoding import JSON
from sdmp.keys import PrivateKey, PublicKey, load_private
from sdmp.resource import make_resource
from sdmp.signature import Envelope

EXPIRES = "2036-01-01T00:00:00.000Z"
ALL_POWERS = ("read_resource", "publish_resource", "read_encrypted", "create_trust", "revoke")
FULL = ("read_resource", "publish_resource", "read_encrypted")
HOST = ("read_resource",)


@cache
def _keys() -> dict[str, dict[str, str]]:
    here = Path(__file__).parent
    files = (here.parent / "vectors" / "keys.json", here / "keys.json")
    return {name: keys for file in files for name, keys in json.loads(file.read_text()).items()}


@cache
def _load(name: str) -> PrivateKey:
    return load_private(_keys()[name]["private_pem"])


@dataclass(frozen=True)
class Member:
    """A user or a node of the cast, with its key (loaded when first needed)."""

    name: str

    @property
    def key(self) -> PrivateKey:
        """The private key."""
        return _load(self.name)

    @property
    def public(self) -> PublicKey:
        """The public key."""
        return self.key.public

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the key."""
        return _keys()[self.name]["fingerprint"]


@dataclass(frozen=True)
class User(Member):
    """A user, who signs with the user's own key."""

    def identity(self, expires: str = EXPIRES) -> Envelope:
        """The user's identity."""
        section = _identity("user", self, expires)
        return _sign(self, self, {"identity": section})

    def trust(
        self, trustee: Member, powers: Sequence[str] | None = None, expires: str | None = None
    ) -> Envelope:
        """A trust for another user, or for a node with `powers` (by default those of its role)."""
        if powers is None:
            powers = trustee.powers if isinstance(trustee, Node) else HOST
        section: dict[str, JSON] = {
            "trustee": trustee.fingerprint,
            "type": "node" if isinstance(trustee, Node) else "user",
            "authorization": list(powers),
        }
        if expires is not None:
            section["expires"] = expires
        return _sign(self, self, {"trust": section})

    def revocation(self, target: Envelope) -> Envelope:
        """A revocation of one of the user's own resources."""
        return _sign(self, self, {"revoke": {"resource": target.identifier}})

    def profile(self) -> Envelope:
        """The user's profile."""
        return _sign(self, self, {"user": {"name": self.name.capitalize()}})


@dataclass(frozen=True)
class Node(Member):
    """A node, its owner, and what it may do for the owner."""

    owner: User
    powers: tuple[str, ...]
    address: str

    def authorisation(self) -> Envelope:
        """The owner's trust for this node (signing is deterministic: always the same one)."""
        return self.owner.trust(self)

    def identity(self, expires: str = EXPIRES) -> Envelope:
        """The node's identity, published for its owner."""
        return self.resource(identity=_identity("node", self, expires))

    def node(self) -> Envelope:
        """The node's address."""
        return self.resource(node={"ips": [self.address]})

    def resource(self, **sections: JSON) -> Envelope:
        """Any resource signed by this node for its owner, traffic too."""
        return _sign(self, self.owner, sections, self.authorisation().identifier)

    def credentials(self, other: User) -> list[Envelope]:
        """What a node of `other` must see to answer whether it may talk to this one."""
        return [
            self.owner.identity(),
            self.authorisation(),
            self.identity(),
            self.owner.trust(other),
            self.node(),
        ]


def _sign(
    signer: Member, user: User, sections: dict[str, JSON], trust: str | None = None
) -> Envelope:
    return make_resource(user.fingerprint, signer.key, sections, trust=trust).envelope


def _identity(kind: str, member: Member, expires: str) -> dict[str, JSON]:
    return {
        "type": kind,
        "expires": expires,
        "key": member.public.pem,
        "fingerprint": member.fingerprint,
    }


ALICE = User("alice")
BOB = User("bob")
CAROL = User("carol")
MALLORY = User("mallory")
LAPTOP = Node("laptop", ALICE, ALL_POWERS, "192.0.2.1:8000")
RELAY = Node("relay", ALICE, HOST, "192.0.2.2:8000")
DESK = Node("desk", BOB, FULL, "192.0.2.3:8000")
TABLET = Node("tablet", CAROL, FULL, "192.0.2.4:8000")
EVIL = Node("evil", MALLORY, FULL, "192.0.2.66:8000")
EVERYONE: tuple[Member, ...] = (
    ALICE, BOB, CAROL, MALLORY, LAPTOP, RELAY, DESK, TABLET, EVIL,
)  # fmt: skip
