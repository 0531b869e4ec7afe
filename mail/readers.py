"""For whose keys a message is encrypted (protocol §7)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.utils.translation import gettext

from nodes.errors import UserError
from sdmp import limits
from sdmp.keys import PublicKey
from sdmp.trust import READ_ENCRYPTED, Facts, State


def reading_nodes(user: str, facts: Facts, now: datetime) -> list[str]:
    """List the nodes that a user lets read, at most 16."""
    nodes = facts.nodes_of(user, now)
    reading = [node for node in sorted(nodes) if READ_ENCRYPTED in nodes[node]]
    return reading[: limits.NODES_PER_USER]


def keys_for(users: Iterable[str], facts: Facts, now: datetime) -> list[PublicKey]:
    """Collect the keys of users and of the nodes that they let read, each once.

    Raises:
        UserError: a user's key is not known or has ended, or there are too many keys.
    """
    keys: dict[str, PublicKey] = {}
    for user in users:
        own = facts.key(user)
        if own is None or facts.user_state(user, now) is not State.CURRENT:
            raise UserError(gettext("The identity of a recipient is not known here or has ended."))
        keys[user] = own
        for node in reading_nodes(user, facts, now):
            key = facts.key(node)
            if key is not None:
                keys[node] = key
    if len(keys) > limits.RECIPIENTS:
        raise UserError(
            gettext(
                "A message can be encrypted for %(most)s keys and this takes %(all)s; "
                "send it to fewer people at a time."
            )
            % {"most": limits.RECIPIENTS, "all": len(keys)}
        )
    return list(keys.values())
