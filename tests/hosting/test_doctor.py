"""What the doctor says of each thing that can be wrong, and of those that are right."""

from __future__ import annotations

import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from hosting import beats, doctor, runs, schedule
from hosting.checkup import calls, doors, machine, services
from hosting.checkup.calls import Called
from hosting.checkup.doors import Door
from hosting.checkup.lines import Line, in_need, read_line
from hosting.models import Beat, Run
from hosting.work import WORK
from journal import callback
from mail import selfcheck
from nodes.own_door import Seen
from nodes.peers import get_peer, note_called, note_contact, take_lease
from tests.mail.conftest import House
from tests.mail.conftest import house as house
from tests.support.cast import DESK
from tests.support.services import Redis

HERE = "mail.example.org:8000"
WSS = "wss://mail.example.org/sdmp"
WEB = "https://mail.example.org"
SEEN = Seen("mail.example.org", "https", "public")
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FINE = Line("clock", "ok", "Clock", "It ticks.")


# --- A peer calls back ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("called", "address", "state", "words"),
    [
        (Called("attic", "public"), HERE, "ok", "attic called mail.example.org:8000 from outside"),
        (Called("attic", "private"), HERE, "warn", "only your own network was seen to reach it"),
        (Called("attic", "loopback"), "10.0.0.5:1", "ok", "only your own network was seen"),
        (Called(), HERE, "unknown", "No trusted peer is in contact"),
        (Called(), "", "unknown", "has published no address"),
        (Called(asked=("attic", "box")), HERE, "bad", "attic and box was asked"),
        (Called(asked=("attic",), went_on=True), HERE, "unknown", "did not end"),
    ],
)
def test_calls(called: Called, address: str, state: str, words: str) -> None:
    line = calls.check_call(called, address)
    assert line.state == state
    assert words in line.sentence
    assert bool(line.todo) == (state in ("warn", "bad"))


def _ask_back(address: str = HERE) -> Called:
    return calls.ask_back(address, lambda: None)


def test_a_call_of_just_now_is_as_good(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "_SECONDS_TO_BE_IN_CONTACT", 0)
    monkeypatch.setattr(callback, "address_since", lambda: timezone.now() - _DAY)
    get_peer(DESK.fingerprint)
    assert _ask_back() == Called()
    note_called(DESK.fingerprint, "public", timezone.now())
    assert _ask_back().reach == "public"
    note_called(DESK.fingerprint, "public", timezone.now() - timedelta(minutes=6))
    assert _ask_back() == Called()
    # One from nearby is not, where the address promises more.
    note_called(DESK.fingerprint, "loopback", timezone.now())
    assert _ask_back() == Called()
    assert _ask_back("127.0.0.1:8000").reach == "loopback"


def test_a_call_at_an_earlier_address_does_not_count(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "_SECONDS_TO_BE_IN_CONTACT", 0)
    note_called(DESK.fingerprint, "public", timezone.now())
    later = timezone.now() + timedelta(seconds=1)
    monkeypatch.setattr(callback, "address_since", lambda: later)
    assert _ask_back() == Called()


def test_who_does_not_call_is_named_and_called_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callback, "address_since", lambda: timezone.now() - _DAY)
    monkeypatch.setattr(callback, "PATIENCE", timedelta(seconds=1))
    peer = get_peer(DESK.fingerprint)
    monkeypatch.setattr(callback, "peers_in_contact", lambda _: [peer])
    take_lease(DESK.fingerprint, "somebody", timezone.now())
    note_contact(DESK.fingerprint, timezone.now())
    called = _ask_back()
    assert called.asked == (DESK.fingerprint[:12],)
    assert not called.went_on
    peer.refresh_from_db()
    assert peer.next_attempt <= timezone.now()


# --- The node calls its own door --------------------------------------------------------------


@pytest.mark.parametrize(
    ("door", "called", "state", "words"),
    [
        (Door(WSS, seen=SEEN), Called(), "ok", "comes through to this node"),
        (Door(WSS), Called(), "bad", "Something else than this node answers"),
        (Door(WSS, error="Nothing listens."), Called(), "bad", "No WebSocket opens"),
        (Door(WSS, error="Nothing."), Called("attic", "public"), "unknown", "could from outside"),
        (Door(WSS, error="Nothing."), Called("attic", "loopback"), "bad", "No WebSocket opens"),
    ],
)
def test_doors(door: Door, called: Called, state: str, words: str) -> None:
    line = doors.check_doors([door], called)
    assert (line.state, words in line.sentence) == (state, True), line
    assert bool(line.todo) == (state == "bad")


