"""`sdmpweb setup`: what it writes into a machine, what it leaves alone, and what it refuses."""

import grp
import os
import pwd
import re
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from django.core.management import call_command

from hosting import moved
from hosting.backup.passphrase import refuse_weak
from nodes.errors import UserError
from sdmpweb import env
from sdmpweb.setup import owner_settings, plan, proxies, steps
from sdmpweb.setup.machine import Machine
from sdmpweb.setup.plan import Plan, Wish
from sdmpweb.setup.proxies import CADDY, NGINX
from sdmpweb.setup.steps import File, Rights
from tests.support.image import PROGRAMS, make_image, set_up
from tests.support.ports import free_port

NAME = "mail.example.org"
SITE = NGINX.file
UNIT = "/etc/systemd/system/sdmpweb.service"
ENABLED = "/etc/systemd/system/multi-user.target.wants/"


class Booted(Machine):
    """An image that is taken for a machine that runs; the programs that it runs are in PATH."""

    @property
    def runs(self) -> bool:
        """It does."""
        return True


@pytest.fixture
def booted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Booted]:
    """A machine with all that may be there, whose programs do nothing; a node answers."""
    image = make_image(tmp_path / "image", *PROGRAMS)
    image.at("/run/systemd/system").mkdir(parents=True)
    image.at("/etc/passwd").write_text("root:x:0:0::/:\nsdmpweb:x:999:999::/:\n")
    image.at("/etc/group").write_text("root:x:0:\nsdmpweb:x:999:\n")
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    for name in ("systemctl", "nginx", "caddy", "runuser"):
        program(tmp_path, name, "")
    settings = image.at(owner_settings.FILE)
    settings.parent.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as node:
        settings.write_text(f"SDMPWEB_PORT={node.getsockname()[1]}\n")
        yield Booted(image.root)


def program(place: Path, name: str, script: str) -> None:
    """Let a program of a booted machine do something; each call is written down."""
    file = place / "bin" / name
    file.write_text(f'#!/bin/sh\necho "$(basename $0) $*" >> {place}/calls\n{script}\n')
    file.chmod(0o755)


def calls(place: Path) -> list[str]:
    log = place / "calls"
    return log.read_text().splitlines() if log.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """An image with nginx and certbot, and no certificate yet."""
    return make_image(tmp_path / "image", "nginx", "certbot")


def carry_out(machine: Machine, *, name: str = NAME, **wish: object) -> tuple[Plan, list[str]]:
    told: list[str] = []
    made = plan.make(machine, Wish(name, **wish))  # type: ignore[arg-type]
    made.carry_out(machine, told.append)
    return made, told


def certify(machine: Machine, name: str = NAME) -> None:
    """Do what certbot does."""
    place = machine.at(f"/etc/letsencrypt/live/{name}")
    place.mkdir(parents=True)
    (place / "fullchain.pem").write_text("certificate")


def everything(machine: Machine) -> dict[str, tuple[int, bytes]]:
    """Give all files with modes and bytes."""
    files = [path for path in machine.root.rglob("*") if path.is_file()]
    return {str(path): (path.stat().st_mode, path.read_bytes()) for path in files}


def settings_of(machine: Machine) -> dict[str, str]:
    return env.texts({"SDMPWEB_CONFIG": str(machine.at(owner_settings.FILE))})


def test_the_command_shows_asks_does_and_has_nothing_left(machine: Machine) -> None:
    before = everything(machine)
    shown = set_up(machine, NAME, "--dry-run")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert everything(machine) == before
    unasked = set_up(machine, NAME)
    assert (unasked.returncode, unasked.stderr) == (
        1, "There is no terminal to ask whether to do this; say --yes.\n",
    )  # fmt: skip
    declined = set_up(machine, NAME, typed="n\n")
    assert declined.returncode == 1
    assert "Nothing was changed." in declined.stdout
    assert everything(machine) == before
    done = set_up(machine, NAME, typed="y\n")
    assert done.returncode == 0
    for line in shown.stdout.splitlines():
        assert line in done.stdout
    assert settings_of(machine)["SDMPWEB_BACKUP_PASSPHRASE"] in done.stdout
    after = everything(machine)
    again = set_up(machine, NAME, "--yes")
    assert again.returncode == 0
    assert again.stdout.startswith(f"All is there that can be yet for a node at https://{NAME}.\n")
    assert everything(machine) == after
    certify(machine)
    assert set_up(machine, "--yes").returncode == 0
    assert set_up(machine).stdout == f"Nothing to do: all is there for a node at https://{NAME}.\n"


