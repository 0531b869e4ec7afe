"""The machine that was thought lost is started again beside the node restored from its backup."""

from collections import Counter
from collections.abc import Callable

import pytest

from tests.support.nodes import CommandFailed
from tests.support.scenario import Cast, Person, befriend, check_lines, eventually

pytestmark = pytest.mark.nodes
_SETTINGS = {"SDMPWEB_BACKUP_PASSPHRASE": "correct horse battery staple"}
_FORK = ("rewritten its journal", "does not chain")
_TURN_OFF = "was restored from a backup on another machine"
_RECEIPTS = """
from journal.models import Resource
print(Resource.objects.filter(author={user!r}, kind="encrypted").count())
"""


class Scene:
    """Alice's node as it was, the one restored from its backup, and Bob, who wrote to both."""

    def __init__(self, cast: Cast) -> None:
        self.old = cast.person("alice", settings=_SETTINGS)
        self.bob = cast.person("bob")
        befriend(self.old, self.bob)
        self.old.node.start()
        self.bob.node.start()
        self.exchange(self.old, "before")
        backup = cast.directory / "alice.age"
        self.old.node.command("backup", str(backup))
        self.exchange(self.old, "after the backup")
        self.old.node.kill()
        self.before = {person.node_fingerprint: person.journal() for person in (self.old, self.bob)}
        node = cast.node("restored", settings=_SETTINGS)
        node.command("restore", str(backup))
        self.new = Person(node, "alice", self.old.user, cast.console(node))
        node.start()
        eventually(lambda: "restored" not in self.new.status(), "it has caught up")
        self.exchange(self.new, "while it was off")
        self.old.node.start()
        eventually(lambda: self.old.status().get("taken_over"), "the old machine knows")
        self.exchange(self.new, "beside each other")

    def exchange(self, alice: Person, title: str) -> None:
        """Let a letter go each way, with its receipt."""
        self.bob.send(alice, title=f"{title}, to Alice")
        alice.send(self.bob, title=f"{title}, to Bob")
        self.bob.delivered(f"{title}, to Alice")
        alice.delivered(f"{title}, to Bob")


@pytest.fixture(scope="module")
def scene(lasting_cast: Callable[[], Cast]) -> Scene:
    """All three run."""
    return Scene(lasting_cast())


def test_no_letter_is_lost_or_doubled(scene: Scene) -> None:
    moments = ("before", "after the backup", "while it was off", "beside each other")
    wanted = Counter(f"{moment}, to {name}" for moment in moments for name in ("Alice", "Bob"))
    assert Counter(scene.new.titles()) == wanted
    assert Counter(scene.bob.titles()) == wanted


def test_each_letter_is_receipted_once(scene: Scene) -> None:
    """Also by both machines together: of Alice Bob has four letters, and four receipts."""
    said = scene.bob.node.command("shell", "-c", _RECEIPTS.format(user=scene.new.user))
    assert said.splitlines()[-1] == "8"


def test_nobody_sees_a_fork(scene: Scene) -> None:
    for person in (scene.old, scene.new, scene.bob):
        assert not [words for words in _FORK if words in person.node.read_log()]
        person.command("verify_journal")
        lines = person.journal()
        check_lines(lines)
        before = scene.before.get(person.node_fingerprint, [])
        assert lines[: len(before)] == before
    assert scene.new.journal()[0] == scene.new.node_fingerprint != scene.old.node_fingerprint


def test_the_old_machine_says_what_to_do(scene: Scene) -> None:
    assert _TURN_OFF in scene.old.command("status")
    assert scene.old.node.read_log().count("turn this one off for good") == 1
    for arguments in (["--to", scene.bob.user], ["--notice"]):
        with pytest.raises(CommandFailed) as refused:
            scene.old.command("send_message", "alice", *arguments, "--title", "of a ghost")
        assert _TURN_OFF in refused.value.stderr
        assert refused.value.stderr.count("\n") == 1
    assert "taken_over" not in scene.new.status()
    lines = scene.old.journal()
    scene.old.node.stop()
    scene.old.node.start()  # once more, and now it does not begin to act
    scene.exchange(scene.new, "at the end")
    assert scene.old.gets("at the end, to Alice")  # it still fetches, and keeps quiet

    def fetched() -> bool:
        return len(scene.old.journal()) == len(lines) + 4  # two letters, and a receipt for each

    assert eventually(lambda: fetched() or None, "the old machine has fetched all")
    assert scene.old.node.read_log().count("turn this one off for good") == 2
