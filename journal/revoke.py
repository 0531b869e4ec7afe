"""Taking back what was published (protocol §6)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext

from journal.models import Resource
from journal.publish import ToPublish, publish_all, trust_to_use
from nodes import keystore
from nodes.errors import UserError
from nodes.facts import current_facts
from sdmp.errors import SdmpError
from sdmp.resource import parse_uri
from sdmp.trust import REVOKE, Facts, TrustFact


def revoke(uri: str, *, now: datetime, user: str | None = None) -> Resource:
    """Revoke a resource that this node may revoke.

    Args:
        uri: the resource's URI.
        now: the time at which it happens.
        user: whose resource it must be; anyone's that this node serves when `None`.

    Raises:
        UserError: there is no such resource here, it has been revoked, or this node may not
            revoke it.
    """
    try:
        author, identifier = parse_uri(uri)
    except SdmpError:
        raise UserError(
            gettext("%(uri)s is not a resource's URI (sdmp://user/identifier).") % {"uri": uri}
        ) from None
    row = Resource.objects.filter(identifier=identifier, author=author).first()
    if row is None or (user is not None and author != user):
        raise UserError(gettext("There is no such resource here."))
    if row.revoked_by_id is not None:
        raise UserError(gettext("That has been revoked already."))
    [revocation] = revoke_all([identifier], now=now)
    return revocation


def revoke_all(identifiers: Sequence[str], *, now: datetime) -> list[Resource]:
    """Revoke several held resources, all or none; those revoked already are left out.

    Raises:
        UserError: this node may not revoke one of them; nothing is written.
    """
    with transaction.atomic():
        rows = Resource.objects.filter(identifier__in=identifiers, revoked_by=None)
        items = [_revocation(row, now) for row in rows.order_by("id")]
        return [row for row, _ in publish_all(items, now=now)] if items else []


def may_take_back(trusts: Iterable[TrustFact], now: datetime) -> bool:
    """Tell whether this node may revoke all of these trusts, without the user's own key (§6)."""
    facts = current_facts()
    return all(_right(facts, trust.issuer, trust.signer, now) is not None for trust in trusts)


def _revocation(row: Resource, now: datetime) -> ToPublish:
    if row.kind == "revoke":
        raise UserError(gettext("A revocation cannot be revoked."))
    section: dict[str, str] = {"resource": row.identifier}
    if row.kind == "identity" and row.signer == row.author:
        raise UserError(
            gettext("An identity is revoked by the user's own key, with the recovery phrase.")
        )
    right = _right(current_facts(), row.author, row.signer, now)
    if right is None:
        raise UserError(
            gettext(
                "This node did not publish that resource, and its author has not given it the "
                "power to revoke; it takes the recovery phrase or another node."
            )
        )
    signer, authorization = right
    if authorization:
        section["authorization"] = authorization
    return ToPublish(row.author, {"revoke": dict(section)}, signer)


def _right(facts: Facts, author: str, signer: str, now: datetime) -> tuple[str, str] | None:
    """Find by which key, and by which trust to revoke if it takes one, we may take back (§6)."""
    keys = keystore.own_fingerprints()
    if signer in keys:
        with suppress(UserError):
            trust_to_use(facts, author, frozenset(), now, [signer])
            return signer, ""
    with suppress(UserError):
        right = trust_to_use(facts, author, frozenset({REVOKE}), now, keys)
        return right.trustee, right.identifier
    return None
