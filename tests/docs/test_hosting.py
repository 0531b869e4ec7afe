"""What docs/hosting.md tells to type fits commands, settings, units and files as they are.

Every line of the page is either of a kind that is checked here or named in `NOT_RUN` with the
reason, so that a new line fails until somebody has looked at it.
"""

import re
import shlex
from collections.abc import Callable

import pytest

from sdmpweb import env
from tests.docs.test_docs import COMMANDS, parser, read
from tests.support.nodes import ROOT

PAGE = read("docs/hosting.md")
LINES = [
    line.removeprefix("# ")
    for block in re.findall(r"^```console\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]
SETTINGS = {setting.name for setting in env.SETTINGS}
UNITS = ROOT / "deploy/systemd"
NAME = "mail.example.org"
# Steps that need a machine of their own, and what was seen of them is told by the page.
NOT_RUN = {
    "apt-get update": "reaches Debian",
    "apt-get install --yes pipx nginx-light certbot": "installs; the tests run nginx-light",
    "apt-get install --yes ufw": "installs",
    "apt-get install --yes postgresql redis-server": "installs; the tests run both",
    "useradd --system --home-dir /var/lib/sdmpweb --shell /usr/sbin/nologin sdmpweb": "adds a user",
    "ufw allow ssh": "changes the machine's firewall",
    "ufw allow 80,443/tcp": "changes the machine's firewall",
    "ufw enable": "changes the machine's firewall",
    "nginx -t": "reads /etc/nginx; tests/deploy runs nginx with the file",
    "cat /etc/sdmpweb/sdmpweb.env": "shows a file of the machine",
    "mv /var/lib/sdmpweb /var/lib/sdmpweb.old": "moves a node's data",
    'runuser --login postgres --command "createuser sdmpweb"': "needs the machine's PostgreSQL",
    'runuser --login postgres --command "createdb --owner sdmpweb sdmpweb"': "likewise",
    "certbot certonly --webroot --webroot-path /var/www/html"
    f' --deploy-hook "systemctl reload nginx" -d {NAME}': "asks an authority; see below",
}  # fmt: skip


def configured() -> str:
    """Give nginx's configuration as it is shipped."""
    return read("deploy/nginx/sdmpweb.conf")


def units() -> str:
    """Give the text of all units."""
    return "\n".join(path.read_text() for path in UNITS.iterdir() if path.is_file())


def unit_exists(name: str) -> bool:
    """Say whether a unit is ours, by file or as an instance, or that of the proxy."""
    if name == "nginx":
        return True
    kind = name if name.endswith((".service", ".target")) else f"{name}.service"
    return (UNITS / re.sub(r"@[^.]+", "@", kind)).is_file()


def installs_the_wheel(line: str) -> None:
    places = r"PIPX_HOME=/opt/pipx PIPX_BIN_DIR=/usr/local/bin"
    assert re.fullmatch(rf"{places} pipx install (--force )?\./sdmpweb-\*\.whl", line)
    commands = re.findall(r"^ExecStart=(\S+)", units(), re.MULTILINE)
    assert set(commands) == {"/usr/local/bin/sdmpweb"}


def names_our_files(line: str) -> None:
    assert line.startswith("deploy=$(echo /opt/pipx/venvs/sdmpweb/")
    included = read("pyproject.toml")
    assert re.search(r'^"?deploy"? = "sdmpweb/_files/deploy"$', included, re.MULTILINE)
    assert line.endswith("/site-packages/sdmpweb/_files/deploy)")


def makes_a_file_or_directory(line: str) -> None:
    words = shlex.split(line)
    place = words[-1]
    wanted = {
        "/etc/sdmpweb": ("0750", True),
        "/etc/sdmpweb/sdmpweb.env": ("0640", False),
        "/var/lib/sdmpweb": ("0700", True),
        "/var/backups/sdmpweb": ("0700", True),
    }
    mode, directory = wanted[place]
    assert words[words.index("--mode") + 1] == mode
    assert ("--directory" in words) is directory
    assert words[words.index("--group") + 1] == "sdmpweb"
    assert ("--owner" in words) is place.startswith("/var/")


def writes_a_setting(line: str) -> None:
    name, value = re.fullmatch(r"echo (\w+)=(.+) >> /etc/sdmpweb/sdmpweb\.env", line).groups()  # type: ignore[union-attr]
    assert name in SETTINGS
    assert env.read({"SDMPWEB_DATA": "data", name: value})[name] is not None
    if name == "SDMPWEB_BACKUP_TO":
        assert f"ReadWritePaths=-{value}" in sandbox()


def sandbox() -> list[str]:
    return (UNITS / "sdmpweb.service.d/10-sandbox.conf").read_text().splitlines()


def copies_the_units(line: str) -> None:
    assert line == "cp --recursive $deploy/systemd/. /etc/systemd/system/"
    assert unit_exists("sdmpweb")


def calls_systemctl(line: str) -> None:
    words = shlex.split(line)[1:]
    assert words[0] in ("enable", "start", "stop", "restart", "reload", "daemon-reload")
    units = [word for word in words[1:] if not word.startswith("--")]
    assert bool(units) is (words[0] != "daemon-reload")
    assert all(map(unit_exists, units)), line
    if words[0] == "enable":
        assert (
            "[Install]"
            in (UNITS / (units[0] if "." in units[0] else f"{units[0]}.service")).read_text()
        )


def reads_the_journal(line: str) -> None:
    _, option, unit = shlex.split(line)
    assert option == "--unit"
    assert unit_exists(unit)


def puts_the_name_in(line: str) -> None:
    pattern, new = re.match(
        r"sed s/([^/]+)/([^/]+)/ \$deploy/nginx/sdmpweb\.conf > ", line
    ).groups()  # type: ignore[union-attr]
    changed = "\n".join(re.sub(pattern, new, line, count=1) for line in configured().splitlines())
    assert pattern == NAME
    assert NAME not in changed
    assert changed.count(f"/etc/letsencrypt/live/{new}/") == 2


def names_both_ports(line: str) -> None:
    expression = shlex.split(line)[2]
    old, new = re.fullmatch("s/([^/]+)/([^/]+)/", expression).groups()  # type: ignore[union-attr]
    assert configured().count(old) == 1
    ports = re.findall(r"server 127\.0\.0\.1:(\d+) max_fails=0;", new)
    target = (UNITS / "sdmpweb-grown.target").read_text()
    assert sorted(ports) == sorted(re.findall(r"sdmpweb-web@(\d+)\.service", target))


def defines_node(line: str) -> None:
    given = dict(re.findall(r"(SDMPWEB_\w+)=(\S+)", line))
    assert {f"Environment={name}={value}" for name, value in given.items()} <= set(sandbox())
    assert set(given) == {"SDMPWEB_DATA", "SDMPWEB_CONFIG"}
    assert line.endswith(' sdmpweb "$@"; }')


def calls_node(line: str) -> None:
    command, *arguments = shlex.split(line)[1:]
    assert command in COMMANDS
    parser(command).parse_args(arguments)


KINDS: dict[str, Callable[[str], None]] = {
    r"PIPX_HOME=": installs_the_wheel,
    r"deploy=": names_our_files,
    r"install --": makes_a_file_or_directory,
    r"echo ": writes_a_setting,
    r"cp ": copies_the_units,
    r"systemctl ": calls_systemctl,
    r"journalctl ": reads_the_journal,
    r"sed s/": puts_the_name_in,
    r"sed --in-place ": names_both_ports,
    r"node\(\) ": defines_node,
    r"node ": calls_node,
}


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


def test_certbot_writes_where_nginx_serves_and_reads() -> None:
    [line] = [line for line in LINES if line.startswith("certbot ")]
    words = shlex.split(line)
    root = words[words.index("--webroot-path") + 1]
    assert f"root {root};" in configured()
    assert f"/etc/letsencrypt/live/{words[-1]}/fullchain.pem" in configured()


def test_named_settings_files_and_units_exist() -> None:
    assert set(re.findall(r"\b(?:SDMPWEB_\w+[A-Z]|DATABASE_URL|REDIS_URL)\b", PAGE)) <= SETTINGS
    named = re.findall(r"\bdeploy/[\w./@-]+\w", PAGE)
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []
    units = re.findall(r"\bsdmpweb[\w@-]*\.(?:service|target)\b(?!\.d)", PAGE)
    assert units
    assert all(map(unit_exists, units))


def test_the_node_runs_as_the_user_that_is_added() -> None:
    assert {"User=sdmpweb", "Group=sdmpweb", "StateDirectory=sdmpweb"} <= set(sandbox())
    assert any(line.startswith("useradd ") and line.endswith(" sdmpweb") for line in LINES)
