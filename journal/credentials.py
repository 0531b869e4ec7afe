"""What two nodes show each other so that "may we talk?" can be answered (protocol §10)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

import structlog
from django.db import transaction

from journal.accept import accept
from journal.models import Resource
from journal.signals import contact_requested
from nodes.facts import current_facts
from nodes.models import Address, ContactRequest, Farewell, Revocation
from sdmp import limits
from sdmp.acceptance import Accepted, Handover, judge, record
from sdmp.card import read_card, write_card
from sdmp.errors import SdmpError
from sdmp.resource import read_resource
from sdmp.signature import Envelope
from sdmp.trust import Facts, State, TrustFact

_log = structlog.get_logger(__name__)
_KINDS: Final = frozenset({"identity", "trust", "revoke", "node"})


def is_credential(envelope: Envelope, authors: Collection[str] | None = None) -> bool:
    """Tell by its payload, unchecked, whether a resource is what credentials consist of (§10).

    Args:
        envelope: a resource that was shown without being asked for.
        authors: by whom it must be; by anyone when `None`.
    """
    if len(envelope.payload) > limits.FRAME_BYTES_UNPROVED:
        return False
    try:
        resource = read_resource(envelope)
    except SdmpError:
        return False
    return resource.kind in _KINDS and (authors is None or resource.user in authors)


def credentials_for(node: str, *, here: str, facts: Facts, now: datetime) -> list[Envelope]:
    """Collect what `node` may need, revocations to be handed over first.

    For each pair of users that concerns it, one of ours and one who authorised that node: our
    user's identity, the trust for our node, our node's identity, the trust between the users, our
    address.
    """
    farewells = farewells_for(node, now)
    identifiers: list[str] = []
    theirs = facts.users_of(node, now)
    for user in sorted(facts.users_of(here, now)):
        known = [other for other in theirs if user == other or facts.gives(user, other, now)]
        if known:
            identifiers += _about(user, here, facts, now)
            identifiers += [
                trust.identifier
                for other in sorted(known)
                for trust in facts.trusts_between(user, other)
                if trust.type == "user" and facts.is_current(trust, now)
            ][: len(known)]
            identifiers += _address(user, here)
    # First, since of more than fit the last are left out.
    return farewells + _envelopes(list(dict.fromkeys(identifiers)))


def own_addresses(node: str, *, here: str, facts: Facts, now: datetime) -> list[Envelope]:
    """Collect where we are reached, as said for the users through whom we talk to `node`."""
    users = sorted({ours for ours, _ in facts.pairs(here, node, now)})
    return _envelopes([identifier for user in users for identifier in _address(user, here)])


def card_identifiers(user: str, facts: Facts, now: datetime) -> list[str]:
    """List what a card of a user holds (§12): identity, profile, and each node's resources."""
    identifiers = _latest_identity(user, user, facts)
    profile = Resource.objects.filter(
        author=user, kind="user", revoked_by=None, payload__isnull=False
    )
    identifiers += list(profile.order_by("-id").values_list("identifier", flat=True)[:1])
    for node in sorted(facts.trustees(user, "node")):
        current = [t for t in facts.trusts_between(user, node) if facts.is_current(t, now)]
        current = [t for t in current if t.type == "node"]
        if current:
            identifiers += _signed_by_node(current[-1], facts)
            identifiers.append(current[-1].identifier)
            identifiers += _latest_identity(node, user, facts)
            identifiers += _address(user, node)
    return list(dict.fromkeys(identifiers))


def card_of(user: str, facts: Facts, now: datetime) -> bytes:
    """Write the card of a user from what is held here."""
    return write_card(_envelopes(card_identifiers(user, facts, now)))


def judge_shown(
    shown: Sequence[Envelope], *, here: str, now: datetime
) -> tuple[Facts, list[Accepted]]:
    """Check credentials like any resource, in memory, and give the facts with them."""
    facts = Facts(current_facts())
    accepted = []
    for envelope in shown:
        try:
            passed = judge(envelope, facts, now, handover=Handover(here=here))
        except SdmpError as error:
            _log.debug("credential not counted", why=error.why)
            continue
        record(passed, facts)
        accepted.append(passed)
    return facts, accepted


def keep_shown(shown: Sequence[Envelope], *, node: str | None, here: str, now: datetime) -> None:
    """Store and journal those credentials whose authors are wanted here.

    Who they are is read before anything is checked, so that what strangers show locks nothing.
    """
    authors = current_facts().wanted_users(here, now)
    about = [envelope for envelope in shown if is_credential(envelope, authors)]
    if about:
        accept(about, now=now, hand=node, authors=authors)