def test_without_an_address_there_is_no_door() -> None:
    assert doors.check_doors([], Called()).state == "unknown"


@pytest.mark.parametrize(
    ("seen", "proxies", "state", "words"),
    [
        (SEEN, "127.0.0.1", "ok", "passes on name"),
        (SEEN, "", "warn", "believes no proxy"),
        (Seen("mail.example.org", "http", "public"), "127.0.0.1", "bad", "X-Forwarded-Proto"),
        (Seen("127.0.0.1:8000", "https", "public"), "127.0.0.1", "bad", "127.0.0.1:8000"),
    ],
)
def test_proxies(seen: Seen, proxies: str, state: str, words: str) -> None:
    line = doors.check_proxy([Door(WSS, seen=seen)], WEB, proxies)
    assert line is not None
    assert (line.state, words in line.sentence) == (state, True), line


def test_no_proxy_is_judged_where_there_is_none() -> None:
    assert doors.check_proxy([Door("ws://h:8000/sdmp", seen=SEEN)], "http://h:8000", "") is None
    assert doors.check_proxy([Door(WSS, error="Nothing.")], WEB, "") is None


@pytest.mark.parametrize(("days", "state"), [(13, "warn"), (15, "ok"), (None, "unknown")])
def test_certificates(days: int | None, state: str) -> None:
    until = NOW + timedelta(days=days) if days else None
    line = doors.check_tls([Door(WSS, certificate_until=until)], NOW)
    assert line is not None
    assert line.state == state


def test_without_tls_no_certificate_is_judged() -> None:
    assert doors.check_tls([Door("ws://h:8000/sdmp")], NOW) is None


# --- The machine ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "state", "todo"),
    [
        ("CanNTP=yes\nNTP=yes\nNTPSynchronized=yes", "ok", ""),
        ("CanNTP=no\nNTP=no\nNTPSynchronized=yes", "ok", ""),  # something else sets it
        ("CanNTP=yes\nNTP=no\nNTPSynchronized=no", "warn", "timedatectl set-ntp true"),
        ("CanNTP=yes\nNTP=yes\nNTPSynchronized=no", "warn", "UDP port 123"),
        ("CanNTP=no\nNTP=no\nNTPSynchronized=no", "warn", "apt install systemd-timesyncd"),
        ("", "unknown", ""),
        (None, "unknown", ""),
    ],
)
def test_clock(
    said: str | None, state: str, todo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """systemd as it answers, in a machine without it as in a container."""
    monkeypatch.setenv("PATH", str(tmp_path))
    if said is not None:
        program = tmp_path / "timedatectl"
        program.write_text(f"#!/bin/sh\n[ $1 = show ] && /bin/echo '{said}'\n")
        program.chmod(0o755)
    line = machine.check_clock(FINE, NOW, machine.look_at_ntp())
    assert line.state == state
    assert todo in line.todo
    assert bool(todo) == bool(line.todo)


def test_a_clock_that_is_behind_is_bad_whatever_sets_it() -> None:
    behind = Line("clock", "bad", "Clock", "It is behind.", "Set it.")
    assert machine.check_clock(behind, NOW, "set") == behind


def test_others_may_open_neither_directory_nor_secret(tmp_path: Path) -> None:
    file = tmp_path / "web.secret"
    file.write_text("secret")
    tmp_path.chmod(0o700)
    file.chmod(0o600)
    assert machine.check_private(FINE, [tmp_path, file, tmp_path / "none"]) == FINE
    file.chmod(0o640)
    line = machine.check_private(FINE, [tmp_path, file])
    assert line.state == "bad"
    assert line.todo == f"Run “chmod 600 {file}”."
    file.chmod(0o600)
    tmp_path.chmod(0o755)
    assert "chmod 700" in machine.check_private(FINE, [tmp_path, file]).todo
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755  # looked at, and left alone


@pytest.mark.parametrize("which", ["node.secret", "web.secret", "elsewhere", ""])
def test_secrets_that_others_may_read_are_found(
    house: House, settings: Any, tmp_path: Path, which: str
) -> None:
    for name in ("node.secret", "web.secret", "elsewhere"):
        (tmp_path / name).write_bytes(b"x" * 32)
        (tmp_path / name).chmod(0o600)
    tmp_path.chmod(0o700)
    settings.DATA, settings.NODE_SECRET_FILE = tmp_path, tmp_path / "node.secret"
    given = tmp_path / "elsewhere" if which == "elsewhere" else None
    settings.VALUES = {**settings.VALUES, "SDMPWEB_WEB_SECRET": given}
    assert machine.look_at_secrets().state == "ok"
    (tmp_path / which).chmod(0o755 if not which else 0o640)
    line = machine.look_at_secrets()
    assert (line.slug, line.state) == ("secret", "bad")
    assert f"chmod {'600' if which else '700'} {tmp_path / which}".rstrip("/") in line.todo


def test_versions() -> None:
    good = {"Python": (3, 11), "Django": (5, 2, 1), "PostgreSQL": (15, 4)}
    line = machine.check_versions(good)
    assert line.state == "ok"
    assert "PostgreSQL 15.4" in line.sentence
    line = machine.check_versions({**good, "Redis": (5, 0)})
    assert line.state == "bad"
    assert line.sentence == "Redis 5.0 is older than what sdmpweb runs on."
    assert line.todo == "Install Redis 6.2 or newer."


@pytest.mark.django_db
def test_versions_of_what_runs_here() -> None:
    found = machine.find_versions("7.0.15")
    assert found["Redis"] == (7, 0, 15)
    assert {"Python", "Django", "SQLite"} <= found.keys()
    assert machine.check_versions(found).state == "ok"


# --- What a node consists of ------------------------------------------------------------------


@pytest.mark.django_db
def test_the_database_is_up_to_date() -> None:
    assert services.look_at_database().state == "ok"


@pytest.mark.django_db
def test_a_database_of_a_later_version_is_told() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES (%s, %s, %s)",
            ["mail", "9999_later", timezone.now()],
        )
    line = services.look_at_database()
    assert line.state == "bad"
    assert "newer version of sdmpweb (in “mail”)" in line.sentence


