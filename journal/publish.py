"""The one door for resources that this node makes (protocol §5, §8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext

from journal.ledger import Ledger
from journal.models import Resource
from journal.restored import let_out
from journal.signals import resources_published
from nodes import keystore
from nodes.errors import UserError
from nodes.facts import current_facts
from sdmp.acceptance import needed_powers
from sdmp.encoding import JSON
from sdmp.errors import SdmpError
from sdmp.resource import Resource as Content
from sdmp.resource import make_resource
from sdmp.schemas import NAMES as CORE_SCHEMAS
from sdmp.trust import Facts, TrustFact


@dataclass(frozen=True, slots=True)
class ToPublish:
    """One resource to be made: for which user, and its sections without `resource`."""

    user: str
    sections: Mapping[str, JSON]
    signer: str = ""  # one of this node's keys; the first that may when empty


def publish(user: str, sections: Mapping[str, JSON], *, now: datetime) -> Resource:
    """Make and publish one resource for a user of this node.

    Raises:
        UserError: the user has not given this node what that needs.
    """
    [(row, _)] = publish_all([ToPublish(user, sections)], now=now)
    return row


def publish_all(items: Sequence[ToPublish], *, now: datetime) -> list[tuple[Resource, Content]]:
    """Make and publish several resources, in this order and one transaction.

    Signing happens before the journal is locked.

    Raises:
        UserError: a user has not given this node what a resource needs; nothing is written.
    """
    facts = current_facts()
    return write_own([sign_for(item, facts, now) for item in items], now=now)


def sign_for(item: ToPublish, facts: Facts, now: datetime) -> Content:
    """Make a resource signed by the node's key, naming a trust that grants what it needs.

    Where only an earlier key of this node has been given that, it is signed by that one.

    Raises:
        UserError: there is no such trust.
    """
    kind = next((name for name in item.sections if name in CORE_SCHEMAS), "uri")
    signers = (item.signer,) if item.signer else keystore.own_fingerprints()
    trust = trust_to_use(facts, item.user, needed_powers(kind, item.sections), now, signers)
    key = keystore.own_key(trust.trustee)
    return make_resource(item.user, key, trust=trust.identifier, sections=dict(item.sections))


def trust_to_name(facts: Facts, user: str, needs: frozenset[str], now: datetime) -> str:
    """Find a current trust of a user for this node, by any of its keys, that grants `needs`.

    Raises:
        UserError: the user has not given this node what it takes.
    """
    return trust_to_use(facts, user, needs, now, keystore.own_fingerprints()).identifier


def trust_to_use(
    facts: Facts, user: str, needs: frozenset[str], now: datetime, signers: Sequence[str]
) -> TrustFact:
    """Find a current trust of a user for the first of these keys that has been given `needs`.

    Raises:
        UserError: the user has given that to none of them.
    """
    for signer in signers:
        for trust in reversed(facts.trusts_between(user, signer)):
            if trust.type == "node" and needs <= trust.powers and facts.is_current(trust, now):
                return trust
    raise UserError(gettext("This account has not given this node the power to do that."))


def _is_published(content: Content) -> bool:
    """Tell whether this very resource is held; what is encrypted never comes out the same twice."""
    held = Resource.objects.filter(identifier=content.identifier, revoked_by=None)
    return content.kind != "encrypted" and held.exists()


def write_own(contents: Sequence[Content], *, now: datetime) -> list[tuple[Resource, Content]]:
    """Add own resources, already signed, to the journal; they are judged like any other.

    Raises:
        UserError: a check of the protocol fails, or it has to wait until what came since a
            restored backup is here; nothing is written.
    """
    with transaction.atomic():
        ledger = Ledger()
        let_out(contents)
        for content in contents:
            if _is_published(content):
                raise UserError(gettext("This very resource has been published already."))
            try:
                ledger.add(ledger.judge(content.envelope, now))
            except SdmpError as error:
                raise UserError(
                    gettext("This cannot be published: %(why)s") % {"why": error}
                ) from error
        written = ledger.write(now, own=True)
        resources_published.send(sender=publish, resources=written)
    return written
