"""A node dies for good; its people go on elsewhere, with recovery file and words."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.nodes import NodeProcess
from tests.support.pages import Pages
from tests.support.scenario import PASSWORD, Cast, Person, befriend, eventually

pytestmark = pytest.mark.nodes


def references(person: Person, author: str) -> set[str]:
    """Give the resources of an author that stand in the journal of somebody's node."""
    listed = (line.partition("@")[2] for line in person.journal())
    return {reference for reference in listed if reference.startswith(f"{author}/")}


def test_older_mail_comes_back_from_a_contact(
    cast: Cast, make_node: Callable[..., NodeProcess], tmp_path: Path
) -> None:
    host, bob = cast.person("host"), cast.person("bob")
    made = host.command(
        "create_account", "alice", "--name", "Alice Adams",
        "--password-file", str(cast.password), "--recovery-file", str(tmp_path / "kit"),
    )  # fmt: skip
    kit = (tmp_path / "kit").read_bytes()
    phrase = made.splitlines()[-1].partition(": ")[2]
    alice = Person(host.node, "alice", made.splitlines()[0].split()[1], host.console)
    befriend(alice, bob)
    host.node.start()
    bob.node.start()
    alice.send(bob, title="from alice")
    alice.delivered("from alice")
    bob.send(alice, title="from bob")
    bob.delivered("from bob")
    alice.send(title="a notice of alice")
    bob.gets("a notice of alice")
    host.node.kill()  # for good
    bob.send(alice, title="while she was away")

    node = make_node("new")
    node.start()
    link = re.findall(r"http://\S+(/welcome/\S+/)", node.read_log())[-1]
    with Pages(node.url) as pages:
        again = {"name": "Alice Adams", "password": PASSWORD, "words": phrase.upper()}
        wrong = {**again, "words": phrase.replace(phrase.split()[0], "zebra", 1)}
        text = pages.send(f"{link}recover/", wrong, {"file": kit}, status=422)
        assert "These words do not open the recovery file" in text
        text = pages.send(f"{link}recover/", again, {"file": kit})
        assert "You are here who you were before." in text
        here = Person(node, "alice", alice.user, cast.console(node))
        assert here.letters() == []
        assert references(here, alice.user) & references(alice, alice.user)  # her identity

        place = f"{bob.node.url}/card/{bob.user}"
        text = pages.send("/recovery/mail/", {"place": place})
        assert "are asked now." in text
        here.gets("a notice of alice")  # what is public needs no key

        def all_back() -> bool:
            return references(bob, alice.user) <= references(here, alice.user)

        eventually(all_back, "all that bob's node has of alice is on the new node")

        def closed() -> int:
            found = re.search(r'data-closed="(\d+)"', pages.read("/recovery/mail/state/"))
            return int(found[1]) if found else 0

        # Two letters of Bob's and one of hers at least, beside receipts.
        eventually(lambda: closed() >= 5, "what came back waits for the words")
        assert "from bob" not in here.titles()
        text = pages.send(
            "/recovery/mail/", {"words": "not these"}, to="/recovery/mail/open/", status=422
        )
        assert "These words do not open the recovery file" in text
        pages.send("/recovery/mail/", {"words": phrase}, to="/recovery/mail/open/")
        assert closed() == 0

    assert set(here.titles()) == {
        "from alice", "from bob", "a notice of alice", "while she was away",
    }  # fmt: skip
    here.delivered("from alice")  # by Bob's receipt of long ago
    bob.delivered("while she was away")  # by a receipt of the new node
    bob.send(here, title="to the new node")
    here.gets("to the new node")
    bob.delivered("to the new node")
    here.send(bob, title="from the new node")
    here.delivered("from the new node")
    here.check_journal()
    for path in node.data.parent.rglob("*"):
        if path.is_file():
            assert phrase.encode() not in path.read_bytes()