def test_each_line_names_what_is_written(machine: Machine) -> None:
    before = set(everything(machine))
    made, _ = carry_out(machine)
    written = {
        "/" + str(Path(path).relative_to(machine.root))
        for path in set(everything(machine)) - before
    }
    ours = {path for path in written if "sdmpweb" in path and not path.startswith(ENABLED)}
    assert ours == {step.path for step in made.steps if isinstance(step, File)}
    assert machine.has(f"{ENABLED}sdmpweb.service")


def test_settings_are_sound_and_their_passphrase_is_shown_once(machine: Machine) -> None:
    made, told = carry_out(machine)
    given = settings_of(machine)
    passphrase = given["SDMPWEB_BACKUP_PASSPHRASE"]
    refuse_weak(passphrase)
    assert len(set(passphrase.split("-"))) > 4
    assert passphrase in told[0]
    assert not any(passphrase in step.missing(machine) for step in made.steps)
    values = env.read({"SDMPWEB_CONFIG": str(machine.at(owner_settings.FILE))})
    assert values["SDMPWEB_URL"] == f"https://{NAME}"
    assert values["SDMPWEB_PROXIES"] == "127.0.0.1"
    assert carry_out(machine)[1] == []


def test_without_backups_there_is_neither_passphrase_nor_place(machine: Machine) -> None:
    _, told = carry_out(machine, backups=False)
    assert told == []
    assert not machine.has(owner_settings.BACKUPS)
    assert "SDMPWEB_BACKUP_TO" not in settings_of(machine)
    carry_out(machine)
    assert "SDMPWEB_BACKUP_TO" not in settings_of(machine)


def test_modes_keep_strangers_out(machine: Machine) -> None:
    old = os.umask(0)
    try:
        carry_out(machine)
    finally:
        os.umask(old)
    wanted = {
        "/etc/sdmpweb": 0o750,
        owner_settings.FILE: 0o640,
        "/var/lib/sdmpweb": 0o700,
        owner_settings.BACKUPS: 0o700,
        UNIT: 0o644,
        "/etc/systemd/system/sdmpweb.service.d": 0o755,
        "/usr/local/bin/sdmpweb-node": 0o755,
    }
    assert {path: machine.at(path).stat().st_mode & 0o7777 for path in wanted} == wanted
    machine.at(owner_settings.FILE).chmod(0o644)
    machine.at("/var/lib/sdmpweb").chmod(0o755)
    made, _ = carry_out(machine)
    assert len(made.steps) == 2
    assert {path: machine.at(path).stat().st_mode & 0o7777 for path in wanted} == wanted


def test_nginx_is_told_of_the_node_once_there_is_a_certificate(machine: Machine) -> None:
    made, _ = carry_out(machine)
    assert not machine.has(SITE)
    certbot, again = made.afterwards
    assert certbot.startswith("certbot certonly ")
    assert certbot.endswith(f" -d {NAME}")
    assert again == "sdmpweb setup"
    certify(machine)
    made, _ = carry_out(machine, name="")
    site = machine.at(SITE).read_text()
    assert [step.missing(machine) for step in made.steps] == [f"write {SITE} (0644 root:root)"]
    assert site.count(f"server_name {NAME};") == 2
    assert "server 127.0.0.1:8000 max_fails=0;" in site
    assert [line.split()[0] for line in made.afterwards] == ["journalctl"]
    assert plan.make(machine, Wish()).afterwards == ()


def test_certbot_is_named_where_it_is_missing(tmp_path: Path) -> None:
    made = plan.make(make_image(tmp_path / "image", "nginx"), Wish(NAME))
    assert made.afterwards[0] == "apt-get install --yes certbot"


def test_caddy_is_told_at_once_and_its_first_file_is_kept(tmp_path: Path) -> None:
    machine = make_image(tmp_path / "image", "caddy")
    first = machine.at(CADDY.file)
    first.parent.mkdir()
    first.write_text("# As Debian has it.\n:80 {\n\troot * /usr/share/caddy\n\tfile_server\n}\n")
    before = first.read_text()
    made, _ = carry_out(machine)
    assert f"{NAME} {{" in first.read_text()
    assert machine.at(steps.KEPT + CADDY.file).read_text() == before
    assert [line.split()[0] for line in made.afterwards] == ["journalctl"]
    assert plan.make(machine, Wish()).steps == ()


