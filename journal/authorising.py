"""Letting nodes act for a user, for how long, and no longer (protocol §6).

What this node may sign it signs; for the rest the caller brings the user's own key
(`journal.user_key`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext

from journal import restored
from journal.enrol import agree_to_serve, publish_address
from journal.models import Resource
from journal.publish import publish, trust_to_name
from journal.revoke import revoke_all
from journal.trusts import NEVER
from journal.user_key import publish_signed
from nodes import keystore
from nodes.errors import UserError
from nodes.facts import current_facts
from nodes.peers import clear_back_off
from sdmp.encoding import JSON, format_time
from sdmp.keys import PrivateKey
from sdmp.trust import ALL_POWERS, CREATE_TRUST, READ_RESOURCE, REVOKE, Facts, TrustFact


def current_trusts(user: str, node: str, facts: Facts, now: datetime) -> list[TrustFact]:
    """List the trusts by which a user lets a node act now, whether or not it has agreed."""
    return [
        trust
        for trust in facts.trusts_between(user, node)
        if trust.type == "node" and facts.is_current(trust, now)
    ]


def former_trusts(user: str, facts: Facts, now: datetime) -> list[TrustFact]:
    """List the current trusts for keys that this node had before its key was renewed."""
    return [
        trust
        for former in keystore.former_fingerprints()
        for trust in current_trusts(user, former, facts, now)
    ]


def takes_user_key(
    user: str, node: str, powers: Iterable[str], *, until: datetime | None, now: datetime
) -> bool:
    """Tell whether only the user's own key can let a node do this (protocol §5, §6).

    A node never decides about itself nor passes on the power to create trusts, and takes back
    only what it signed or has the power to revoke.
    """
    facts, here = current_facts(), keystore.node_fingerprint()
    wanted = frozenset(powers)
    if node == here or CREATE_TRUST in wanted:
        return True
    if not _may(user, wanted | {CREATE_TRUST}, facts, now):
        return True
    exceeding = _exceeding(current_trusts(user, node, facts, now), wanted, until)
    return not _may_take_back(user, exceeding, facts, now)


def takes_user_key_to_withdraw(user: str, node: str, now: datetime) -> bool:
    """Tell whether only the user's own key can take back the trust for a node (§6)."""
    facts = current_facts()
    return not _may_take_back(user, current_trusts(user, node, facts, now), facts, now)


def authorise(
    user: str,
    node: str,
    powers: Iterable[str],
    *,
    until: datetime | None,
    now: datetime,
    key: PrivateKey | None = None,
) -> Resource:
    """Let a node do this for a user until then, and nothing more.

    Trusts that go further are revoked; about this very node, those for its earlier keys too. When
    the user's key is at hand, it signs anew the trusts for other nodes that would end with those
    (§6).

    Args:
        user: a user of this node.
        node: fingerprint of any node; it acts once it has agreed.
        powers: what it may do; `read_resource` is always among it.
        until: when it ends; never when `None`.
        now: the present moment.
        key: the user's own key; this node signs without it.

    Returns:
        The new trust.

    Raises:
        UserError: it is a person's key, the end lies in the past, or it takes the user's key;
            nothing is written.
    """
    if current_facts().kind(node) == "user":
        raise UserError(gettext("That is a person's key, not a node's."))
    if until is not None and until <= now:
        raise UserError(gettext("The end lies in the past."))
    wanted = frozenset(powers) | {READ_RESOURCE}
    if key is None and takes_user_key(user, node, wanted, until=until, now=now):
        raise UserError(gettext("This takes your recovery phrase."))
    with transaction.atomic():
        before = current_facts()
        row = _grant(user, node, wanted, until, now, key)
        old = current_trusts(user, node, before, now)
        exceeding = _exceeding(old, wanted, until)
        if node == keystore.node_fingerprint():
            former = former_trusts(user, before, now)
            # After a restore, what the earlier key has signed is still to come back from peers.
            if key is None or not restored.begin(user, now, key, [t.identifier for t in former]):
                exceeding += former
        _take_back([trust.identifier for trust in exceeding], now, key)
        if key is not None:
            _carry_over(user, before, now, key)
        if node == keystore.node_fingerprint() and not before.copies(node, user):
            agree_to_serve(user, now)
            publish_address(user, now)
        clear_back_off({node}, now)
    return row


def withdraw_node(user: str, node: str, *, now: datetime, key: PrivateKey | None = None) -> None:
    """Take back every current trust for a node, which stops it at once (§6).

    Raises:
        UserError: it is this very node, there is no trust, or it takes the user's key; nothing is
            written.
    """
    if node == keystore.node_fingerprint():
        raise UserError(
            gettext("This node keeps your account; to leave it, delete the account here.")
        )
    with transaction.atomic():
        before = current_facts()
        current = current_trusts(user, node, before, now)
        if not current:
            raise UserError(gettext("That node does nothing for you any more."))
        _take_back([trust.identifier for trust in current], now, key)
        if key is not None:
            _carry_over(user, before, now, key)


