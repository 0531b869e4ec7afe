"""A node whose long work never ends: `python -m tests.support.slow up`, in a node's environment."""

from __future__ import annotations

import os
import sys
import threading
from typing import Any


def main() -> None:
    """Run an `sdmpweb` command in which each kind of long work waits for good."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "sdmpweb.settings"
    import django

    django.setup()
    from hosting.work import WORK
    from sdmpweb import cli

    def wait(*_: Any) -> None:
        threading.Event().wait()

    WORK.update(dict.fromkeys(WORK, wait))
    cli.main(["sdmpweb", *sys.argv[1:]])


if __name__ == "__main__":
    main()