@pytest.mark.parametrize("proxy", ["", "caddy"])
def test_a_file_with_sites_of_others_is_left_to_the_owner(tmp_path: Path, proxy: str) -> None:
    machine = make_image(tmp_path / "image", "caddy")
    theirs = machine.at(CADDY.file)
    theirs.parent.mkdir()
    theirs.write_text(":80 {\n\tfile_server\n}\nblog.example.org {\n\troot * /srv/blog\n}\n")
    with pytest.raises(UserError, match="has sites of its own"):
        plan.make(machine, Wish(NAME, proxy))
    carry_out(machine, proxy=proxies.NONE)
    assert "blog.example.org" in theirs.read_text()


def test_of_two_proxies_one_has_to_be_named_once(tmp_path: Path) -> None:
    machine = make_image(tmp_path / "image", "nginx", "caddy", "certbot")
    with pytest.raises(UserError, match="--proxy nginx or --proxy caddy"):
        plan.make(machine, Wish(NAME))
    carry_out(machine, proxy="caddy")
    assert plan.make(machine, Wish()).steps == ()


def test_with_a_proxy_of_the_owners_own_none_is_written(machine: Machine) -> None:
    certify(machine)
    made, _ = carry_out(machine, proxy=proxies.NONE)
    assert not machine.has(SITE)
    assert [line.split()[0] for line in made.afterwards] == ["journalctl"]


def test_the_grown_shape_has_its_settings_ports_and_unit(tmp_path: Path) -> None:
    machine = make_image(tmp_path / "image", "nginx", "certbot", "postgresql", "redis")
    certify(machine)
    carry_out(machine, grown=True)
    given = settings_of(machine)
    assert (given["DATABASE_URL"], given["REDIS_URL"]) == (
        "postgres:////var/run/postgresql/sdmpweb",
        "redis://127.0.0.1:6379/0",
    )
    target = machine.at("/etc/systemd/system/sdmpweb-grown.target").read_text()
    for port in (8001, 8002):
        assert f"server 127.0.0.1:{port} max_fails=0;" in machine.at(SITE).read_text()
        assert f"sdmpweb-web@{port}.service" in target
    assert machine.has(f"{ENABLED}sdmpweb-grown.target")
    assert not machine.has(f"{ENABLED}sdmpweb.service")
    assert plan.make(machine, Wish()).steps == ()


def test_one_shape_takes_the_place_of_the_other(machine: Machine) -> None:
    carry_out(machine)
    with machine.at(owner_settings.FILE).open("a") as file:
        file.write("DATABASE_URL=postgres:///elsewhere\nREDIS_URL=redis://127.0.0.1\n")
    carry_out(machine)
    enabled = [path.name for path in machine.at(ENABLED).iterdir()]
    assert enabled == ["sdmpweb-grown.target"]


def test_what_the_owner_has_set_stays(machine: Machine) -> None:
    file = machine.at(owner_settings.FILE)
    file.parent.mkdir()
    file.write_text(f"# mine\nSDMPWEB_URL=https://{NAME}\nSDMPWEB_PORT=8010")
    certify(machine)
    made, told = carry_out(machine, name="")
    lines = [step.missing(machine) for step in plan.make(machine, Wish()).steps]
    assert (lines, told) == ([], [])
    assert file.read_text() == (
        f"# mine\nSDMPWEB_URL=https://{NAME}\nSDMPWEB_PORT=8010\nSDMPWEB_PROXIES=127.0.0.1\n"
    )
    assert "server 127.0.0.1:8010 max_fails=0;" in machine.at(SITE).read_text()
    [added] = [step for step in made.steps if isinstance(step, File) and step.added]
    assert added.added == "SDMPWEB_PROXIES"


def test_an_upgrade_brings_units_up_to_date_and_keeps_the_old(machine: Machine) -> None:
    carry_out(machine)
    shipped = machine.at(UNIT).read_bytes()
    machine.at(UNIT).write_text("[Service]\nExecStart=/old\n")
    made = plan.make(machine, Wish())
    assert [step.missing(machine) for step in made.steps] == [
        f"replace {UNIT}, which differs; what it is now is kept in {steps.KEPT}"
    ]
    assert made.afterwards[0] == "systemctl restart sdmpweb"
    made.carry_out(machine, print)
    assert machine.at(UNIT).read_bytes() == shipped
    assert machine.at(steps.KEPT + UNIT).read_text() == "[Service]\nExecStart=/old\n"
    machine.at(UNIT).write_text("another one")
    carry_out(machine)
    assert machine.at(f"{steps.KEPT}{UNIT}~").read_text() == "another one"
    assert machine.at(steps.KEPT + UNIT).read_text() == "[Service]\nExecStart=/old\n"
    assert plan.make(machine, Wish()).steps == ()


