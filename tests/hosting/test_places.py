"""Where backups lie: directories and fsspec's places, and what is deleted there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from hosting import runs, schedule
from hosting.backup import deeds, places
from hosting.backup.errors import BackupError
from hosting.backup.manifest import Manifest
from hosting.models import Run
from nodes.models import Account, LocalNode, SealedKey
from tests.support import ftp

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 22, 0, tzinfo=UTC)


@pytest.fixture(params=["directory", "memory", "ftp"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A directory, and places that fsspec reaches: one in memory, one on another machine."""
    LocalNode.objects.create(fingerprint="A" * 86, name="A", head_line="A" * 86)
    if request.param == "ftp":
        with ftp.serving(tmp_path) as server:
            yield server.url
    else:
        yield str(tmp_path) if request.param == "directory" else f"memory://{tmp_path.name}"


def _write(place: str, content: bytes = b"content") -> None:
    with places.open_to_write(place) as file:
        file.write(content)


def _read(place: str) -> bytes:
    with places.open_to_read(place) as file:
        return file.read()


def test_files_are_written_whole_or_not_at_all(place: str) -> None:
    name = places.join(place, places.new_name(NOW))
    with pytest.raises(ZeroDivisionError), places.open_to_write(name) as file:
        file.write(b"half" * (1 // 0))
    assert places.listed(place) == []
    _write(name)
    with places.open_to_read(name) as file:
        assert file.read() == b"content"
    with pytest.raises(BackupError, match="exists already"):
        _write(name, b"another")
    assert [each.bytes for each in places.listed(place)] == [7]


def test_rotation_deletes_only_what_is_ours(place: str) -> None:
    days = [NOW - timedelta(days=day) for day in range(5)]
    for day in days:
        _write(places.join(place, places.new_name(day)))
    others = ["sdmpweb-00000000-20200101T000000Z.age", "notes.txt", f"{places.new_name(NOW)}.old"]
    for name in others:
        _write(places.join(place, name))
    assert len(places.rotate(place, 2)) == 3
    assert [each.made for each in places.listed(place)] == days[:2]
    for name in others:
        with places.open_to_read(places.join(place, name)) as file:
            assert file.read()


def test_backups_of_a_key_that_the_node_had_are_its_own(place: str) -> None:
    """Restored, or with a renewed key, a node names new backups otherwise and goes on with all."""
    days = [NOW - timedelta(days=day) for day in range(4)]
    node = LocalNode.objects.get()
    SealedKey.objects.create(fingerprint=node.fingerprint, sealed=b"")
    for day in days[2:]:
        _write(places.join(place, places.new_name(day)))
    left = places._part("house.age", NOW if places.is_url(place) else None)
    _put(place, left)
    node.fingerprint = "B" * 86
    node.save()
    SealedKey.objects.create(fingerprint=node.fingerprint, sealed=b"")
    for day in days[:2]:
        _write(places.join(place, places.new_name(day)))
    assert len({each.name.partition("-2")[0] for each in places.listed(place)}) == 2
    assert [each.made for each in places.listed(place)] == days
    if places.is_url(place):
        assert places.clear_leftovers(place, NOW + timedelta(days=2)) == [left]
    assert left not in _names(place)
    assert len(places.rotate(place, 1)) == 3
    assert [each.made for each in places.listed(place)] == days[:1]


def test_what_killed_ones_left_goes_with_the_next(place: str) -> None:
    """Of this node alone, and not what somebody still writes."""
    later = NOW + timedelta(days=2)
    mine = places._part("house.age", NOW if places.is_url(place) else None)
    others = [
        ".house.age.part",
        ".house.age.sdmpweb-00000000-20200101T000000Z.part",
        mine.removeprefix("."),
        mine.removesuffix(".part"),
    ]
    for name in (mine, *others):
        _put(place, name)
    with places.open_to_write(places.join(place, "next.age")) as file:
        file.write(b"content")
        if not places.is_url(place):
            assert places.clear_leftovers(place, later) == []
    if places.is_url(place):  # it may be written on another machine
        assert mine in _names(place)
        assert places.clear_leftovers(place, later) == [mine]
    assert _names(place) == sorted(["next.age", *others])


def test_a_directory_of_this_machine_is_looked_through_by_the_schedule(
    tmp_path: Path, settings: Any
) -> None:
    LocalNode.objects.create(fingerprint="A" * 86, name="A", head_line="A" * 86)
    settings.BACKUP_TO, settings.DATA = str(tmp_path / "kept"), tmp_path
    left = []
    for directory in (tmp_path / "kept", tmp_path / "snapshots"):
        directory.mkdir()
        left.append(directory / places._part("before"))
        left[-1].touch()
    schedule.ask_for_due(NOW)
    assert not any(path.exists() for path in left)


def test_places_that_end_with_the_process_are_refused(settings: Any) -> None:
    settings.BACKUP_PASSPHRASE = "a passphrase of nine words"
    for place in ("memory://x", "simplecache::memory://x/y.age"):
        with pytest.raises(BackupError, match="ends with this process"):
            deeds.back_up(place, "a passphrase of nine words", lambda done, total: None)
        settings.BACKUP_TO = place
        assert "name another place" in deeds.why_not()
    settings.BACKUP_TO = "/srv/memory"
    assert deeds.why_not() == ""


class Denied(Exception):
    """As `botocore` and `paramiko` have them: none of Python's own."""


class Unwilling(MemoryFileSystem):  # type: ignore[misc]
    """A place elsewhere that refuses whatever its host names."""

    protocol = "unwilling"
    store: ClassVar[dict[str, Any]] = {}
    cachable = False
    _deeds = ("reach", "info", "open", "write", "close", "mv", "ls", "read", "rm_file")

    def __init__(self, **_: Any) -> None:
        super().__init__()
        self.deny("reach")

    refused: ClassVar[str] = ""

    @classmethod
    def deny(cls, deed: str) -> None:
        if cls.refused == deed:
            raise Denied("AKIA-geheim may not do that")

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return "/" + path.partition("://")[2].partition("/")[2] if "://" in path else path

    def info(self, path: str, **more: Any) -> Any:
        self.deny("info")
        return super().info(path, **more)

    def ls(self, path: str, detail: bool = True, **more: Any) -> Any:
        self.deny("ls")
        return super().ls(path, detail, **more)

    def mv(self, path1: str, path2: str, **more: Any) -> None:
        self.deny("mv")
        super().mv(path1, path2, **more)

    def rm_file(self, path: str) -> None:
        self.deny("rm_file")
        super().rm_file(path)

    def _open(self, path: str, mode: str = "rb", **more: Any) -> Any:
        self.deny("open")
        file = super()._open(path, mode, **more)
        for deed in ("read", "write", "close"):
            setattr(file, deed, self._denying(deed, getattr(file, deed)))
        return file

    def _denying(self, deed: str, do: Callable[..., Any]) -> Callable[..., Any]:
        def deny(*arguments: Any) -> Any:
            self.deny(deed)
            return do(*arguments)

        return deny


@pytest.mark.parametrize("deed", Unwilling._deeds)
def test_whatever_is_raised_elsewhere_is_one_sentence(
    deed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsspec.register_implementation("unwilling", Unwilling, clobber=True)
    monkeypatch.setattr(Unwilling, "store", {})
    LocalNode.objects.create(fingerprint="A" * 86, name="A", head_line="A" * 86)
    place = "unwilling://key:geheim@there/house"
    name = places.join(place, places.new_name(NOW))
    if deed in ("ls", "read", "rm_file"):
        _write(name)
    monkeypatch.setattr(Unwilling, "refused", deed)
    do: dict[str, Callable[[], object]] = {
        "read": lambda: _read(name),
        "ls": lambda: places.listed(place),
        "rm_file": lambda: places.rotate(place, 0),
    }
    with pytest.raises(BackupError) as caught:
        do.get(deed, lambda: _write(name))()
    said = str(caught.value)
    assert said.startswith("unwilling://there/house")
    assert said.endswith(": Denied.")
    assert "geheim" not in said
    if deed not in do:
        assert list(Unwilling.store) == []


def test_a_scheduled_backup_that_is_refused_elsewhere_says_so(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    fsspec.register_implementation("unwilling", Unwilling, clobber=True)
    monkeypatch.setattr(Unwilling, "refused", "info")
    settings.BACKUP_TO = "unwilling://key:geheim@there/house"
    settings.BACKUP_PASSPHRASE = "a passphrase of nine words"
    run = runs.ask(Run.Kind.BACKUP)
    assert runs.take(run, "a worker", NOW)
    run.refresh_from_db()
    runs.do(run, "a worker", deeds.do_backup)
    run.refresh_from_db()
    assert run.outcome == Run.Outcome.FAILED
    assert run.words.startswith("unwilling://there/house/sdmpweb-")
    assert run.words.endswith("cannot be written: Denied.")


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("https://olga:geheim@127.0.0.1:1/x.age", "can only be read from"),
        ("nonsense://olga:geheim@there/x.age", "fsspec knows no places of this kind"),
        ("dropbox://geheim@there/x.age", "package|install|Install"),
    ],
)
def test_places_of_a_kind_that_keeps_no_backups_are_refused(
    place: str, why: str, settings: Any
) -> None:
    """Before anybody is asked; also where they are set."""
    with pytest.raises(BackupError, match=why) as caught:
        deeds.back_up(place, "a passphrase of nine words", lambda done, total: None)
    assert "geheim" not in str(caught.value)
    settings.BACKUP_PASSPHRASE, settings.BACKUP_TO = "a passphrase of nine words", place
    assert deeds.why_not() == str(caught.value)


def test_a_server_that_refuses_or_is_not_there_is_said(tmp_path: Path) -> None:
    with ftp.serving(tmp_path) as server:
        wrong = server.url.replace(ftp.PASSWORD, "another")
        with pytest.raises(BackupError, match="cannot be written: error_perm") as caught:
            _write(f"{wrong}/x.age")
        assert "another" not in str(caught.value)
        with pytest.raises(BackupError, match="cannot be written: error_perm"):
            _write(f"{server.url}/nowhere/x.age")
    with pytest.raises(BackupError, match="Connection refused"):
        places.listed(server.url)
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_is_missing_is_not_made(tmp_path: Path) -> None:
    """It may be one of a disk that is not there."""
    with pytest.raises(BackupError, match=f"There is no directory {tmp_path}/stick/of; make it"):
        _write(f"{tmp_path}/stick/of/alice.age")
    with pytest.raises(BackupError, match="There is no directory"):
        places.listed(f"{tmp_path}/stick")
    assert list(tmp_path.iterdir()) == []


def test_a_place_beside_the_data_is_warned_of(tmp_path: Path, settings: Any) -> None:
    settings.DATA = tmp_path
    settings.BACKUP_TO = str(tmp_path)
    assert "on the same disk" in deeds.where_it_lies()
    for elsewhere in ("/proc", "sftp://there/x", str(tmp_path / "missing"), ""):
        settings.BACKUP_TO = elsewhere
        assert deeds.where_it_lies() == ""


def test_echo_is_not_counted_among_accounts() -> None:
    for username in ("alice", "echo"):
        Account.objects.create(username=username, is_echo=username == "echo")
    assert deeds.people(Manifest("1", "sqlite", "now", [], rows={"nodes_account": 2})) == 1


def test_a_short_passphrase_makes_no_backup(tmp_path: Path, settings: Any) -> None:
    LocalNode.objects.create(fingerprint="A" * 86, name="A", head_line="A" * 86)
    with pytest.raises(BackupError, match="12 characters or more"):
        deeds.back_up(str(tmp_path / "a.age"), "a", lambda done, total: None)
    assert list(tmp_path.iterdir()) == []
    settings.BACKUP_TO, settings.BACKUP_PASSPHRASE = str(tmp_path), "eleven char"
    assert "12 characters or more" in deeds.why_not()


def _put(place: str, name: str) -> None:
    """Leave a file as a killed process does."""
    if places.is_url(place):
        system, path = fsspec.core.url_to_fs(places.join(place, name))
        system.pipe_file(path, b"half")
    else:
        (Path(place) / name).write_bytes(b"half")


def _names(place: str) -> list[str]:
    return sorted(name for name, _ in places._entries(place))


def test_places_are_shown_without_secrets() -> None:
    assert places.shown("s3://key:secret@bucket/x?token=1") == "s3://bucket/x"
    assert places.shown("/srv/backups") == "/srv/backups"
    chained = "simplecache::sftp://olga:geheim@there/x.age"
    assert places.shown(chained) == "simplecache::sftp://there/x.age"
