"""What becomes of the resources that a peer gives (protocol §10)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from journal import wanted
from journal.accept import accept, read_batch
from journal.ledger import find_schema
from nodes.facts import current_facts
from sdmp import traffic
from sdmp.encoding import JSON
from sdmp.errors import SdmpError
from sdmp.resource import read_resource
from sdmp.signature import Envelope
from sdmp.trust import PUBLISH_RESOURCE, Facts


def take_resources(
    request: traffic.RequestResource,
    message: traffic.Response,
    *,
    node: str,
    here: str,
    now: datetime,
) -> None:
    """Accept what was asked for and came; what did not come is asked for elsewhere or later.

    Args:
        request: what the peer was asked for.
        message: its answer, which fits the request (`sdmp.traffic.check_answer`).
        node: fingerprint of the peer.
        here: fingerprint of this node in the session.
        now: the present moment.
    """
    asked = {identifier for _, identifier in request.wanted}
    missing: dict[str, str] = {}
    values: Sequence[JSON] = ()
    match message.data:
        case traffic.Batch(resources, not_found):
            values = resources
            missing = {identifier: "not_found" for _, identifier in not_found}
        case traffic.One(resource):
            values = [resource]
        case _:
            missing = dict.fromkeys(asked, "not_found")
    envelopes, _ = read_batch(values)
    ours = [e for e in envelopes if e.identifier in asked or _revokes(e, asked)]
    wanted_users = current_facts().wanted_users(here, now)
    report = accept(ours, now=now, hand=node, authors=wanted_users)
    facts = current_facts()
    gone = [i for author, i in request.wanted if i not in missing and _gone(author, i, facts)]
    refused = {i: e.why for i, e in report.refused.items() if i not in gone}
    wanted.forget([*gone, *report.held])
    wanted.postpone(node, {**missing, **refused}, now)
    unanswered = asked - missing.keys() - refused.keys() - set(report.accepted)
    if not unanswered < asked and not report.accepted:
        # The peer gave none of what was asked and said nothing of it: do not ask in a circle.
        wanted.postpone(node, dict.fromkeys(unanswered, "unanswered"), now)
    else:
        wanted.release(node, unanswered, now)


def _gone(author: str, identifier: str, facts: Facts) -> bool:
    """Tell whether a resource that is not held has been revoked, by one who may have had the right.

    Who signed it is not known. So a revocation by a node that names no authorization counts when
    the author ever let that node publish; by anybody else it keeps nothing from being asked for.
    """
    return any(
        fact.user == author
        and (
            fact.signer == author
            or fact.authorization is not None
            or any(PUBLISH_RESOURCE in t.powers for t in facts.trusts_between(author, fact.signer))
        )
        for fact in facts.revocations(identifier)
    )


def _revokes(envelope: Envelope, asked: set[str]) -> bool:
    """Tell whether this is the revocation of something that was asked for (§6)."""
    try:
        resource = read_resource(envelope, resolve=find_schema)
    except SdmpError:
        return False
    section = resource.sections.get("revoke")
    return isinstance(section, dict) and section.get("resource") in asked
