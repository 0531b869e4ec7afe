"""Where nodes are reached."""

from typing import Any

import pytest

from journal.addresses import refresh_addresses
from nodes.addresses import (
    addresses_of,
    check_address,
    is_public,
    node_name,
    own_address,
    private_allowed,
)
from nodes.enrolment import node_section
from nodes.errors import UserError
from nodes.models import Address, LocalNode, Revocation
from tests.support.cast import BOB, CAROL, DESK, Node
from tests.support.world import World, later, signed

DESK_FOR_CAROL = Node("desk", CAROL, DESK.powers, DESK.address)


def published(world: World, *sections: dict[str, Any], node: Node = DESK) -> list[str]:
    """Let a node publish addresses, one after the other; give their identifiers."""
    world.accept(node.owner.identity(), node.authorisation(), node.identity())
    made = [node.resource(node=section) for section in sections]
    report = world.accept(*made)
    assert not report.refused
    return [envelope.identifier for envelope in made]


def test_urls_are_preferred_to_addresses(world: World) -> None:
    published(world, {"ips": ["192.0.2.3:8000"], "urls": ["wss://desk.example/sdmp"]})
    assert addresses_of(DESK.fingerprint) == [
        "wss://desk.example/sdmp",
        "ws://192.0.2.3:8000/sdmp",
    ]


def test_the_last_received_counts(world: World) -> None:
    published(world, {"ips": ["192.0.2.3:1"]}, {"ips": ["192.0.2.3:2"], "name": "Desk"})
    assert addresses_of(DESK.fingerprint) == ["ws://192.0.2.3:2/sdmp"]
    assert node_name(DESK.fingerprint) == "Desk"


def test_a_revoked_one_is_left_out(world: World) -> None:
    _, last = published(world, {"ips": ["192.0.2.3:1"]}, {"ips": ["192.0.2.3:2"]})
    trust = DESK.authorisation().identifier
    world.accept(signed(BOB, DESK, trust, revoke={"resource": last}))
    assert Revocation.objects.filter(target=last).exists()
    assert addresses_of(DESK.fingerprint) == ["ws://192.0.2.3:1/sdmp"]


def test_what_a_node_published_for_each_of_its_users_counts_once(world: World) -> None:
    published(world, {"ips": ["192.0.2.3:1", "192.0.2.3:2"]})
    published(world, {"ips": ["192.0.2.3:2", "192.0.2.3:3"]}, node=DESK_FOR_CAROL)
    assert addresses_of(DESK.fingerprint) == [f"ws://192.0.2.3:{port}/sdmp" for port in (2, 3, 1)]


def test_at_most_eight_are_tried(world: World) -> None:
    published(world, {"ips": [f"192.0.2.3:{port}" for port in range(1, 9)], "urls": []})
    more = [f"192.0.2.4:{port}" for port in range(1, 5)]
    published(world, {"ips": more}, node=DESK_FOR_CAROL)
    assert len(addresses_of(DESK.fingerprint)) == 8


def test_a_node_without_address_has_none(world: World) -> None:
    assert addresses_of(DESK.fingerprint) == []
    assert node_name(DESK.fingerprint) == ""


@pytest.mark.parametrize(
    "host",
    ["8.8.8.8", "2606:4700::1111", "[2606:4700::1111]", "::ffff:8.8.8.8"],
)
def test_public(host: str) -> None:
    assert is_public(host)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
     "0.0.0.0", "224.0.0.1", "255.255.255.255", "::1", "[::1]", "fe80::1%eth0", "fc00::1", "::",
     "ff02::1", "::ffff:127.0.0.1", "::ffff:192.168.1.1", "192.0.2.1", "localhost", "example.org",
     "", "8.8.8.8.8"],
)  # fmt: skip
def test_not_public(host: str) -> None:
    assert not is_public(host)


