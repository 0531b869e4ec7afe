"""Renewing the key of this node, so that the new one takes over from the old (protocol §3, §5, §6).

To everybody else a new key is a new node. The earlier one, which may make trusts, lets it act for
each user, and both are kept: what only the earlier one may do it goes on doing, and mail that is
encrypted for it is opened. The journal is the new node's, with the same resources in the same
order (§8). A user ends this with the recovery phrase: then the user's own key trusts the new one,
and the trust for the earlier one is revoked.

Peers that we can call hear of it by our credentials. One that calls us and means the earlier key
is answered with that, and shown the new one (`former_meant`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection, transaction
from django.utils.translation import gettext

from journal.authorising import current_trusts
from journal.models import Line, Resource
from journal.publish import trust_to_use, write_own
from journal.revoke import revoke_all
from nodes import keystore
from nodes.enrolment import NODE_LIFETIME, identity_section, node_section
from nodes.errors import UserError
from nodes.facts import current_facts
from nodes.models import Address, LocalNode, Peer, Revocation, SealedKey
from sdmp.encoding import JSON, format_time
from sdmp.keys import PrivateKey
from sdmp.lines import first_line, make_line
from sdmp.resource import Resource as Content
from sdmp.resource import make_resource
from sdmp.signature import Envelope
from sdmp.trust import ALL_POWERS, CREATE_TRUST, Facts

_AT_ONCE: Final = 2000
_calls: Final[Counter[str]] = Counter()  # of peers that may mean either key, in this process


@dataclass(frozen=True, slots=True)
class Renewal:
    """The new key, and the users who have to confirm it before it can act for them."""

    fingerprint: str
    waiting: tuple[str, ...]


def users_who_must_sign(now: datetime) -> list[str]:
    """List the users who have not let this node make trusts: for them it cannot let a key in."""
    facts, here = current_facts(), keystore.node_fingerprint()
    return [
        user
        for user in sorted(facts.users_of(here, now))
        if _who_lets_in(user, _powers(user, facts, now), facts, now) is None
    ]


def renew_node_key(now: datetime) -> Renewal:
    """Make a new key for this node and let it take over, in one transaction.

    No other process of the node may run.

    Raises:
        UserError: a session is open, so that a process seems to run; nothing is changed.
    """
    if Peer.objects.filter(lease_until__gt=now).exclude(lease_owner="").exists():
        raise UserError(
            gettext("The node runs, or did a moment ago; stop all its processes first.")
        )
    old = keystore.node_fingerprint()
    waiting = users_who_must_sign(now)
    try:
        with transaction.atomic():
            node = LocalNode.objects.select_for_update().get()
            LocalNode.objects.update(taken_over=None)  # the new key nobody else has
            key = keystore.create_node_key()
            section = node_section(node.name)
            for user in sorted(current_facts().users_of(old, now) - set(waiting)):
                write_own(_first_resources(user, key, section, now), now=now)
            revoke_all(_addresses(old), now=now)
            _take_over_journal(key.fingerprint)
            Peer.objects.update(sent_position=1)
    finally:
        keystore.forget()
    return Renewal(key.fingerprint, tuple(waiting))


def former_meant(node: str, facts: Facts, now: datetime) -> str | None:
    """Say which earlier key a caller may mean; `None` when it is the present one.

    A caller that has not met the present key since it was made knows it from others or not at
    all, and does not say whom it calls (§10): such calls are answered by turns with the earlier
    and the present key. With the wrong one the caller hangs up, and calls again.
    """
    former = keystore.former_fingerprints()
    if not former:
        return None
    present = SealedKey.objects.get(fingerprint=keystore.node_fingerprint())
    met = Peer.objects.filter(fingerprint=node, last_contact__gte=present.created).exists()
    # It may not know yet that the earlier key may do nothing any more.
    known = any(facts.may_talk(key, node, now) for key in keystore.own_fingerprints())
    if met or not known:
        _calls.pop(node, None)
        return None
    turn = _calls[node] % (len(former) + 1)
    _calls[node] += 1
    return former[turn] if turn < len(former) else None


def farewell_addresses(former: str) -> list[Envelope]:
    """Give the revocations of the addresses of an earlier key, so that nobody calls it again."""
    targets = Address.objects.filter(node=former).values("identifier")
    revocations = Revocation.objects.filter(target__in=targets).values("identifier")
    rows = Resource.objects.filter(identifier__in=revocations, payload__isnull=False)
    return [row.envelope() for row in rows.order_by("id")]


def _powers(user: str, facts: Facts, now: datetime) -> frozenset[str]:
    """Say what a new key may do for a user: what the present one may, but make trusts."""
    granted = facts.authorised(user, keystore.node_fingerprint(), now) or frozenset()
    return granted - {CREATE_TRUST}


def _who_lets_in(user: str, powers: frozenset[str], facts: Facts, now: datetime) -> str | None:
    """Find the trust by which one of this node's keys may let another in with these powers."""
    try:
        keys = keystore.own_fingerprints()
        return trust_to_use(facts, user, powers | {CREATE_TRUST}, now, keys).identifier
    except UserError:
        return None


def _first_resources(
    user: str, key: PrivateKey, section: dict[str, JSON], now: datetime
) -> list[Content]:
    """Make the trust for a new key, its identity and its address, for one user."""
    facts = current_facts()
    powers = _powers(user, facts, now)
    named = facts.trust(_who_lets_in(user, powers, facts, now) or "")
    assert named is not None
    trust: dict[str, JSON] = {
        "trustee": key.fingerprint,
        "type": "node",
        "authorization": [power for power in ALL_POWERS if power in powers],
    }
    moments = [t.expires for t in current_trusts(user, keystore.node_fingerprint(), facts, now)]
    ends = [moment for moment in moments if moment is not None]
    if ends and len(ends) == len(moments):
        trust["expires"] = format_time(max(ends))
    signer = keystore.own_key(named.trustee)
    let_in = make_resource(user, signer, trust=named.identifier, sections={"trust": trust})
    identity = identity_section(key.public, "node", now + NODE_LIFETIME)
    return [
        let_in,
        make_resource(user, key, trust=let_in.identifier, sections={"identity": identity}),
        make_resource(user, key, trust=let_in.identifier, sections={"node": dict(section)}),
    ]


def _addresses(node: str) -> list[str]:
    rows = Address.objects.filter(node=node)
    current = rows.exclude(identifier__in=Revocation.objects.values("target"))
    return list(current.order_by("id").values_list("identifier", flat=True))


def _take_over_journal(fingerprint: str) -> None:
    """Let the journal begin with another node and chain anew, a few lines at a time (§8)."""
    text, position = first_line(fingerprint), 1
    Line.objects.filter(position=1).update(identifier=fingerprint)
    update = f"UPDATE {Line._meta.db_table} SET identifier = %s WHERE position = %s"  # noqa: S608
    while True:
        rows = Line.objects.filter(position__gt=position).order_by("position")
        values = rows.values_list("position", "resource__author", "resource__identifier")
        changed: list[tuple[str, int]] = []
        for place, author, identifier in values[:_AT_ONCE]:
            text, position = make_line(text, author, identifier), place
            changed.append((text.partition("@")[0], place))
        if not changed:
            break
        with connection.cursor() as cursor:
            cursor.executemany(update, changed)
    LocalNode.objects.update(fingerprint=fingerprint, head_line=text)