def test_a_database_that_is_behind_is_told() -> None:
    line = services.check_tables("sqlite", 2, [])
    assert line.state == "warn"
    assert "2 changes" in line.sentence


def test_broker(redis_server: Redis, settings: Any) -> None:
    assert services.check_broker(services.ask_broker()).state == "ok"  # embedded: there is none
    settings.GROWN = True
    settings.REDIS_URL = redis_server.url(15)
    found = services.ask_broker()
    assert found is not None
    assert found.version
    assert services.check_broker(found).state == "ok"
    settings.REDIS_URL = "redis://:a-password@127.0.0.1:1/0"
    line = services.check_broker(services.ask_broker())
    assert line.state == "bad"
    assert "a-password" not in line.sentence
    assert services.check_broker(services.Broker("7.0", 5000)).state == "warn"


@pytest.mark.parametrize(
    ("name", "grown", "command"),
    [
        (beats.WEB, True, "sdmpweb web"),
        (beats.WORKER, True, "sdmpweb worker"),
        (beats.SCHEDULE, True, "sdmpweb beat"),
        (beats.SCHEDULE, False, "sdmpweb up"),
    ],
)
def test_a_process_that_is_not_seen(name: str, grown: bool, command: str) -> None:
    for last in (None, NOW - timedelta(hours=1)):
        line = services.check_process(name, [], last, NOW, grown=grown)
        assert line.state == "bad"
        assert command in line.todo
    living = [Beat(name=name, process="a:1", seen=NOW - timedelta(seconds=3))]
    line = services.check_process(name, living, NOW, NOW, grown=grown)
    assert line.state == "ok"
    assert "One is alive, seen 3 seconds ago" in line.sentence
    # Of a node that is one process, another one was killed a moment ago.
    line = services.check_process(name, living * 2, NOW, NOW, grown=grown)
    assert line.sentence.startswith("2 are alive" if grown else "One is alive")


@pytest.mark.parametrize(
    ("free", "state", "words"),
    [
        (None, "unknown", "on db.example, whose disk cannot be seen from here"),
        (50 * 10**9, "ok", "50.0 GB are free for it"),
        (10**9, "warn", "1.0 GB are free for it"),
    ],
)
def test_the_disk_of_a_database_that_has_its_own(free: int | None, state: str, words: str) -> None:
    line = services.check_room(2_500_000_000, "db.example", free)
    assert (line.slug, line.state) == ("database_disk", state)
    assert "2.5 GB" in line.sentence
    assert words in line.sentence
    assert bool(line.todo) == (state == "warn")


@pytest.mark.django_db
def test_sqlite_lies_on_the_disk_of_the_data() -> None:
    assert services.look_at_room() is None


@pytest.mark.django_db
def test_beats_come_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beats, "_noted", {})
    beats.note(beats.WORKER)
    beats.note(beats.WORKER)
    [row] = Beat.objects.all()
    assert row.process == beats.process()
    now = timezone.now()
    assert beats.alive(now)[beats.WORKER] == [row]
    assert beats.alive(now + timedelta(seconds=61))[beats.WORKER] == []
    assert beats.last_seen(beats.WORKER) == row.seen
    Beat.objects.create(name=beats.WEB, process="gone:1", seen=now - timedelta(days=2))
    monkeypatch.setattr(beats, "_noted", {})
    beats.note(beats.WORKER)
    assert list(Beat.objects.values_list("name", flat=True)) == [beats.WORKER]


