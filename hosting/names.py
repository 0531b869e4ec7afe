"""Names of users and nodes for the panel: as they have published them, never as people noted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mail.people import profile_names
from mail.presentation import clean_name
from nodes import keystore
from nodes.models import Account, Address, LocalNode


@dataclass(frozen=True, slots=True)
class Named:
    """A user or a node; `name` is the beginning of the fingerprint when none was published."""

    fingerprint: str
    name: str
    published: bool
    here: bool


def name_users(users: Iterable[str]) -> dict[str, Named]:
    """Name several users at once, those with an account here as it is called."""
    wanted = set(users)
    here = {
        str(account.fingerprint): account.get_full_name()
        for account in Account.objects.filter(fingerprint__in=wanted)
    }
    names = {**here, **profile_names(wanted)}
    return {user: _named(user, names.get(user, ""), here=user in here) for user in wanted}


def name_nodes(nodes: Iterable[str]) -> dict[str, Named]:
    """Name several nodes at once, by the last address that each published."""
    wanted = set(nodes)
    rows = Address.objects.filter(node__in=wanted).order_by("pk").values_list("node", "name")
    names = {node: name for node, name in rows if name}
    own = set(keystore.own_fingerprints())
    local = LocalNode.objects.first()
    if local is not None:
        names |= dict.fromkeys(own, local.name)
    return {node: _named(node, names.get(node, ""), here=node in own) for node in wanted}


def _named(fingerprint: str, name: str, *, here: bool) -> Named:
    cleaned = clean_name(name)
    return Named(fingerprint, cleaned or fingerprint[:12], bool(cleaned), here)
