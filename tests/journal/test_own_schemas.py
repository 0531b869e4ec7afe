"""Schemas that users publish, as they come and go (protocol §2, §5)."""

from typing import Any

from sdmp.resource import uri
from tests.support.cast import BOB, DESK
from tests.support.world import World

SCHEMA = DESK.resource(schema={"type": "integer"})
NAME = uri(BOB.fingerprint, SCHEMA.identifier)
GONE = DESK.resource(revoke={"resource": SCHEMA.identifier})
FITTING = DESK.resource(**{NAME: 8})
BASE = (BOB.identity(), DESK.authorisation(), DESK.identity())


def why(report: Any) -> dict[str, str]:
    """Why each was refused."""
    return {identifier: error.why for identifier, error in report.refused.items()}


def test_what_brings_a_schema_is_accepted_when_the_schema_is_held(world: World) -> None:
    assert why(world.accept(*BASE, FITTING)) == {FITTING.identifier: "schema"}
    assert why(world.accept(SCHEMA, DESK.resource(**{NAME: "eight"}), FITTING)) != {}
    assert world.accept(FITTING).held == [FITTING.identifier]


def test_a_revoked_schema_is_not_held(world: World) -> None:
    assert why(world.accept(*BASE, SCHEMA, GONE, FITTING)) == {FITTING.identifier: "schema"}
    assert why(world.accept(FITTING)) == {FITTING.identifier: "schema"}
