"""What commands say, where one of something is not several."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command

from mail.management.helpers import counted
from nodes.models import LocalNode
from nodes.peers import get_peer
from tests.support.cast import DESK
from tests.support.world import World, own_memory_fixture, world_fixture

__all__ = ["own_memory_fixture", "world_fixture"]


def _said(command: str) -> list[str]:
    out = StringIO()
    call_command(command, stdout=out)
    return out.getvalue().splitlines()


@pytest.mark.parametrize(("number", "words"), [(0, "0 lines"), (1, "1 line"), (2, "2 lines")])
def test_how_many(number: int, words: str) -> None:
    assert counted(number, "line") == words


def test_the_status_of_one_account_and_a_peer_one_line_behind(world: World) -> None:
    peer, head = get_peer(DESK.fingerprint), LocalNode.objects.get().head_position
    peer.sent_position = head - 1
    peer.save()
    said = _said("status")
    assert "1 account" in said
    assert f"{head} lines" in said
    assert said[-1].endswith("last heard never, behind by 1 line")


def test_the_check_of_a_journal_counts_in_words(world: World) -> None:
    [said] = _said("verify_journal")
    lines = LocalNode.objects.get().head_position
    assert said.startswith(f"{lines} lines, {lines - 1} signatures hold, 0 resources revoked")
