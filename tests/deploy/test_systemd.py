"""The units that `sdmpweb setup` writes are sound and leave a service little that it may do."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from sdmpweb.setup import plan
from sdmpweb.setup.proxies import NONE
from tests.support.image import make_image
from tests.support.nodes import ROOT

UNITS = ("sdmpweb.service", "sdmpweb-web@8001.service", "sdmpweb-worker@1.service",
         "sdmpweb-beat.service")  # fmt: skip
MOST_EXPOSED = 15  # tenths; what systemd calls OK ends at 49


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """The image of a machine that was set up, with the targets that every machine has."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not installed (Debian package systemd)")
    image = make_image(tmp_path)
    plan.make(image, plan.Wish("mail.example.org", NONE)).carry_out(image, print)
    for name in ("sysinit", "basic", "shutdown", "network-online", "multi-user"):
        (tmp_path / f"etc/systemd/system/{name}.target").write_text(f"[Unit]\nDescription={name}\n")
    return tmp_path


def analyse(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", "--no-pager", *arguments], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("unit", [*UNITS, "sdmpweb-grown.target"])
def test_units_are_sound(machine: Path, unit: str) -> None:
    done = analyse("verify", f"--root={machine}", "--man=no", unit)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("unit", UNITS)
def test_services_may_do_little(machine: Path, unit: str) -> None:
    done = analyse(
        "security", "--offline=yes", f"--root={machine}", f"--threshold={MOST_EXPOSED}", unit
    )
    assert done.returncode == 0, done.stdout


def test_without_the_sandbox_they_would_be_found_exposed(machine: Path) -> None:
    (machine / "etc/systemd/system/sdmpweb.service.d/10-sandbox.conf").unlink()
    done = analyse(
        "security", "--offline=yes", f"--root={machine}", f"--threshold={MOST_EXPOSED}", UNITS[0]
    )
    assert done.returncode != 0


def test_target_starts_two_of_each_and_one_schedule() -> None:
    target = (ROOT / "deploy/systemd/sdmpweb-grown.target").read_text()
    wanted = re.findall(r"sdmpweb-(\w+)(?:@\w+)?\.service", target)
    assert sorted(wanted) == ["beat", "web", "web", "worker", "worker"]
