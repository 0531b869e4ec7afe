"""Dockerfile and compose.yaml, as far as they can be checked without an engine."""

import re
from typing import Any

import pytest
import yaml

from sdmpweb.env import SETTINGS
from tests.support.nodes import ROOT

OURS = {"node": "up", "web": "web", "worker": "worker", "beat": "beat"}


@pytest.fixture(scope="module")
def steps() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile with what follows them."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in lines)]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """What compose.yaml says."""
    said: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return said


def test_base_is_a_certain_version(steps: list[tuple[str, str]]) -> None:
    bases = [rest.split()[0] for name, rest in steps if name == "FROM"]
    assert len(bases) == 2
    for base in bases:
        assert re.fullmatch(r"python:\d+\.\d+\.\d+-slim-bookworm", base)


def test_last_stage_runs_a_healthy_node_as_nobody_else(steps: list[tuple[str, str]]) -> None:
    last = steps[max(i for i, (name, _) in enumerate(steps) if name == "FROM") :]
    told = dict(last)
    user, _, group = told["USER"].partition(":")
    assert int(user) > 0
    assert int(group) > 0
    assert "/healthz" in told["HEALTHCHECK"]
    assert (told["ENTRYPOINT"], told["CMD"]) == ('["sdmpweb"]', '["up"]')
    assert told["VOLUME"] == "/data"


def test_settings_exist_and_no_secret_is_in_the_image(
    steps: list[tuple[str, str]], compose: dict[str, Any]
) -> None:
    names = [n for name, rest in steps if name == "ENV" for n in re.findall(r"(\w+)=", rest)]
    for service in OURS:
        names += compose["services"][service]["environment"]
    known = {setting.name for setting in SETTINGS}
    assert {name for name in names if name.startswith("SDMPWEB_")} <= known
    assert not [name for name in names if re.search(r"SECRET|PASS|TOKEN|URL$", name)]
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert {".git", "data", "sdmpweb.env", "secrets", ".venv"} <= set(ignored)
    assert "secrets/" in (ROOT / ".gitignore").read_text().splitlines()


def test_nothing_may_do_more_than_it_has_to(compose: dict[str, Any]) -> None:
    for name, command in OURS.items():
        service = compose["services"][name]
        assert service.get("command", ["up"]) == [command]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
    for name, service in compose["services"].items():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name
        assert service["profiles"] in (["alone"], ["grown"])
        assert set(service["networks"]) <= compose["networks"].keys()
        assert set(service.get("secrets", [])) <= compose["secrets"].keys()
        for volume in service.get("volumes", []):
            assert volume.partition(":")[0] in compose["volumes"]
        if "build" not in service:
            assert re.search(r":\d+\.\d+", service["image"]), name


def test_proxy_is_the_gateway_of_the_network(compose: dict[str, Any]) -> None:
    [network] = compose["networks"]["node"]["ipam"]["config"]
    assert compose["services"]["node"]["environment"]["SDMPWEB_PROXIES"] == network["gateway"]
