"""Why a resource is valid: from its signature, trust by trust, to a user's own key (§5, §6).

Each signature is checked anew when it is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.translation import gettext

from hosting.decoding import decode
from hosting.names import Names
from hosting.powers import power_words
from journal.models import Resource
from nodes.facts import current_facts
from sdmp.errors import SdmpError
from sdmp.signature import verify
from sdmp.trust import Facts, State

_LONGEST: Final = 8


@dataclass(frozen=True, slots=True)
class Link:
    """A link of the chain: what says so, whether its signature holds now, and for how long."""

    words: str
    identifier: str
    position: int | None
    holds: bool
    why: str  # when the signature does not hold
    since: datetime | None
    until: datetime | None
    state: State


def chain(row: Resource, now: datetime) -> list[Link]:
    """Follow a resource's signature to the key of its user; empty when its content is gone."""
    if not row.is_held:
        return []
    facts, names = current_facts(), Names()
    links = [_link(row, _signed_words(row, names), facts, None, State.CURRENT)]
    signer, trust = row.signer, decode(row).trust
    while signer != row.author and len(links) < _LONGEST:
        links.append(_node_link(signer, row.author, facts, now, names))
        fact = facts.trust(trust)
        if fact is None:
            words = gettext("The trust that is named is not known here.")
            links.append(_unknown(words, trust))
            return links
        held = Resource.objects.filter(identifier=fact.identifier).first()
        words = gettext("%(user)s lets %(node)s act: %(powers)s.") % {
            "user": names.user(fact.issuer),
            "node": names.node(fact.trustee),
            "powers": power_words(fact.type, fact.powers),
        }
        state = facts.trust_state(fact, now)
        links.append(
            _link(held, words, facts, fact.expires, state) if held else _unknown(words, trust)
        )
        signer, trust = fact.signer, fact.named or ""
    links.append(_user_link(row.author, facts, now, names))
    return links


def _signed_words(row: Resource, names: Names) -> str:
    if row.signer == row.author:
        words = gettext("This was signed with the own key of %(user)s.")
        return words % {"user": names.user(row.author)}
    return gettext("This was signed by the node %(node)s.") % {"node": names.node(row.signer)}


def _node_link(node: str, user: str, facts: Facts, now: datetime, names: Names) -> Link:
    words = gettext("%(node)s has agreed to act for %(user)s, by its identity.") % {
        "node": names.node(node),
        "user": names.user(user),
    }
    return _identity_link(node, user, words, facts, now)


def _user_link(user: str, facts: Facts, now: datetime, names: Names) -> Link:
    words = gettext("This is the key of %(user)s itself, where the chain ends.") % {
        "user": names.user(user)
    }
    return _identity_link(user, user, words, facts, now)


def _identity_link(key: str, user: str, words: str, facts: Facts, now: datetime) -> Link:
    copies = facts.copies(key, user)
    if not copies:
        return _unknown(words, "")
    latest = max(copies, key=lambda copy: copy.expires)
    held = Resource.objects.filter(identifier=latest.identifier).first()
    if held is None:
        return _unknown(words, latest.identifier)
    return _link(held, words, facts, latest.expires, facts.identity_state(key, user, now))


def _link(row: Resource, words: str, facts: Facts, until: datetime | None, state: State) -> Link:
    why = ""
    key = facts.key(row.signer)
    try:
        if key is None:
            why = gettext("The key that signed is not known here.")
        else:
            verify(row.envelope(), key)
    except (SdmpError, ValueError) as error:
        why = str(error)
    line = getattr(row, "line", None)
    position = line.position if line is not None else None
    return Link(words, row.identifier, position, not why, why, row.received, until, state)


def _unknown(words: str, identifier: str) -> Link:
    why = gettext("It is not held here.")
    return Link(words, identifier, None, holds=False, why=why, since=None, until=None,
                state=State.UNKNOWN)  # fmt: skip