@pytest.mark.parametrize(
    ("own", "allowed"),
    [
        ("8.8.8.8:8000", False),
        ("[2606:4700::1111]:8000", False),
        ("node.example.org:8000", False),
        ("", False),
        ("127.0.0.1:8000", True),
        ("192.168.1.2:8000", True),
        ("[::1]:8000", True),
        ("localhost:8000", True),
    ],
)
def test_private_addresses_are_for_private_nodes(
    world: World, settings: Any, own: str, allowed: bool
) -> None:
    settings.ALLOW_PRIVATE = False
    settings.NODE_ADDRESS = own
    LocalNode.objects.update(address="")
    assert private_allowed() is allowed
    settings.ALLOW_PRIVATE = True
    assert private_allowed()


def test_the_setting_comes_before_what_the_node_was_made_with(world: World, settings: Any) -> None:
    settings.NODE_ADDRESS = ""
    assert own_address() == world.node.address
    settings.NODE_ADDRESS = "192.0.2.99:1"
    assert own_address() == "192.0.2.99:1"


@pytest.mark.parametrize("text", ["192.0.2.1:8000", "[2001:db8::1]:80", "node.example.org:443"])
def test_good_addresses(text: str) -> None:
    assert check_address(text) == text


@pytest.mark.parametrize(
    "text",
    ["", "192.0.2.1", ":8000", "2001:db8::1:80", "host:port", "host:99999", "u@host:80",
     "host:80/sdmp", "http://host:80", "host:0"],
)  # fmt: skip
def test_bad_addresses(text: str) -> None:
    with pytest.raises(UserError, match="An address is host:port"):
        check_address(text)


@pytest.mark.parametrize(
    ("address", "web", "section"),
    [
        ("192.0.2.1:80", "", {"ips": ["192.0.2.1:80"]}),
        ("[2001:db8::1]:80", "", {"ips": ["[2001:db8::1]:80"]}),
        ("node.example:80", "", {"ips": [], "urls": ["ws://node.example:80/sdmp"]}),
        ("", "https://n.example", {"ips": [], "urls": ["wss://n.example/sdmp"]}),
        ("", "http://n.example", {"ips": []}),
        (
            "192.0.2.1:80",
            "http://n.example",
            {"ips": ["192.0.2.1:80"], "urls": ["ws://n.example/sdmp"]},
        ),
        ("", "", {"ips": []}),
    ],
)
def test_what_a_node_publishes_of_itself(
    world: World, settings: Any, address: str, web: str, section: dict[str, Any]
) -> None:
    settings.NODE_ADDRESS, settings.WEB_URL = address, web
    LocalNode.objects.update(address="")
    assert node_section("") == section
    assert node_section("Hearth") == {"name": "Hearth", **section}


def test_a_changed_address_is_published_and_the_old_one_revoked(
    world: World, settings: Any
) -> None:
    assert refresh_addresses(world.now) == 0
    settings.NODE_ADDRESS = "192.0.2.50:1"
    assert refresh_addresses(world.now) == 1
    assert addresses_of(world.here) == ["ws://192.0.2.50:1/sdmp"]
    old, new = Address.objects.filter(node=world.here).order_by("id")
    assert list(Revocation.objects.values_list("target", flat=True)) == [old.identifier]
    assert new.ips == ["192.0.2.50:1"]
    assert refresh_addresses(world.now) == 0


def test_an_address_can_come_back(world: World, settings: Any) -> None:
    for address in ("192.0.2.50:1", "192.0.2.51:1", "192.0.2.50:1", world.node.address):
        settings.NODE_ADDRESS = address
        assert refresh_addresses(world.now) == 1
        assert addresses_of(world.here) == [f"ws://{address}/sdmp"]


def test_a_node_that_is_not_made_publishes_nothing(db: None) -> None:
    assert refresh_addresses(later()) == 0


@pytest.mark.parametrize(
    ("host", "public"),
    [
        ("8.8.8.8", True),
        ("[2606:4700::1]", True),
        ("::ffff:8.8.8.8", True),
        ("::ffff:10.0.0.1", False),
        ("2002:a00:1::", False),
        ("64:ff9b::10.0.0.1", False),
        ("64:ff9b::8.8.8.8", True),
        ("::127.0.0.1", False),
        ("example.org", False),
    ],
)
def test_what_leads_to_a_private_address_is_private(host: str, public: bool) -> None:
    assert is_public(host) is public
