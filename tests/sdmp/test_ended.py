"""What has ended gives no power, whatever of it comes later (protocol §5, §6)."""

from datetime import UTC, datetime

import pytest

from sdmp.acceptance import judge, record
from sdmp.encoding import JSON
from sdmp.errors import Revoked
from sdmp.resource import make_resource
from sdmp.signature import Envelope
from sdmp.trust import Facts
from tests.support.cast import ALICE, EVIL, HOST, LAPTOP, MALLORY, Member

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LONG_AGO = "2020-01-01T00:00:00.000Z"


def accept(facts: Facts, *envelopes: Envelope) -> list[bool]:
    """Accept resources in this order; say of each whether it was accepted as ended."""
    ended = []
    for envelope in envelopes:
        accepted = judge(envelope, facts, NOW)
        record(accepted, facts)
        ended.append(accepted.ended)
    return ended


def knowing(*envelopes: Envelope) -> Facts:
    """What a node knows that has been given these."""
    facts = Facts()
    accept(facts, *envelopes)
    return facts


def trust_by_laptop(trustee: Member, kind: str) -> Envelope:
    """A trust of Alice's, made by her laptop."""
    section: JSON = {"trustee": trustee.fingerprint, "type": kind, "authorization": list(HOST)}
    return LAPTOP.resource(trust=section)


def revoked_copy() -> Facts:
    """Alice's laptop, whose identity for her has been revoked, while her trust for it stands."""
    gone = LAPTOP.resource(revoke={"resource": LAPTOP.identity().identifier})
    return knowing(ALICE.identity(), LAPTOP.authorisation(), LAPTOP.identity(), gone)


def test_a_trust_by_a_node_whose_identity_was_revoked_lets_no_user_read() -> None:
    facts = revoked_copy()
    assert accept(facts, trust_by_laptop(MALLORY, "user")) == [True]
    assert not facts.gives(ALICE.fingerprint, MALLORY.fingerprint, NOW)


def test_a_trust_by_a_node_whose_identity_was_revoked_makes_no_node() -> None:
    facts, trust = revoked_copy(), trust_by_laptop(EVIL, "node")
    section = {
        "type": "node",
        "expires": "2036-01-01T00:00:00.000Z",
        "key": EVIL.public.pem,
        "fingerprint": EVIL.fingerprint,
    }
    about = {"identity": section}
    identity = make_resource(ALICE.fingerprint, EVIL.key, about, trust=trust.identifier).envelope
    assert accept(facts, trust, identity) == [True, True]
    assert facts.authorised(ALICE.fingerprint, EVIL.fingerprint, NOW) is None
    node: JSON = {"ips": []}
    address = make_resource(ALICE.fingerprint, EVIL.key, {"node": node}, trust=trust.identifier)
    with pytest.raises(Revoked):
        accept(facts, address.envelope)


def test_a_trust_made_before_the_identity_of_its_node_was_revoked_stands() -> None:
    trust = trust_by_laptop(MALLORY, "user")
    facts = knowing(ALICE.identity(), LAPTOP.authorisation(), LAPTOP.identity(), trust)
    accept(facts, LAPTOP.resource(revoke={"resource": LAPTOP.identity().identifier}))
    assert facts.gives(ALICE.fingerprint, MALLORY.fingerprint, NOW)


def test_a_trust_by_a_node_whose_identity_had_expired_counts_once_it_is_prolonged() -> None:
    facts = knowing(ALICE.identity(), LAPTOP.authorisation(), LAPTOP.identity(LONG_AGO))
    assert accept(facts, trust_by_laptop(MALLORY, "user")) == [True]
    assert not facts.gives(ALICE.fingerprint, MALLORY.fingerprint, NOW)
    accept(facts, LAPTOP.identity())
    assert facts.gives(ALICE.fingerprint, MALLORY.fingerprint, NOW)
