"""An account that is deleted: its contacts' nodes learn that this node is no more its own."""

import pytest

from tests.support.scenario import Cast, befriend, eventually

pytestmark = pytest.mark.nodes

LEAVE = """
from django.utils import timezone
from mail.leaving import leave
from nodes.models import Account
assert leave(Account.objects.get(username="alice"), now=timezone.now())
"""


def test_peers_are_told(cast: Cast) -> None:
    alice, bob = cast.person("alice"), cast.person("bob")
    for person in (alice, bob):
        person.node.start()
    befriend(alice, bob)
    alice.send(bob, title="before")
    bob.gets("before")

    assert len(bob.nodes_of(alice)) == 1
    alice.node.command("shell", "-c", LEAVE)
    eventually(lambda: not bob.nodes_of(alice), "Bob's node knows that hers is hers no more")
    bob.gets("before")  # what Bob was sent stays with him
    alice.check_journal()
