"""What the owner is told users and nodes are called: as they call themselves.

What a person calls a contact is that person's own; the owner of the node does not see it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.utils.translation import gettext

from mail.people import profile_names
from mail.presentation import clean_name
from nodes import keystore
from nodes.addresses import addresses_of_all, node_names
from nodes.models import Account, LocalNode
from sdmp.trust import Facts

SHORT = 12


@dataclass(frozen=True, slots=True)
class Named:
    """A user; `name` is the beginning of the fingerprint when none was `published`.

    `here` says whether it has an account on this node.
    """

    fingerprint: str
    name: str
    published: bool
    here: bool


class Names:
    """Names users and nodes, asking the database once for many."""

    def __init__(self) -> None:
        self._users: dict[str, str] = {}
        self._nodes: dict[str, str] = {}
        self._accounts: dict[str, Account] | None = None

    @property
    def accounts(self) -> dict[str, Account]:
        """The accounts of this node, by the fingerprint of their user."""
        if self._accounts is None:
            rows = Account.objects.exclude(fingerprint=None)
            self._accounts = {str(row.fingerprint): row for row in rows}
        return self._accounts

    def load(self, users: Iterable[str] = (), nodes: Iterable[str] = ()) -> None:
        """Find the names of several users and nodes at once."""
        missing = {user for user in users if user not in self._users}
        here = missing & self.accounts.keys()
        self._users |= {user: clean_name(self.accounts[user].get_full_name()) for user in here}
        if elsewhere := missing - here:
            names = profile_names(elsewhere)
            self._users |= {user: clean_name(names.get(user, "")) for user in elsewhere}
        if unknown := {node for node in nodes if node not in self._nodes}:
            self._nodes |= _name_nodes(unknown)

    def user(self, fingerprint: str) -> str:
        """Name a user; one who has published no name by the beginning of the fingerprint."""
        if fingerprint not in self._users:
            self.load(users=[fingerprint])
        return self._users[fingerprint] or fingerprint[:SHORT]

    def named(self, fingerprint: str) -> Named:
        """Name a user, and say whether it has published the name, and has an account here."""
        name = self.user(fingerprint)
        published, here = bool(self._users[fingerprint]), fingerprint in self.accounts
        return Named(fingerprint, name, published, here)

    def node(self, fingerprint: str) -> str:
        """Name a node: as it calls itself, else by where it is reached, else by its key."""
        if fingerprint not in self._nodes:
            self.load(nodes=[fingerprint])
        return self._nodes[fingerprint]

    def of(self, fingerprint: str, facts: Facts) -> str:
        """Name a user or a node, whichever it is."""
        return (
            self.node(fingerprint) if facts.kind(fingerprint) == "node" else self.user(fingerprint)
        )


def name_users(users: Iterable[str]) -> dict[str, Named]:
    """Name several users at once."""
    names, wanted = Names(), set(users)
    names.load(users=wanted)
    return {user: names.named(user) for user in wanted}


def _name_nodes(nodes: Collection[str]) -> dict[str, str]:
    named = {node: clean_name(name) for node, name in node_names(nodes).items()}
    own = set(keystore.own_fingerprints())
    local = LocalNode.objects.first()
    if local is not None and own & set(nodes):
        named |= {node: local.name for node in own if node == local.fingerprint}
        earlier = gettext("%(node)s, by an earlier key") % {"node": local.name}
        named |= {node: earlier for node in own if node != local.fingerprint}
    nameless = {node for node in nodes if not named.get(node)}
    for node, addresses in addresses_of_all(nameless).items() if nameless else ():
        place = clean_name(urlsplit(addresses[0]).netloc) if addresses else ""
        named[node] = place or node[:SHORT]
    return {node: named[node] for node in nodes}
