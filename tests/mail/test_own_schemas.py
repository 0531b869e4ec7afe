"""What is filed of messages that bring sections of schemas of their own (protocol §2, §7)."""

from django.utils import timezone

from journal.publish import publish
from mail.models import Letter
from mail.receivers import wait_to_be_opened
from nodes import keystore
from sdmp.container import build_from
from sdmp.encoding import JSON
from sdmp.encrypted import seal
from sdmp.resource import uri
from tests.mail.conftest import House

TEXT = "Date: 2026-11-22T12:00:00.000Z\nTo: {to}\n\nShall we?"


def filed(house: House) -> int:
    """How many letters are in Bob's account."""
    return Letter.objects.filter(account=house.bob).count()


def schema_of(house: House) -> str:
    """Publish a schema of Alice's, and return its URI."""
    author = house.alice.fingerprint
    row = publish(author, {"schema": {"type": "integer"}}, now=timezone.now())
    return uri(author, row.identifier)


def deliver(house: House, sections: dict[str, JSON]) -> None:
    """Publish a resource of Alice's and have it read."""
    row = publish(house.alice.fingerprint, sections, now=timezone.now())
    wait_to_be_opened([row])
    house.deliver()


def write_sealed(house: House, sections: dict[str, JSON]) -> None:
    """Publish a message from Alice to Bob with further sections, and deliver it."""
    author = house.alice.fingerprint
    text = TEXT.format(to=uri(house.bob.fingerprint))
    inner = build_from({"resource": {"user": author}, "message": text, **sections})
    deliver(house, {"encrypted": seal(inner, [keystore.node_key().public])})


def test_a_private_message_with_a_schema_that_is_held_is_filed(house: House) -> None:
    write_sealed(house, {schema_of(house): 8})
    assert filed(house) == 1


def test_a_private_message_that_breaks_its_schema_is_not_filed(house: House) -> None:
    write_sealed(house, {schema_of(house): "eight"})
    assert filed(house) == 0


def test_a_notice_with_a_schema_is_filed(house: House) -> None:
    deliver(house, {"message": TEXT.format(to=""), schema_of(house): 8})
    assert filed(house) == 1