def keep_contact_requests(
    shown: Sequence[Envelope], accepted: Sequence[Accepted], *, node: str, here: str, now: datetime
) -> None:
    """Keep for our users what a stranger's node showed: a trust for one of them (§10).

    At most 100 for each user that are not ignored, and one of each stranger.
    """
    facts = Facts(current_facts())
    for passed in accepted:
        record(passed, facts)
    ours = facts.users_of(here, now)
    for passed in accepted:
        content = passed.resource
        if content.kind != "trust" or passed.ended:
            continue
        section = content.sections["trust"]
        assert isinstance(section, dict)
        user, stranger = section["trustee"], content.user
        if section["type"] != "user" or user not in ours or facts.gives(str(user), stranger, now):
            continue
        if not facts.gives(stranger, str(user), now):  # it has ended
            continue
        others = ContactRequest.objects.filter(user=user, ignored=None).exclude(stranger=stranger)
        if others.count() >= limits.CONTACT_REQUESTS_PER_USER:
            _log.info("contact request dropped", reason="too many for one user")
            continue
        about = [e for e in shown if e.identifier in _concerning(stranger, accepted)]
        _keep_request(str(user), stranger, node, about, now)
        contact_requested.send(sender=keep_contact_requests, user=user, stranger=stranger)


def _keep_request(
    user: str, stranger: str, node: str, about: Sequence[Envelope], now: datetime
) -> None:
    """Write a request down, or anew; what a guest's page put there meanwhile is not lost."""
    values = {"node": node, "credentials": write_card(about), "received": now}
    with transaction.atomic():
        rows = ContactRequest.objects.select_for_update()
        row, made = rows.get_or_create(user=user, stranger=stranger, defaults=values)
        if not made:
            values["credentials"] = write_card([*about, *_profile_in(row)])
            ContactRequest.objects.filter(pk=row.pk).update(**values)


def _profile_in(row: ContactRequest) -> list[Envelope]:
    """Give the profile on the card of a request that was there before; credentials have none."""
    try:
        card = read_card(bytes(row.credentials))
        kinds = [(envelope, read_resource(envelope).kind) for envelope in card]
    except SdmpError:
        return []
    return [envelope for envelope, kind in kinds if kind == "user"][:1]


def said_farewell(node: str) -> None:
    """Note that a peer has been told why it was cut off."""
    Farewell.objects.filter(peer=node).delete()


def partings(user: str, *, here: str, facts: Facts, now: datetime) -> list[Envelope]:
    """Give the revocations by which users of this node have parted from another user."""
    identifiers = [
        revocation.identifier
        for ours in sorted(facts.users_of(here, now))
        if not facts.gives(ours, user, now)
        for trust in facts.trusts_between(ours, user)
        for revocation in facts.revocations(trust.identifier)
    ]
    return _envelopes(identifiers[-limits.CREDENTIALS :])


def farewells_for(node: str, now: datetime) -> list[Envelope]:
    """Give the revocations that a peer is still to be told."""
    rows = Farewell.objects.filter(peer=node, until__gt=now)
    return _envelopes(list(rows.values_list("revocation", flat=True)))[: limits.CREDENTIALS]


def _concerning(stranger: str, accepted: Sequence[Accepted]) -> set[str]:
    return {a.resource.identifier for a in accepted if a.resource.user == stranger}


def _about(user: str, node: str, facts: Facts, now: datetime) -> list[str]:
    identifiers = _latest_identity(user, user, facts)
    current = [
        trust
        for trust in facts.trusts_between(user, node)
        if trust.type == "node" and facts.trust_state(trust, now) is State.CURRENT
    ]
    for trust in current[-1:]:
        identifiers += _signed_by_node(trust, facts)
        identifiers.append(trust.identifier)
    return identifiers + _latest_identity(node, user, facts)


def _signed_by_node(trust: TrustFact, facts: Facts) -> list[str]:
    """List what a trust that a node signed rests on: the trust that it names, and that node."""
    if not trust.named:
        return []
    return [trust.named, *_latest_identity(trust.signer, trust.issuer, facts)]


def _latest_identity(fingerprint: str, user: str, facts: Facts) -> list[str]:
    copies = facts.copies(fingerprint, user)
    return [max(copies, key=lambda copy: copy.expires).identifier] if copies else []


def _address(user: str, node: str) -> list[str]:
    rows = Address.objects.filter(node=node, user=user)
    current = rows.exclude(identifier__in=Revocation.objects.values("target"))
    return list(current.order_by("-id").values_list("identifier", flat=True)[:1])


def _envelopes(identifiers: Sequence[str]) -> list[Envelope]:
    """Give resources in the order of the journal: what one depends on comes before it (§8)."""
    rows = Resource.objects.filter(identifier__in=identifiers, payload__isnull=False)
    return [row.envelope() for row in rows.order_by("id")]
