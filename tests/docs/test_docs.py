"""What the pages for people say about the code is so: settings, commands, files and links."""

import argparse
import re
import shlex
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from django.core.management import get_commands, load_command_class

from sdmpweb import __version__
from sdmpweb.cli import _OURS
from sdmpweb.env import SETTINGS
from tests.support.nodes import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
COMMANDS = {name: app for name, app in get_commands().items() if app in _OURS}
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"`([\w./-]+/[\w.-]+\.(?:py|svg|md|toml))`")


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def rows(page: str, heading: str) -> list[list[str]]:
    """Give the cells of the first table after a heading, without its head."""
    text = page.split(f"{heading}\n", 1)[1]
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


def section(command: str) -> str:
    """Give what docs/commands.md says of a command."""
    text = read("docs/commands.md").split(f"\n### {command}\n", 1)[1]
    return re.split(r"^##", text, maxsplit=1, flags=re.MULTILINE)[0]


def parser(command: str) -> argparse.ArgumentParser:
    loaded: Any = load_command_class(COMMANDS[command], command)
    loaded._called_from_command_line = True
    made: argparse.ArgumentParser = loaded.create_parser("sdmpweb", command)
    return made


def options(command: str) -> set[str]:
    """List the long options of a command, without those that Django gives to all."""
    loaded: Any = load_command_class(COMMANDS[command], command)
    own = argparse.ArgumentParser(add_help=False)
    loaded.add_arguments(own)
    return {name for action in own._actions for name in action.option_strings}


def slug(heading: str) -> str:
    """Turn a heading into its anchor, as GitHub does."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def anchors(page: Path) -> set[str]:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    return {slug(heading) for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}


def test_settings_are_those_of_the_code() -> None:
    said = rows(read("docs/commands.md"), "## Settings")
    assert said == [
        [f"`{s.name}`", f"`{s.default}`" if s.default else "", s.meaning] for s in SETTINGS
    ]


def test_every_command_has_its_section() -> None:
    headings = re.findall(r"^### (\w+)$", read("docs/commands.md"), re.MULTILINE)
    assert sorted(headings) == sorted(COMMANDS)


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_synopsis_has_the_options_of_the_command(command: str) -> None:
    synopsis = " ".join(re.findall(r"`([^`]+)`", FENCE.sub("", section(command))))
    assert options(command) == set(re.findall(r"--[a-z][a-z-]*", synopsis))


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_examples_are_calls_that_the_command_takes(command: str) -> None:
    calls = re.findall(r"^\$ sdmpweb (.+)$", section(command), re.MULTILINE)
    assert calls
    for call in calls:
        words = shlex.split(re.split(r" [>|]|;", call)[0])
        assert words[0] == command
        parser(command).parse_args(words[1:])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
        if link.startswith(("http://", "https://")):
            continue
        name, _, anchor = link.partition("#")
        target = page if not name else page.parent / name
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_pages_tell_to_make_can_be_made(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))
    told = re.findall(r"(?:`|^\$ )make ([a-z-]+)", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(told) <= targets
    if page.name == "README.md":
        assert {"up", "test"} <= set(told)


@pytest.mark.parametrize("name", ["docs/architecture.md", "docs/spec-coverage.md"])
def test_named_files_exist(name: str) -> None:
    named = FILE.findall(read(name))
    assert named
    assert [path for path in named if not (ROOT / path).is_file()] == []


def test_every_section_of_the_protocol_has_a_place() -> None:
    numbers = re.findall(r"^## (\d+)\. ", read("docs/protocol.md"), re.MULTILINE)
    said = rows(read("docs/spec-coverage.md"), "# Where each section of the protocol lives")
    assert {row[0].split()[0] for row in said} == {f"§{number}" for number in numbers}
    for row in said:
        assert row[3] == "yes" or row[3].startswith("partly: ")


def test_changelog_knows_this_version() -> None:
    assert f"## [{__version__}]" in read("CHANGELOG.md")


def test_picture_is_well_formed_and_has_both_looks() -> None:
    picture = read("docs/architecture.svg")
    assert ElementTree.fromstring(picture).tag.endswith("svg")
    assert "prefers-color-scheme: dark" in picture
