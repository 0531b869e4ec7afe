"""Keeping what this node publishes about where it is reached in step with its settings."""

from __future__ import annotations

from datetime import datetime

import structlog
from django.db import transaction

from journal import taken_over
from journal.publish import ToPublish, publish_all
from journal.revoke import revoke_all
from nodes.enrolment import node_section
from nodes.facts import current_facts
from nodes.models import Address, LocalNode, Revocation
from sdmp.encoding import format_time

_log = structlog.get_logger(__name__)


def refresh_addresses(now: datetime) -> int:
    """Publish the node's address anew for each user for whom it has changed; revoke the old one.

    Called at start, since the address is a setting. Returns for how many users it changed. A node
    that was taken over is to be found nowhere, and says why.
    """
    node = LocalNode.objects.first()
    if node is None:
        return 0
    if node.taken_over is not None:
        _log.error("taken over", reason=taken_over.words())
        return 0
    section = node_section(node.name)
    changed = 0
    revoked = Revocation.objects.values("target")
    for user in sorted(current_facts().users_of(node.fingerprint, now)):
        rows = Address.objects.filter(node=node.fingerprint, user=user)
        old = list(rows.exclude(identifier__in=revoked).order_by("id"))
        if old and (old[-1].ips, old[-1].urls) == (section["ips"], section.get("urls", [])):
            continue
        with transaction.atomic():
            # The moment sets it apart from one with the same address that was revoked before.
            dated = {**section, "published": format_time(now)}
            publish_all([ToPublish(user, {"node": dated}, node.fingerprint)], now=now)
            revoke_all([row.identifier for row in old], now=now)
        changed += 1
    return changed