@pytest.mark.parametrize(
    "name",
    ["mail", "https://mail.example.org", "mail.example.org/", "a b.org", "-a.org", "192.0.2.1",
     "mail.example.org;", "mäil.example.org", "x.org\n", "a" * 64 + ".org"],
)  # fmt: skip
def test_a_wrong_name_is_refused(machine: Machine, name: str) -> None:
    before = everything(machine)
    with pytest.raises(UserError, match=r"host name such as mail\.example\.org"):
        plan.make(machine, Wish(name))
    assert everything(machine) == before


def test_a_name_is_needed_once_and_never_changed(machine: Machine) -> None:
    with pytest.raises(UserError, match="Say by which name"):
        plan.make(machine, Wish())
    carry_out(machine)
    assert plan.make(machine, Wish(NAME.upper())).steps == ()
    with pytest.raises(UserError, match=f"says https://{NAME} and not https://other.example"):
        plan.make(machine, Wish("other.example"))


def test_settings_that_are_wrong_stop_it(machine: Machine) -> None:
    file = machine.at(owner_settings.FILE)
    file.parent.mkdir()
    file.write_text("SDMPWEB_PORT=x\n")
    before = everything(machine)
    done = set_up(machine, NAME, "--yes")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("SDMPWEB_PORT must be a whole number")
    assert everything(machine) == before


def test_what_is_missing_on_the_machine_is_said(tmp_path: Path) -> None:
    machine = make_image(tmp_path / "image")
    with pytest.raises(UserError, match="Neither nginx nor Caddy is installed; run `apt-get"):
        plan.make(machine, Wish(NAME))
    with pytest.raises(UserError, match="apt-get install --yes caddy"):
        plan.make(machine, Wish(NAME, "caddy"))
    with pytest.raises(UserError, match="postgresql redis-server"):
        plan.make(machine, Wish(NAME, proxies.NONE, grown=True))
    machine.at(PROGRAMS["sdmpweb"]).unlink()
    with pytest.raises(UserError, match="PIPX_BIN_DIR=/usr/local/bin"):
        plan.make(machine, Wish(NAME, proxies.NONE))


def test_a_node_with_sqlite_grows_when_it_was_moved(tmp_path: Path) -> None:
    machine = make_image(tmp_path / "image", "nginx", "postgresql", "redis")
    carry_out(machine)
    with closing(sqlite3.connect(machine.at("/var/lib/sdmpweb/sdmpweb.sqlite3"))) as database:
        with pytest.raises(UserError, match="move it to PostgreSQL first"):
            plan.make(machine, Wish(grown=True))
        database.execute(f"CREATE TABLE {moved.TABLE} (way text, move text, node text, place text)")
        add = f"INSERT INTO {moved.TABLE} VALUES (?, 'move', 'node', ?)"
        for way, place in (("from", owner_settings.DATABASE), ("to", "postgres://elsewhere/node")):
            database.execute(add, [way, place])
            database.commit()
            with pytest.raises(UserError, match="move it to PostgreSQL first"):
                plan.make(machine, Wish(grown=True))
            database.execute(f"DELETE FROM {moved.TABLE}")
        database.execute(add, ["to", owner_settings.DATABASE])
        database.commit()
    for given in ("REDIS_URL=\n", f"REDIS_URL={owner_settings.REDIS}\n", "DATABASE_URL=\n"):
        file = machine.at(owner_settings.FILE)
        before = file.read_text()
        file.write_text(before + given)
        old = machine.at("/var/lib/sdmpweb/sdmpweb.sqlite3").rename(tmp_path / "old")
        machine.at("/var/lib/sdmpweb/sdmpweb.sqlite3").touch()
        with pytest.raises(UserError, match="move it to PostgreSQL first"):
            plan.make(machine, Wish(grown=True))
        old.rename(machine.at("/var/lib/sdmpweb/sdmpweb.sqlite3"))
        file.write_text(f"{before}DATABASE_URL=sqlite:////var/lib/sdmpweb/back.sqlite3\n")
        with pytest.raises(UserError, match="move it to PostgreSQL first"):
            plan.make(machine, Wish(grown=True))
        file.write_text(before)
    carry_out(machine, grown=True)
    wanted = machine.at("/etc/systemd/system/multi-user.target.wants")
    assert [each.name for each in wanted.iterdir()] == ["sdmpweb-grown.target"]


