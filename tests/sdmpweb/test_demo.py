"""The demo: two nodes that answer, with letters; nothing of it is left behind."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from nodes.errors import UserError
from sdmpweb.demo import stage
from sdmpweb.demo.letters import LETTERS
from tests.support.nodes import ROOT

pytestmark = pytest.mark.nodes
SECONDS_TO_STOP = 30
SIGN_IN = re.compile(r"(\w+): (http://\S+)   sign in as (\w+), password (\S+)")


@dataclass
class Demo:
    """A demo that runs: its process, where it keeps things, and what it printed."""

    process: subprocess.Popen[str]
    place: Path
    text: str

    @property
    def people(self) -> list[tuple[str, ...]]:
        """Name, link, user name and password of both."""
        return SIGN_IN.findall(self.text)


def processes_of(place: Path) -> set[int]:
    """Find the nodes of a demo and what else works in its directory, by their working directory."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            works_in = (process / "cwd").readlink()
        except OSError:  # it has ended meanwhile, or is somebody else's
            continue
        if str(works_in).startswith(str(place / "sdmpweb-demo-")):
            found.add(int(process.name))
    return found


def start(tmp_path: Path) -> subprocess.Popen[str]:
    """Start a demo as somebody would who has a node and settings of his own."""
    return subprocess.Popen(
        [sys.executable, "manage.py", "demo"], cwd=ROOT, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(tmp_path), "SDMPWEB_DATA": str(tmp_path / "own"),
             "SDMPWEB_ADDRESS": "192.0.2.1:1", "REDIS_URL": "redis://192.0.2.1/0"},
    )  # fmt: skip


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    process = start(tmp_path)
    assert process.stdout is not None
    text = ""
    while "Ctrl-C" not in text:
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        text += line
    running = Demo(process, tmp_path, text)
    yield running
    process.kill()
    for left in processes_of(tmp_path):
        os.kill(left, signal.SIGKILL)
    process.communicate()


def sign_in(browser: httpx.Client, username: str, password: str) -> None:
    """Sign in as a browser does."""
    page = browser.get("/account/login/").text
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token is not None
    form = {"csrfmiddlewaretoken": token[1], "login": username, "password": password}
    answer = browser.post("/account/login/", data=form)
    assert answer.status_code == 200
    assert "/account/login" not in str(answer.url)


def test_demo_shows_letters_and_leaves_nothing(demo: Demo) -> None:
    received = {"Alice": {"bob"}, "Bob": {"alice"}}
    assert [person[0] for person in demo.people] == list(received)
    for name, link, username, password in demo.people:
        with httpx.Client(base_url=link, follow_redirects=True, timeout=30) as browser:
            sign_in(browser, username, password)
            inbox = browser.get("/mail/inbox/").text
            sent = browser.get("/mail/sent/").text
            notices = browser.get("/mail/notices/").text
        for letter in LETTERS:
            title = letter.title.removeprefix("Re: ").replace("'", "&#x27;")
            page = notices if letter.notice else sent if letter.writer == username else inbox
            assert title in page, f"{name} has {letter.title}"

    assert len(processes_of(demo.place)) == 2
    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(SECONDS_TO_STOP) == 0
    assert not processes_of(demo.place)
    assert not list(demo.place.glob("sdmpweb-demo-*"))
    assert demo.process.communicate()[1] == ""


def test_demo_ends_early_without_leaving_anything(tmp_path: Path) -> None:
    process = start(tmp_path)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    assert process.wait(SECONDS_TO_STOP) == 0
    process.communicate()
    assert not processes_of(tmp_path)
    assert not list(tmp_path.glob("sdmpweb-demo-*"))


def test_demo_that_cannot_start_says_so_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(UserError, match="Alice's node"):
        stage.run(lambda _: None)
    assert list(tmp_path.iterdir()) == []
    assert signal.getsignal(signal.SIGTERM) is before
