"""What docs/hosting.md tells to type fits commands, settings, units and files as they are.

Every line of the page is either of a kind that is checked here or named in `NOT_RUN` with the
reason, so that a new line fails until somebody has looked at it. Those of `sdmpweb setup` are run
on the image of a machine, and what the page says of them is compared with what they did and said.
"""

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sdmpweb import env
from sdmpweb.setup import owner_settings
from sdmpweb.setup.machine import Machine
from sdmpweb.setup.proxies import NGINX
from tests.docs.test_docs import COMMANDS, parser, read, rows
from tests.support.image import make_image, set_up
from tests.support.nodes import ROOT

PAGE = read("docs/hosting.md")


def typed(text: str) -> list[str]:
    """Give the lines that a part of the page tells to type, in their order."""
    blocks = re.findall(r"^```console\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [line.removeprefix("# ") for block in blocks for line in block.splitlines()]


def section(heading: str) -> list[str]:
    """Give the lines to type of a section, without those of sections within it."""
    return typed(PAGE.split(f"\n## {heading}\n")[1].split("\n##")[0])


LINES = typed(PAGE)
SETTINGS = {setting.name for setting in env.SETTINGS}
UNITS = ROOT / "deploy/systemd"
NAME = "mail.example.org"
# Steps that need a machine of their own, and what was seen of them is told by the page.
NOT_RUN = {
    "apt-get update": "reaches Debian",
    "apt-get install --yes pipx nginx-light certbot": "installs; the tests run nginx-light",
    "apt-get install --yes ufw": "installs",
    "apt-get install --yes postgresql redis-server": "installs; the tests run both",
    "ufw allow ssh": "changes the machine's firewall",
    "ufw allow 80,443/tcp": "changes the machine's firewall",
    "ufw enable": "changes the machine's firewall",
    "mv /var/lib/sdmpweb /var/lib/sdmpweb.old": "moves a node's data",
    "certbot certonly --webroot --webroot-path /var/www/html"
    f' --deploy-hook "systemctl reload nginx" -d {NAME}': "asks an authority; see below",
}  # fmt: skip


def units() -> str:
    """Give the text of all units."""
    return "\n".join(path.read_text() for path in UNITS.iterdir() if path.is_file())


def unit_exists(name: str) -> bool:
    """Say whether a unit is ours, by file or as an instance."""
    kind = name if name.endswith((".service", ".target")) else f"{name}.service"
    return (UNITS / re.sub(r"@[^.]+", "@", kind)).is_file()


def installs_the_wheel(line: str) -> None:
    places = r"PIPX_HOME=/opt/pipx PIPX_BIN_DIR=/usr/local/bin"
    assert re.fullmatch(rf"{places} pipx install (--force )?\./sdmpweb-\*\.whl", line)
    commands = re.findall(r"^ExecStart=(\S+)", units(), re.MULTILINE)
    assert set(commands) == {"/usr/local/bin/sdmpweb"}


def sandbox() -> list[str]:
    return (UNITS / "sdmpweb.service.d/10-sandbox.conf").read_text().splitlines()


def calls_systemctl(line: str) -> None:
    words = shlex.split(line)[1:]
    assert words[0] in ("start", "stop", "restart")
    assert words[1:]
    assert all(map(unit_exists, words[1:])), line


def reads_the_journal(line: str) -> None:
    _, option, unit, *of_links = shlex.split(line)
    assert option == "--unit"
    assert unit_exists(unit)
    assert of_links == ["--output", "cat", "--grep", "/welcome/"]


def calls_node(line: str) -> None:
    command, *arguments = shlex.split(line)[1:]
    assert command in COMMANDS
    parser(command).parse_args(arguments)


def makes_the_database(line: str) -> None:
    *words, role = shlex.split(line)
    assert words[:4] == ["runuser", "-u", "postgres", "--"]
    assert role == urlsplit(owner_settings.DATABASE).path.rpartition("/")[2]
    assert f"User={role}" in sandbox()


KINDS: dict[str, Callable[[str], None]] = {
    r"PIPX_HOME=": installs_the_wheel,
    r"systemctl ": calls_systemctl,
    r"runuser ": makes_the_database,
    r"journalctl ": reads_the_journal,
    r"sdmpweb(-node)? ": calls_node,
}


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Machine, list[str]]:
    """An image on which the lines of *Set up* were run in their order, and what each has said.

    certbot writes its file here without asking an authority.
    """
    machine = make_image(tmp_path_factory.mktemp("walked") / "image", "nginx", "certbot")
    said = []
    for line in section("Set up"):
        if line.startswith("sdmpweb "):
            done = set_up(machine, *shlex.split(line)[2:], "--yes")
            assert done.returncode == 0, done.stderr
            said.append(done.stdout)
        elif line.startswith("certbot "):
            file = machine.at(NGINX.certificate.format(name=NAME))
            file.parent.mkdir(parents=True)
            file.touch()
    return machine, said