# --- All of it --------------------------------------------------------------------------------


def _do(kind: str) -> Run:
    run = runs.ask(kind, "alice")
    runs.do_asked("a process", WORK)
    run.refresh_from_db()
    return run


def test_a_run_leaves_its_lines(house: House, make_processes: Callable[[], None]) -> None:
    make_processes()
    run = _do(Run.Kind.DOCTOR)
    lines = {line.slug: line for line in doctor.lines_of(run)}
    # This node has no address, and is not backed up.
    assert [slug for slug, line in lines.items() if line in in_need([line])] == [
        "address",
        "backups",
    ]
    assert run.outcome == Run.Outcome.BAD
    assert run.words == "2 lines say what to do."
    assert lines["call"].state == lines["websocket"].state == "unknown"
    assert run.done == run.total
    assert all(read_line(line.to_json()) == line for line in lines.values())


def test_lines_are_in_the_language_of_who_asks(
    house: House, make_processes: Callable[[], None]
) -> None:
    make_processes()
    house.alice.language = "de"
    house.alice.save()
    run = _do(Run.Kind.DOCTOR)
    assert "Adresse" in {line.title for line in doctor.lines_of(run)}


def test_a_check_that_no_worker_takes_up_says_so(
    house: House, make_processes: Callable[[], None]
) -> None:
    make_processes()
    run = runs.ask(Run.Kind.DOCTOR)
    assert runs.take(run, "a command", timezone.now())
    run.refresh_from_db()
    runs.do(run, "a command", doctor.work_here)
    lines = {line.slug: line for line in doctor.lines_of(run)}
    assert lines["worker"].state == "bad"
    assert lines["schedule"].state == "ok"
    assert "call" not in lines


def test_a_worker_that_is_at_other_long_work_is_not_blamed(
    house: House, make_processes: Callable[[], None]
) -> None:
    make_processes()
    assert runs.take(runs.ask(Run.Kind.STORAGE), "a worker", timezone.now())
    run = runs.ask(Run.Kind.DOCTOR)
    assert runs.take(run, "a command", timezone.now())
    run.refresh_from_db()
    runs.do(run, "a command", doctor.work_here)
    [worker] = [line for line in doctor.lines_of(run) if line.slug == "worker"]
    assert worker.state == "unknown"
    assert "Other long work goes on" in worker.sentence


def test_without_a_running_node_that_comes_first(house: House) -> None:
    lines = doctor.examine_here(running=False)
    assert (lines[0].slug, lines[0].state) == ("node", "bad")
    assert {"clock", "disk", "secret", "versions", "database"} <= {line.slug for line in lines}
    assert beats.WORKER not in {line.slug for line in lines}


@pytest.mark.django_db
def test_before_there_is_a_node_it_ends_all_the_same() -> None:
    lines = {line.slug: line.state for line in doctor.examine()}
    assert lines["call"] == lines["websocket"] == "unknown"
    assert lines["database"] == "ok"


_DAY = timedelta(days=1)


@pytest.fixture
def make_processes(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """All processes have been seen just now, and there is room on the disk."""

    def make() -> None:
        for name in beats.NAMES:
            Beat.objects.update_or_create(name=name, process="here:1")
        monkeypatch.setattr(selfcheck, "LITTLE_SPACE", 0)
        monkeypatch.setattr(selfcheck, "NO_SPACE", 0)
        monkeypatch.setattr(machine, "look_at_ntp", lambda: None)

    return make


@pytest.mark.django_db
def test_a_check_of_before_the_start_is_made_again_when_peers_had_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start = timezone.now()
    monkeypatch.setattr(schedule, "_started", start)
    before = start - timedelta(minutes=5)
    Run.objects.create(kind=Run.Kind.DOCTOR, asked=before, finished=before)

    schedule.ask_for_due(start + timedelta(minutes=1))
    assert runs.current(Run.Kind.DOCTOR) is None
    schedule.ask_for_due(start + timedelta(minutes=3))
    asked = runs.current(Run.Kind.DOCTOR)
    assert asked is not None
    Run.objects.filter(pk=asked.pk).update(finished=timezone.now())
    schedule.ask_for_due(start + timedelta(minutes=4))
    assert runs.current(Run.Kind.DOCTOR) is None