def prolong_trust(
    user: str, other: str, *, until: datetime, now: datetime, key: PrivateKey | None = None
) -> Resource:
    """Let a contact read what the user publishes until later, or again.

    Raises:
        UserError: this node may not make trusts and the user's key is not given.
    """
    if not current_facts().trusts_between(user, other):
        raise UserError(gettext("You have never trusted this person."))
    row = _publish_trust(user, other, "user", frozenset({READ_RESOURCE}), until, now, key)
    clear_back_off(set(current_facts().nodes_of(other, now)), now)
    return row


def takes_user_key_to_trust(user: str, now: datetime) -> bool:
    """Tell whether only the user's own key can make a trust for a contact (§5)."""
    return not _may(user, frozenset({READ_RESOURCE, CREATE_TRUST}), current_facts(), now)


def _may(user: str, needs: frozenset[str], facts: Facts, now: datetime) -> bool:
    try:
        trust_to_name(facts, user, needs, now)
    except UserError:
        return False
    return True


def _may_take_back(user: str, trusts: list[TrustFact], facts: Facts, now: datetime) -> bool:
    own = all(trust.signer in keystore.own_fingerprints() for trust in trusts)
    return own or _may(user, frozenset({REVOKE}), facts, now)


def _exceeding(
    trusts: list[TrustFact], powers: frozenset[str], until: datetime | None
) -> list[TrustFact]:
    """Find the trusts that give more, or for longer, than this."""
    return [
        trust
        for trust in trusts
        if not trust.powers <= powers
        or (until is not None and (trust.expires is None or trust.expires > until))
    ]


def _grant(
    user: str,
    node: str,
    powers: frozenset[str],
    until: datetime | None,
    now: datetime,
    key: PrivateKey | None,
) -> Resource:
    return _publish_trust(user, node, "node", powers, until, now, key)


def _publish_trust(
    user: str,
    trustee: str,
    kind: str,
    powers: frozenset[str],
    until: datetime | None,
    now: datetime,
    key: PrivateKey | None,
) -> Resource:
    section: dict[str, JSON] = {
        "trustee": trustee,
        "type": kind,
        "authorization": [power for power in ALL_POWERS if power in powers],
    }
    # In the same words as an earlier one it would be that very resource (`journal.trusts.NEVER`).
    earlier = len(current_facts().trusts_between(user, trustee))
    if until is not None or earlier:
        section["expires"] = format_time((until or NEVER) - timedelta(milliseconds=earlier))
    sections: dict[str, JSON] = {"trust": section}
    if key is None:
        return publish(user, sections, now=now)
    [row] = publish_signed(key, [sections], now=now)
    return row


def _take_back(identifiers: list[str], now: datetime, key: PrivateKey | None) -> None:
    if not identifiers:
        return
    if key is None:
        revoke_all(identifiers, now=now)
    else:
        items: list[dict[str, JSON]] = [
            {"revoke": {"resource": identifier}} for identifier in identifiers
        ]
        publish_signed(key, items, now=now)


def _carry_over(user: str, before: Facts, now: datetime, key: PrivateKey) -> None:
    """Sign anew what a node had signed, and what has now ended with that node's own trust."""
    after = current_facts()
    for node in sorted(before.trustees(user, "node") - set(keystore.own_fingerprints())):
        for trust in current_trusts(user, node, before, now):
            if not after.is_current(trust, now) and not after.is_revoked(trust.identifier):
                _grant(user, node, trust.powers, trust.expires, now, key)
    _carry_contacts_over(user, before, now)


def _carry_contacts_over(user: str, before: Facts, now: datetime) -> None:
    """Sign anew the trusts for contacts that this node signed by a power that has now ended.

    Who has them keeps them (§6); but who hears of them only now, such as a node on which the
    account is recovered, could not tell them from what was signed afterwards. A node that may make
    no trusts any more leaves them: it could not withdraw what the user's own key signs.
    """
    after, powers = current_facts(), frozenset({READ_RESOURCE})
    if takes_user_key_to_trust(user, now):
        return
    own = set(keystore.own_fingerprints())
    for contact in sorted(before.trustees(user, "user")):
        current = [
            trust for trust in before.trusts_between(user, contact) if before.is_current(trust, now)
        ]
        shaken = [
            trust
            for trust in current
            if trust.signer in own and trust.named is not None and after.is_revoked(trust.named)
        ]
        if shaken and len(shaken) == len(current):
            ends = [trust.expires for trust in shaken if trust.expires is not None]
            until = max(ends) if len(ends) == len(shaken) else None
            _publish_trust(user, contact, "user", powers, until, now, None)