def test_a_node_that_was_moved_elsewhere_grows_there(tmp_path: Path) -> None:
    machine = make_image(tmp_path / "image", "nginx", "redis")
    carry_out(machine)
    machine.at("/var/lib/sdmpweb/sdmpweb.sqlite3").touch()
    with machine.at(owner_settings.FILE).open("a") as file:
        file.write("DATABASE_URL=postgres://db.example.org/node\n")
    carry_out(machine, grown=True)
    given = settings_of(machine)
    assert given["DATABASE_URL"] == "postgres://db.example.org/node"
    assert given["REDIS_URL"] == owner_settings.REDIS


def test_an_empty_setting_is_a_missing_one(machine: Machine) -> None:
    file = machine.at(owner_settings.FILE)
    file.parent.mkdir()
    file.write_text("SDMPWEB_URL=\nSDMPWEB_PROXIES=")
    made, _ = carry_out(machine)
    assert settings_of(machine)["SDMPWEB_URL"] == f"https://{NAME}"
    assert made.url == f"https://{NAME}"
    assert any(line.endswith(f" -d {NAME}") for line in made.afterwards)


def test_a_passphrase_goes_into_no_log(machine: Machine) -> None:
    done = set_up(machine, NAME, "--yes")
    assert done.returncode == 0
    passphrase = settings_of(machine)["SDMPWEB_BACKUP_PASSPHRASE"]
    assert passphrase
    assert passphrase not in done.stdout + done.stderr
    assert f"the passphrase in {owner_settings.FILE}" in done.stdout


def test_a_step_that_fails_ends_it_with_a_sentence_and_the_next_run_goes_on(
    machine: Machine,
) -> None:
    in_the_way = machine.at("/usr/local/bin/sdmpweb-node")
    in_the_way.mkdir()
    done = set_up(machine, NAME, "--yes")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert f"{in_the_way} cannot be read: Is a directory." in done.stderr
    in_the_way.rmdir()
    made = plan.make(machine, Wish(NAME))
    machine.at("/etc/systemd").write_text("a file where a directory has to be")
    told: list[str] = []
    with pytest.raises(UserError, match=r"/sdmpweb-beat\.service cannot be read: Not a dir"):
        made.carry_out(machine, told.append)
    assert settings_of(machine)["SDMPWEB_BACKUP_PASSPHRASE"] in told[0]
    assert not list(machine.root.rglob(".*sdmpweb-setup"))
    machine.at("/etc/systemd").unlink()
    made, told = carry_out(machine)
    assert told == []
    assert owner_settings.FILE not in {s.path for s in made.steps if isinstance(s, File)}
    assert plan.make(machine, Wish()).steps == ()


def test_where_there_is_no_room_nothing_is_left(machine: Machine) -> None:
    done = set_up(machine, NAME, "--yes", under=("prlimit", "--fsize=100"))
    file = machine.at(owner_settings.FILE)
    assert (done.returncode, done.stderr) == (1, f"{file} cannot be written: File too large.\n")
    assert "encrypted under" not in done.stdout
    assert list(file.parent.iterdir()) == []


def test_a_file_that_changes_while_the_owner_thinks_is_left_alone(machine: Machine) -> None:
    carry_out(machine)
    machine.at(UNIT).write_text("older")
    made = plan.make(machine, Wish())
    machine.at(UNIT).write_text("newer")
    with pytest.raises(UserError, match="has changed meanwhile"):
        made.carry_out(machine, print)
    assert machine.at(UNIT).read_text() == "newer"


def test_on_a_machine_that_runs_all_is_started(booted: Booted, tmp_path: Path) -> None:
    certify(booted)
    carry_out(booted, proxy="nginx")
    assert calls(tmp_path) == [
        "systemctl daemon-reload",
        "systemctl enable --now sdmpweb.service",
        "nginx -t",
        "systemctl reload-or-restart nginx",
    ]


def test_the_database_is_made_where_there_is_none(booted: Booted, tmp_path: Path) -> None:
    has = "case $* in *pg_database*) echo postgres;; *) echo postgres; echo sdmpweb;; esac"
    program(tmp_path, "runuser", has)
    made = plan.make(booted, Wish(NAME, "caddy", grown=True))
    lines = [step.missing(booted) for step in made.steps]
    assert lines[lines.index("run systemctl daemon-reload") + 1 :] == [
        "run runuser -u postgres -- createdb --encoding UTF8 --template template0 "
        "--owner sdmpweb sdmpweb",
        "run systemctl enable --now sdmpweb-grown.target",
        "wait until the node answers at port 8001",
        "wait until the node answers at port 8002",
        f"write {CADDY.file} (0644 root:root)",
        "run systemctl reload-or-restart caddy",
    ]


