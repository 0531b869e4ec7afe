"""Giving and withdrawing trust, for the users of this node (protocol §6)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils.translation import gettext

from journal.models import Resource
from journal.publish import ToPublish, publish_all
from journal.revoke import revoke_all
from nodes.errors import UserError
from nodes.facts import current_facts
from nodes.peers import clear_back_off
from sdmp.encoding import JSON, format_time
from sdmp.trust import READ_RESOURCE

# A trust in the same words as one that was revoked is that very resource, revoked. What sets a
# later one apart is its end: one that is meant to have none has it so far off.
NEVER: Final = datetime(9999, 12, 31, tzinfo=UTC)


def ends(expires: datetime | None) -> bool:
    """Tell whether the `expires` of a trust is an end that anybody meant."""
    return expires is not None and expires.year < NEVER.year


def trust_user(user: str, other: str, *, now: datetime) -> Resource | None:
    """Let another user read what `user` publishes; `None` when that is so already.

    Raises:
        UserError: it is the user's own key, a node's key, or this node may not make trusts.
    """
    facts = current_facts()
    if other == user:
        raise UserError(gettext("That is your own card."))
    if facts.kind(other) == "node":
        raise UserError(gettext("That is a node's key, not a person's."))
    if facts.gives(user, other, now):
        return None
    return _grant(user, other, "user", [READ_RESOURCE], None, now)


def trust_node(
    user: str, node: str, powers: Sequence[str], *, until: datetime | None, now: datetime
) -> Resource:
    """Let a node act for `user` with these powers, once it agrees (§6).

    Raises:
        UserError: it is a user's key, or this node may not give these powers.
    """
    if current_facts().kind(node) == "user":
        raise UserError(gettext("That is a person's key, not a node's."))
    if until is not None and until <= now:
        raise UserError(gettext("The end of the trust lies in the past."))
    return _grant(user, node, "node", powers, until, now)


def withdraw(user: str, trustee: str, *, now: datetime) -> list[Resource]:
    """Revoke every current trust of `user` for a contact or a node.

    Raises:
        UserError: there is none, or this node may not revoke it.
    """
    facts = current_facts()
    current = [t for t in facts.trusts_between(user, trustee) if facts.is_current(t, now)]
    if not current:
        raise UserError(gettext("There is no current trust for that fingerprint."))
    return revoke_all([trust.identifier for trust in current], now=now)


def _grant(
    user: str,
    trustee: str,
    kind: str,
    powers: Sequence[str],
    until: datetime | None,
    now: datetime,
) -> Resource:
    authorization: list[JSON] = list(powers)
    section: dict[str, JSON] = {
        "trustee": trustee,
        "type": kind,
        "authorization": authorization,
    }
    earlier = len(current_facts().trusts_between(user, trustee))
    if until is not None or earlier:
        section["expires"] = format_time((until or NEVER) - timedelta(milliseconds=earlier))
    with transaction.atomic():
        [(row, _)] = publish_all([ToPublish(user, {"trust": section})], now=now)
        facts = current_facts()
        nodes = {trustee} if kind == "node" else set(facts.nodes_of(trustee, now))
        clear_back_off(nodes, now)
    return row
