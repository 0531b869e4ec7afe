"""The wheel, installed into a fresh environment, runs a whole node in an empty directory."""

import json
import re
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.image import make_image
from tests.support.nodes import ROOT
from tests.support.pages import Pages
from tests.support.ports import free_port
from tests.support.scenario import PASSWORD

pytestmark = pytest.mark.nodes
_LINKED = re.compile(r'(?:href|src)="(/static/[^"#]+|/manifest\.webmanifest)')


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the source tree."""
    return _build_wheel(ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `sdmpweb` command of an environment into which the wheel was installed.

    What the project depends on is lent by the tests' own environment, which saves fetching it.
    """
    place = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(place, symlinks=True)
    _run(
        sys.executable, "-m", "pip", "--python", str(place / "bin/python"), "install", "--quiet",
        "--no-index", "--no-deps", str(wheel),
    )  # fmt: skip
    [packages] = (place / "lib").glob("python*/site-packages")
    lent = sysconfig.get_path("purelib")
    (packages / "lent.pth").write_text(f"{lent}\n")
    return place / "bin/sdmpweb"


@pytest.fixture(scope="module")
def node(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A running node in a directory that was empty, and where it answers."""
    place = tmp_path_factory.mktemp("empty")
    secret = tmp_path_factory.mktemp("secret") / "password"
    secret.write_text(PASSWORD)
    _run(
        str(program), "init_node", "--name", "n", "--owner", "alice", "--password-file",
        str(secret), cwd=place,
    )  # fmt: skip
    process = subprocess.Popen(
        [program, "up", "--port", str(free_port())], cwd=place, env=_environment(place),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield place, re.findall(r"http://[^;]+", process.stdout.readline())[0]
    finally:
        process.terminate()
        assert process.wait(20) == 0


def test_wheel_and_source_archive_hold_the_same(wheel: Path, tmp_path: Path) -> None:
    _run(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(tmp_path), cwd=ROOT)
    [archive] = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path, filter="data")
    unpacked = archive.with_name(archive.name.removesuffix(".tar.gz"))
    again = _build_wheel(unpacked, tmp_path)
    assert _names(again) == _names(wheel)
    assert not [name for name in _names(wheel) if name.startswith(("tests", "bench", "data"))]


def test_what_is_run_is_the_installed_one(program: Path, tmp_path: Path) -> None:
    told = _run(
        str(program.with_name("python")), "-c", "import sdmpweb; print(sdmpweb.__file__)",
        cwd=tmp_path,
    )  # fmt: skip
    assert Path(told.strip()).is_relative_to(program.parents[1])
    assert "usage: sdmpweb" in _run(str(program), "--help", cwd=tmp_path)
    assert _run(str(program), "--version", cwd=tmp_path).strip() == _version(program)


def test_it_sets_up_a_machine_with_the_files_in_it(program: Path, tmp_path: Path) -> None:
    image = make_image(tmp_path / "image", "caddy")
    told = _run(str(program), "setup", "mail.example.org", "--yes", "--root", str(image.root))
    assert "\nDone.\n" in told
    shipped = {path.name for path in (ROOT / "deploy/systemd").iterdir()}
    units = image.at("/etc/systemd/system")
    assert {path.name for path in units.iterdir()} == shipped | {"multi-user.target.wants"}
    assert "mail.example.org {" in image.at("/etc/caddy/Caddyfile").read_text()


def test_node_lives_in_the_directory_where_it_was_started(node: tuple[Path, str]) -> None:
    place, _ = node
    assert [entry.name for entry in place.iterdir()] == ["data"]
    assert (place / "data").stat().st_mode & 0o777 == 0o700
    assert (place / "data/sdmpweb.sqlite3").is_file()


def test_pages_come_with_all_their_files(node: tuple[Path, str]) -> None:
    with Pages(node[1]) as pages:
        pages.send("/account/login/", {"login": "alice", "password": PASSWORD})
        linked: set[str] = set()
        for address in ("/account/login/", "/mail/inbox/", "/settings/notifications/"):
            linked |= set(_LINKED.findall(pages.read(address)))
        kinds = {name.rpartition(".")[2] for name in linked}
        assert {"css", "js", "svg", "png", "webmanifest"} <= kinds
        assert [name for name in linked if "htmx" in name]
        for name in sorted(linked):
            answer = pages.http.get(name)
            assert (answer.status_code, bool(answer.content)) == (200, True), name
            for inner in re.findall(r"url\(\"?([^\")#]+)", answer.text if ".css" in name else ""):
                if not inner.startswith("data:"):
                    assert pages.http.get(str(answer.url.join(inner))).status_code == 200, inner


def test_pages_speak_german(node: tuple[Path, str]) -> None:
    page = f"{node[1]}/account/login/"
    german = httpx.get(page, headers={"Accept-Language": "de"}).text
    english = httpx.get(page, headers={"Accept-Language": "en"}).text
    assert '<html lang="de"' in german
    heading = re.compile(r"<h1[^>]*>\s*(.*?)\s*</h1>", re.DOTALL)
    assert heading.findall(german) != heading.findall(english)


def test_commands_find_the_node(node: tuple[Path, str], program: Path) -> None:
    assert json.loads(_run(str(program), "status", "--json", cwd=node[0]))["accounts"] == 1


def _build_wheel(source: Path, target: Path) -> Path:
    _run(
        sys.executable, "-m", "pip", "wheel", "--quiet", "--no-build-isolation", "--no-deps",
        "--wheel-dir", str(target), str(source),
    )  # fmt: skip
    [built] = target.glob("*.whl")
    return built


def _names(wheel: Path) -> list[str]:
    return sorted(zipfile.ZipFile(wheel).namelist())


def _version(program: Path) -> str:
    [about] = program.parents[1].glob("lib/python*/site-packages/sdmpweb-*.dist-info/METADATA")
    return str(re.findall(r"^Version: (.+)$", about.read_text(), re.MULTILINE)[0])


def _environment(home: Path) -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "HOME": str(home), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def _run(*command: str, cwd: Path = Path("/")) -> str:
    done = subprocess.run(
        command, cwd=cwd, env=_environment(cwd), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