@pytest.mark.parametrize("line", sorted(set(LINES)))
def test_every_line_is_checked_or_named(line: str) -> None:
    kinds = [check for begin, check in KINDS.items() if re.match(begin, line)]
    assert len(kinds) + (line in NOT_RUN) == 1, "put this line of the page into KINDS or NOT_RUN"
    for check in kinds:
        check(line)


def test_what_is_named_stands_in_the_page() -> None:
    assert set(NOT_RUN) <= set(LINES)
    for begin in KINDS:
        assert any(re.match(begin, line) for line in LINES), begin


def test_setup_says_what_the_page_says_next(walked: tuple[Machine, list[str]]) -> None:
    lines = section("Set up")
    assert [line.split()[0] for line in lines] == ["sdmpweb", "certbot", "sdmpweb", "journalctl"]
    told = [re.findall(r"^  (.+)$", said.split("Run next")[1], re.MULTILINE) for said in walked[1]]
    assert told == [lines[1:3], lines[3:]]


def test_the_table_has_what_setup_writes(walked: tuple[Machine, list[str]]) -> None:
    said = rows(PAGE, "### What it does")
    paths = [row[0].strip("`") for row in said]
    assert paths
    for path, row in zip(paths, said, strict=True):
        mode, whose = row[1].split()
        assert f"{path} ({mode} {whose})" in "".join(walked[1])
        assert walked[0].at(path).stat().st_mode & 0o7777 == int(mode, 8)
    written = re.findall(r"^  (?:write|make) (\S+)", "".join(walked[1]), re.MULTILINE)
    grown = [path for path in written if re.search(r"/sdmpweb-(?!node).*", path)]
    assert sorted({*paths, *grown}) == sorted(written)


def test_the_settings_of_a_new_node_are_named(walked: tuple[Machine, list[str]]) -> None:
    text = walked[0].at("/etc/sdmpweb/sdmpweb.env").read_text()
    sentence = re.findall(r"The settings of a new node are\s(.*?);", PAGE, re.DOTALL)[0]
    assert re.findall(r"^(\w+)=", text, re.MULTILINE) == re.findall(r"`(\w+)`", sentence)


def test_the_grown_shape_is_set_up_by_its_line(tmp_path: Path) -> None:
    [line] = [line for line in section("Grown shape") if line.startswith("sdmpweb ")]
    machine = make_image(tmp_path / "image", "nginx", "certbot", "postgresql", "redis")
    assert set_up(machine, *shlex.split(line)[2:], "--yes").returncode == 0
    assert machine.has("/etc/systemd/system/multi-user.target.wants/sdmpweb-grown.target")


def test_a_node_is_moved_to_where_setup_looks_for_it() -> None:
    there, _ = [line for line in LINES if " move_database " in line]
    assert shlex.split(there)[2] == owner_settings.DATABASE


def test_certbot_writes_where_nginx_serves_and_reads() -> None:
    [line] = [line for line in LINES if line.startswith("certbot ")]
    words = shlex.split(line)
    root = words[words.index("--webroot-path") + 1]
    site = NGINX.text(NAME, [8000]).decode()
    assert f"root {root};" in site
    assert f"{NGINX.certificate.format(name=words[-1])};" in site


def test_named_settings_files_and_units_exist() -> None:
    assert set(re.findall(r"\b(?:SDMPWEB_\w+[A-Z]|DATABASE_URL|REDIS_URL)\b", PAGE)) <= SETTINGS
    named = re.findall(r"\bdeploy/[\w./@-]+\w", PAGE)
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []
    units = re.findall(r"\bsdmpweb[\w@-]*\.(?:service|target)\b(?!\.d)", PAGE)
    assert units
    assert all(map(unit_exists, units))


def test_services_and_commands_are_the_same_node(walked: tuple[Machine, list[str]]) -> None:
    machine = walked[0]
    assert {"User=sdmpweb", "Group=sdmpweb", "StateDirectory=sdmpweb"} <= set(sandbox())
    assert machine.user("sdmpweb")
    assert "ReadWritePaths=-/var/backups/sdmpweb" in sandbox()
    command = machine.at("/usr/local/bin/sdmpweb-node").read_text()
    given = dict(re.findall(r"(SDMPWEB_\w+)=(\S+)", command))
    assert {f"Environment={name}={value}" for name, value in given.items()} <= set(sandbox())
    assert set(given) == {"SDMPWEB_DATA", "SDMPWEB_CONFIG"}
    assert command.endswith('/usr/local/bin/sdmpweb "$@"\n')
    # As systemd sets it; libpq looks for certificates in it, and fails where it may not.
    assert " HOME=/var/lib/sdmpweb " in command
