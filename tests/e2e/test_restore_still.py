"""A grown node comes back, and with it somebody who does not let it make trusts."""

import pytest

from tests.support.pages import Pages
from tests.support.scenario import PASSWORD, Cast, Person, befriend, eventually

pytestmark = [pytest.mark.nodes, pytest.mark.postgresql, pytest.mark.redis]
_SETTINGS = {"SDMPWEB_BACKUP_PASSPHRASE": "correct horse battery staple"}
_ALL_BUT_TRUSTS = ["read_encrypted", "publish_resource", "revoke"]


def test_the_trust_is_made_anew_at_the_next_sign_in(cast: Cast) -> None:
    host, bob = cast.person("host", "grown", settings=_SETTINGS), cast.person("bob")
    made = host.command("create_account", "kim", "--password-file", str(cast.password))
    kim = Person(host.node, "kim", made.splitlines()[0].split()[1], host.console)
    phrase = made.splitlines()[-1].partition(": ")[2]
    befriend(kim, bob)
    host.node.start()
    bob.node.start()
    former = host.node_fingerprint
    with Pages(host.node.url) as pages:
        sign_in(pages)
        asked = {"powers": _ALL_BUT_TRUSTS, "phrase": phrase}
        assert "is changed" in pages.send(f"/nodes/{former}/change/", asked)
    exchange(kim, bob, "before")
    backup = cast.directory / "host.age"
    host.node.command("backup", str(backup))
    exchange(kim, bob, "after the backup")
    host.node.kill()
    host.console.kill()
    bob.send(kim, title="while it was gone, to kim")

    node = cast.node("restored", "grown", settings=_SETTINGS)
    assert "with the recovery phrase: kim." in node.command("restore", str(backup))
    kim = Person(node, "kim", kim.user, cast.console(node))
    node.start()
    refused = kim.console.run("send_message", "kim", "--to", bob.user, "--title", "too early")
    assert refused.returncode == 1
    with Pages(node.url) as pages:
        confirm = f"/renew/key/{kim.node_fingerprint}/"
        assert "Confirm" in sign_in(pages)  # it leads there
        wrong = phrase.replace(phrase.split()[0], "zebra", 1)
        pages.send(confirm, {"phrase": wrong}, status=422)
        assert "stands still" in pages.read("/settings/")
        pages.send(confirm, {"phrase": phrase})
    eventually(lambda: "restored" not in kim.status(), "she has caught up")
    kim.gets("while it was gone, to kim")
    bob.delivered("while it was gone, to kim")
    exchange(kim, bob, "at the end")
    eventually(lambda: bob.nodes_of(kim) == {kim.node_fingerprint}, "the old key may do nothing")
    moments = ("before", "after the backup", "at the end")
    wanted = {f"{moment}, to {name}" for moment in moments for name in ("kim", "bob")}
    wanted.add("while it was gone, to kim")
    for person in (kim, bob):
        assert sorted(person.titles()) == sorted(wanted)
        person.check_journal()
    assert kim.journal()[0] == kim.node_fingerprint != former
    assert "rewritten its journal" not in bob.node.read_log()


def sign_in(pages: Pages) -> str:
    """Sign Kim in and give the page that this leads to."""
    return pages.send("/account/login/", {"login": "kim", "password": PASSWORD})


def exchange(kim: Person, bob: Person, word: str) -> None:
    """Let a letter go each way, with its receipt."""
    kim.send(bob, title=f"{word}, to bob")
    bob.send(kim, title=f"{word}, to kim")
    kim.delivered(f"{word}, to bob")
    bob.delivered(f"{word}, to kim")
