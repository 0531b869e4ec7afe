"""Renewing identities before they end: of users by their own key, of this node by itself (§3)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from journal.enrol import agree_to_serve
from journal.user_key import publish_signed
from nodes import keystore
from nodes.enrolment import USER_LIFETIME, identity_section
from nodes.facts import current_facts
from nodes.models import Account, LocalNode
from sdmp.keys import PrivateKey
from sdmp.trust import State

IN_GOOD_TIME: Final = timedelta(days=30)


def prolong_identity(account: Account, key: PrivateKey, *, now: datetime) -> None:
    """Let the identity of an account last ten years from now (protocol §3).

    Args:
        account: whose identity.
        key: the user's own key (`journal.user_key`).
        now: the present moment.

    Raises:
        UserError: the identity was revoked, or lasts as long already; nothing is written.
    """
    section = identity_section(key.public, "user", now + USER_LIFETIME)
    publish_signed(key, [{"identity": section}], now=now)


def renew_agreements(now: datetime) -> int:
    """Prolong the identity that this node publishes for each of its users, in good time (§3).

    Nobody has to be asked: by it the node agrees to go on acting for those who still trust it.
    Each is a transaction of its own; done twice it changes nothing. Returns how many it prolonged.
    """
    if not LocalNode.objects.exists():
        return 0
    return sum(_renew(key, now) for key in keystore.own_fingerprints())


def _renew(here: str, now: datetime) -> int:
    facts, prolonged = current_facts(), 0
    for user in sorted(facts.issuers(here, "node")):
        copies = facts.copies(here, user)
        revoked = facts.identity_state(here, user, now) is State.REVOKED
        trusted = any(
            trust.type == "node" and facts.is_current(trust, now)
            for trust in facts.trusts_between(user, here)
        )
        if not copies or revoked or not trusted:
            continue
        if max(copy.expires for copy in copies) - now <= IN_GOOD_TIME:
            with transaction.atomic():
                agree_to_serve(user, now, here)
            prolonged += 1
    return prolonged
