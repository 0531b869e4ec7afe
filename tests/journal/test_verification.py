"""Checking this node's journal."""

from journal.models import Line, Resource
from journal.publish import publish
from journal.revoke import revoke
from journal.verification import journal_lines, verify_journal
from nodes.models import LocalNode
from tests.support.cast import ALICE, DESK
from tests.support.world import ANOTHER, World, notice


def test_a_good_journal_has_no_problems(world: World) -> None:
    world.know(DESK)
    world.accept(notice())
    gone = publish(ALICE.fingerprint, {"message": "x"}, now=world.now)
    revoke(gone.uri, now=world.now)
    seen: list[int] = []
    findings = verify_journal(seen.append)
    lines = world.journal()
    assert findings.problems == []
    assert (findings.lines, findings.removed) == (len(lines), 1)
    assert findings.signatures == len(lines) - 2
    assert seen[-1] == len(lines)
    assert list(journal_lines()) == lines


def test_a_changed_resource_shows(world: World) -> None:
    row = world.our_resources()[-1]
    Resource.objects.filter(pk=row.pk).update(payload=bytes(row.payload or b"") + b" ")
    [problem] = verify_journal().problems
    assert problem.startswith(row.uri)


def test_a_changed_signature_shows(world: World) -> None:
    first, last = world.our_resources()[0], world.our_resources()[-1]
    Resource.objects.filter(pk=last.pk).update(signature=first.signature)
    [problem] = verify_journal().problems
    assert problem.startswith(last.uri)


def test_a_changed_line_shows(world: World) -> None:
    Line.objects.filter(position=4).update(identifier=ANOTHER)
    assert verify_journal().problems == [
        "Line 4 does not follow the one before.",
        "Line 5 does not follow the one before.",
    ]


def test_a_line_that_is_not_there_shows(world: World) -> None:
    Line.objects.filter(position=4).delete()
    assert "Line 4 is missing." in verify_journal().problems


def test_a_head_that_is_not_the_last_line_shows(world: World) -> None:
    LocalNode.objects.update(head_position=3)
    [problem] = verify_journal().problems
    assert "goes on from" in problem
