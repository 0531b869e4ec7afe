"""What a node finds when it looks at itself."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

from mail import selfcheck
from mail.selfcheck import GB, SecretFile
from nodes import keystore
from nodes.usernames import derive_username
from tests.mail.conftest import House


@pytest.mark.parametrize(
    ("address", "url", "state", "words"),
    [
        ("", "", "warn", "no address"),
        ("", "http://hearth.example", "warn", "no address"),
        ("127.0.0.1:8000", "", "warn", "only this machine"),
        ("[::1]:8000", "", "warn", "only this machine"),
        ("localhost:8000", "", "warn", "only this machine"),
        ("192.168.1.5:8000", "", "warn", "only your own network"),
        ("hearth.local:8000", "", "warn", "only your own network"),
        ("[fd00::5]:8000", "", "warn", "only your own network"),
        ("9.9.9.9:8000", "", "ok", "9.9.9.9:8000"),
        ("hearth.example:8000", "", "ok", "hearth.example:8000"),
        ("", "https://hearth.example", "ok", "https://hearth.example"),
        ("127.0.0.1:8000", "https://hearth.example", "ok", "https://hearth.example"),
    ],
)
def test_address(address: str, url: str, state: str, words: str) -> None:
    finding = selfcheck.check_address(address, url)
    assert finding.state == state
    assert words in finding.sentence
    assert bool(finding.todo) == (state != "ok")


@pytest.mark.parametrize(
    ("url", "host", "state"),
    [
        ("https://hearth.example", "0.0.0.0", "ok"),
        ("", "127.0.0.1", "ok"),
        ("", "::1", "ok"),
        ("", "0.0.0.0", "warn"),
        ("http://hearth.example", "192.168.1.5", "warn"),
    ],
)
def test_pages(url: str, host: str, state: str) -> None:
    assert selfcheck.check_pages(url, host).state == state


def test_clock() -> None:
    now = timezone.now()
    assert selfcheck.check_clock(now, None, None).state == "ok"
    assert selfcheck.check_clock(now, now, now + timedelta(minutes=1)).state == "ok"
    for written in ((now + timedelta(hours=1), None), (now, now + timedelta(days=400))):
        finding = selfcheck.check_clock(now, *written)
        assert finding.state == "bad"
        assert "NTP" in finding.todo


@pytest.mark.parametrize(
    ("free", "state"), [(GB // 10, "bad"), (GB, "warn"), (5 * GB, "ok"), (0, "bad")]
)
def test_disk(free: int, state: str) -> None:
    assert selfcheck.check_disk(free).state == state


def test_a_disk_below_the_reserve_is_told_as_such(settings: Any) -> None:
    settings.DISK_RESERVE = 6 * GB
    finding = selfcheck.check_disk(5 * GB)
    assert finding.state == "bad"
    assert "nothing new is taken in" in finding.sentence


def test_secret(tmp_path: Path) -> None:
    path = tmp_path / "node.secret"
    missing = selfcheck.check_secret(selfcheck.look_at_secret(path))
    assert (missing.state, "missing" in missing.sentence) == ("bad", True)
    path.write_bytes(b"x" * 32)
    path.chmod(0o644)
    open_to_all = selfcheck.check_secret(selfcheck.look_at_secret(path))
    assert open_to_all.state == "bad"
    assert f"chmod 600 {path}" in open_to_all.todo
    path.chmod(0o600)
    good = selfcheck.check_secret(selfcheck.look_at_secret(path))
    assert good.state == "ok"
    assert "Back it up apart" in good.sentence
    path.write_bytes(b"short")
    assert selfcheck.check_secret(selfcheck.look_at_secret(path)).state == "bad"
    unreadable = SecretFile(path, error="permission denied")
    assert "permission denied" in selfcheck.check_secret(unreadable).sentence


def test_jobs() -> None:
    now = timezone.now()
    assert selfcheck.check_jobs(now - timedelta(seconds=9), now, 999).state == "ok"
    assert selfcheck.check_jobs(None, now, 5).state == "ok"
    assert selfcheck.check_jobs(None, now, 999).state == "bad"
    assert selfcheck.check_jobs(now - timedelta(minutes=9), now, 999).state == "bad"


def test_examine_finds_what_was_broken(house: House, settings: Any) -> None:
    cache.clear()
    settings.NODE_ADDRESS, settings.WEB_URL = "9.9.9.9:8000", "https://hearth.example"
    selfcheck.note_alive()
    findings = {finding.slug: finding.state for finding in selfcheck.examine()}
    assert findings == dict.fromkeys(("address", "pages", "clock", "disk", "secret", "jobs"), "ok")
    assert selfcheck.worst(selfcheck.examine()) == "ok"
    behind = selfcheck.examine(timezone.now() - timedelta(days=30))
    assert {f.slug for f in behind if f.state == "bad"} == {"clock"}
    secret = keystore.secret_path()
    secret.chmod(0o640)
    try:
        assert selfcheck.worst(selfcheck.examine()) == "bad"
    finally:
        secret.chmod(0o600)
    settings.NODE_ADDRESS, settings.WEB_URL = "", ""
    assert selfcheck.worst(selfcheck.examine()) == "warn"


@pytest.mark.parametrize(
    ("name", "username"),
    [
        ("Divya Raman", "divya"),
        ("  José-María  ", "jose"),
        ("Łukasz Żółć", "lukasz"),
        ("Straße", "strasse"),
        ("Øystein Ås", "oystein"),
        ("Æsir", "aesir"),
        ("O’Brien", "obrien"),
        ("Ｆｕｌｌ", "full"),
        ("李小龍", "person"),
        ("Дарья", "person"),
        ("!!!", "person"),
        ("", "person"),
        ("Echo", "echo-2"),
        ("Echo Smith", "echo.smith"),
        ("Alice", "alice-2"),
        ("Alice Cooper", "alice.cooper"),
        ("BOB", "bob-2"),
        ("x" * 90, "x" * 32),
    ],
)
def test_names_to_sign_in_with(name: str, username: str, house: House) -> None:
    assert derive_username(name) == username