def test_a_node_that_does_not_answer_is_told_of(
    booted: Booted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "SECONDS_TO_START", 0.3)
    settings = booted.at(owner_settings.FILE)
    port = int(settings.read_text().partition("=")[2])
    settings.write_text(f"SDMPWEB_PORT={free_port()}\n")
    with pytest.raises(
        UserError, match=r"does not answer at port \d+; `journalctl --unit sdmpweb`"
    ):
        carry_out(booted, proxy="nginx")
    settings.write_text(re.sub(r"PORT=\d+", f"PORT={port}", settings.read_text()))
    made, _ = carry_out(booted, proxy="nginx")
    assert made.steps[-1].missing(booted) == f"wait until the node answers at port {port}"


def test_what_a_program_says_is_passed_on_and_the_next_run_goes_on(
    booted: Booted, tmp_path: Path
) -> None:
    certify(booted)
    program(tmp_path, "nginx", "echo '[warn] old' >&2; echo '[emerg] no host' >&2; exit 1")
    with pytest.raises(UserError, match=r"^`nginx -t` failed: \[emerg\] no host; mend that and "):
        carry_out(booted, proxy="nginx")
    assert not booted.has(SITE)
    program(tmp_path, "nginx", "")
    made = plan.make(booted, Wish(proxy="nginx"))
    assert [step.missing(booted) for step in made.steps][-2:] == [
        f"write {SITE} (0644 root:root)",
        "run systemctl reload-or-restart nginx",
    ]


@pytest.mark.parametrize("fails", ["daemon-reload", "enable", "reload-or-restart"])
def test_programs_that_were_not_told_are_told_by_the_next_run(
    booted: Booted, tmp_path: Path, fails: str
) -> None:
    """As after a kill: the files are there, and whoever reads them does not know."""
    certify(booted)
    program(tmp_path, "systemctl", f'[ "$1" != {fails} ] || exit 1')
    with pytest.raises(UserError, match=f"^`systemctl {fails}.*ended with status 1; mend"):
        carry_out(booted, proxy="nginx")
    program(tmp_path, "systemctl", "")
    (tmp_path / "calls").unlink()
    made, _ = carry_out(booted, proxy="nginx")
    assert [line for line in calls(tmp_path) if line.startswith("systemctl")] == [
        "systemctl daemon-reload",
        "systemctl enable --now sdmpweb.service",
        "systemctl reload-or-restart nginx",
    ]
    assert made.afterwards[-1].startswith("journalctl")
    booted.at(f"{ENABLED}sdmpweb.service").parent.mkdir()
    booted.at(f"{ENABLED}sdmpweb.service").touch()
    assert plan.make(booted, Wish(proxy="nginx")).steps == ()


def test_without_systemd_it_is_refused(booted: Booted) -> None:
    booted.at("/run/systemd/system").rmdir()
    with pytest.raises(UserError, match="systemd does not run on this machine"):
        plan.make(booted, Wish(NAME, proxies.NONE))


@pytest.mark.parametrize("before", [None, b"as it was"])
def test_a_file_that_its_program_refuses_is_put_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: bytes | None
) -> None:
    """On this machine itself, since programs are run on no other."""
    monkeypatch.setattr(steps, "KEPT", str(tmp_path / "kept"))
    place = tmp_path / "site.conf"
    if before is not None:
        place.write_bytes(before)
    own = place.parent.stat()
    rights = Rights(0o644, pwd.getpwuid(own.st_uid).pw_name, grp.getgrgid(own.st_gid).gr_name)
    refuses = ("sh", "-c", "echo 'warn: well' >&2; echo '[emerg] no such host' >&2; exit 1")
    file = File(str(place), b"new", rights, before, check=refuses)
    with pytest.raises(UserError, match=r"failed: \[emerg\] no such host; mend that"):
        file.do(Machine(Path("/")))
    assert (place.read_bytes() if place.exists() else None) == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_who_is_not_root_is_told_so() -> None:
    was = os.geteuid()
    if was == 0:
        os.seteuid(65534)
    try:
        with pytest.raises(UserError, match="run this as root"):
            call_command("setup", NAME)
    finally:
        os.seteuid(was)
