"""Making the node and its accounts, with the first lines of the journal."""

import stat
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from journal.enrol import enrol, enrol_owner, make_node
from journal.models import Line, Resource
from nodes import enrolment, keystore
from nodes.errors import UserError
from nodes.models import Account, LocalNode, SealedKey
from nodes.setup import check_token, owner_link
from sdmp.keys import PrivateKey, generate, open_recovery_kit
from sdmp.lines import check_chain
from sdmp.resource import read_resource
from sdmpweb.env import read
from tests.support.cast import ALICE, ALL_POWERS, BOB, LAPTOP
from tests.support.world import World


def kinds(world: World) -> list[tuple[str, str]]:
    return [(row.kind, row.signer) for row in world.our_resources()]


def test_the_journal_begins_in_the_prescribed_order(world: World) -> None:
    user, node = ALICE.fingerprint, LAPTOP.fingerprint
    lines = world.journal()
    check_chain(lines)
    assert lines[0] == node
    assert [(row.kind, row.signer) for row in world.our_resources()] == [
        ("identity", user),
        ("trust", user),
        ("identity", node),
        ("user", node),
        ("node", node),
    ]
    identity, trust, agreed, _, _ = world.our_resources()
    assert [line.resource for line in Line.objects.order_by("position")[1:3]] == [identity, trust]
    assert trust.subject == node
    content = read_resource(trust.envelope())
    assert content.sections["trust"] == {
        "trustee": node,
        "type": "node",
        "authorization": list(ALL_POWERS),
    }
    assert read_resource(agreed.envelope()).trust == trust.identifier
    assert LocalNode.objects.get().head_line == lines[-1]
    assert LocalNode.objects.get().head_position == len(lines)


def test_a_second_account_goes_on_from_there(world: World) -> None:
    world.enrol(BOB)
    check_chain(world.journal())
    assert len(world.journal()) == 11
    assert [row.author for row in world.our_resources()[5:]] == [BOB.fingerprint] * 5


def test_a_host_gets_the_least_and_publishes_no_profile(world: World) -> None:
    account = world.enrol(BOB, mode=Account.Mode.HOST)
    assert account.mode == "host"
    assert world.facts.authorised(BOB.fingerprint, world.here, world.now) == frozenset(
        {"read_resource"}
    )
    assert [kind for kind, _ in kinds(world)[5:]] == ["identity", "trust", "identity", "node"]


def test_a_full_account_gives_all_powers(world: World) -> None:
    powers = world.facts.authorised(ALICE.fingerprint, world.here, world.now)
    assert powers == frozenset(ALL_POWERS)


def test_the_size_of_the_user_key_is_a_setting(
    world: World, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def note(bits: int) -> PrivateKey:
        asked.append(bits)
        return BOB.key

    settings.USER_KEY_BITS = 3072
    monkeypatch.setattr(enrolment, "generate", note)
    enrol("bob")
    assert asked == [3072]


def test_sizes_when_nothing_is_set(tmp_path: Path) -> None:
    values = read({"SDMPWEB_DATA": str(tmp_path)})
    assert values["SDMPWEB_USER_KEY_BITS"] == 3072
    assert values["SDMPWEB_NODE_KEY_BITS"] == 2048


def test_the_phrase_opens_the_kit_and_nothing_of_the_user_key_stays(
    db: None, settings: Any
) -> None:
    settings.USER_KEY_BITS = settings.NODE_KEY_BITS = 2048
    make_node("hearth")
    made = enrol("bob")
    assert len(made.phrase.split()) == 12
    key = open_recovery_kit(made.kit, made.phrase)
    assert key.fingerprint == made.account.fingerprint
    assert made.account.recovery_kit.encode() == made.kit
    assert b"ENCRYPTED PRIVATE KEY" in made.kit
    assert [row.fingerprint for row in SealedKey.objects.all()] == [keystore.node_fingerprint()]


def test_the_recovery_file_has_mode_0600(db: None, tmp_path: Path) -> None:
    password, kit = tmp_path / "password", tmp_path / "kit.json"
    password.write_text("a long house-key 7\n")
    call_command(
        "init_node",
        name="hearth",
        owner="bob",
        password_file=str(password),
        recovery_file=str(kit),
    )
    assert stat.S_IMODE(kit.stat().st_mode) == 0o600
    assert stat.S_IMODE(keystore.secret_path().stat().st_mode) == 0o600


def test_making_the_node_twice_changes_nothing(world: World) -> None:
    before = world.journal()
    assert make_node("another name").fingerprint == LAPTOP.fingerprint
    assert world.journal() == before


def test_a_node_needs_a_name_and_a_good_address(db: None) -> None:
    with pytest.raises(UserError, match="needs a name"):
        make_node("  ")
    with pytest.raises(UserError, match="An address is host:port"):
        make_node("hearth", "nowhere")
    assert not LocalNode.objects.exists()
    assert not SealedKey.objects.exists()


def test_an_account_needs_a_node(db: None) -> None:
    with pytest.raises(UserError, match="has no owner yet"):
        enrol("bob")


@pytest.mark.parametrize(
    ("username", "password"), [("alice", None), ("not a name!", None), ("bob", "123")]
)
def test_an_account_that_will_not_do_writes_nothing(
    world: World, username: str, password: str | None
) -> None:
    before = world.journal()
    with pytest.raises(UserError):
        enrol(username, password=password)
    assert world.journal() == before
    assert Account.objects.count() == 1


def test_the_owner_comes_by_a_link_that_works_once(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enrolment, "generate", lambda _: generate(2048))
    monkeypatch.setattr(enrolment, "make_recovery_kit", lambda *_: b"{}")
    first, second = owner_link(), owner_link()
    assert first
    assert second
    old, token = (link.rstrip("/").rpartition("/")[2] for link in (first, second))
    assert not check_token(old)
    assert check_token(token)
    with pytest.raises(UserError, match="used already or is not the last one"):
        enrol_owner(old, username="bob", name="Bob", password="a long house-key 7")
    with pytest.raises(UserError):
        enrol_owner(token, username="bob", name="Bob", password="123")
    assert check_token(token)  # nothing was written, the link still counts
    made = enrol_owner(token, username="bob", name="Bob", password="a long house-key 7")
    assert made.account.is_superuser
    assert LocalNode.objects.get().name == "Bob’s node"
    with pytest.raises(UserError, match="used already"):
        enrol_owner(token, username="eve", name="Eve", password="a long house-key 7")
    assert owner_link() is None
    assert Resource.objects.filter(kind="identity").count() == 2
