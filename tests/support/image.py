"""The image of a machine in a directory: what `sdmpweb setup` looks for, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from sdmpweb.setup.machine import Machine
from tests.support.nodes import ROOT

PROGRAMS = {
    "nginx": "/usr/sbin/nginx",
    "caddy": "/usr/bin/caddy",
    "certbot": "/usr/bin/certbot",
    "postgresql": "/usr/bin/psql",
    "redis": "/usr/bin/redis-server",
    "sdmpweb": "/usr/local/bin/sdmpweb",
}


def make_image(root: Path, *programs: str) -> Machine:
    """Make the image of a machine on which sdmpweb and these `PROGRAMS` are installed.

    Args:
        root: an empty directory, or none yet.
        programs: others that are there, by name.
    """
    machine = Machine(root)
    for name in ("sdmpweb", *programs):
        program = machine.at(PROGRAMS[name])
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    machine.at("/etc").mkdir(exist_ok=True)
    machine.at("/etc/passwd").write_text("root:x:0:0:root:/root:/bin/bash\n")
    machine.at("/etc/group").write_text("root:x:0:\n")
    return machine


def set_up(
    machine: Machine, *arguments: str, typed: str | None = None, under: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Run `sdmpweb setup` for an image, in a directory of its own, which stays empty.

    Args:
        machine: the image.
        arguments: others than `--root`.
        typed: what somebody types at a terminal; without it there is none, and none is asked.
        under: a program that runs it, with its arguments.
    """
    place = machine.root.parent / "called-here"
    place.mkdir(exist_ok=True)
    called = (sys.executable, "-m", "sdmpweb", "setup", "--root", str(machine.root))
    command = [*under, *called, *arguments]
    done = subprocess.run(
        command if typed is None else ["script", "-qec", " ".join(command), "/dev/null"],
        cwd=place, input=typed, stdin=subprocess.DEVNULL if typed is None else None,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert list(place.iterdir()) == []
    return done
