"""`python -m bench.dataset DIRECTORY`: fill a data directory with a node as it is after years.

Accounts, nodes of contacts elsewhere with their trusts, and a journal of many resources, all signed
and chained as they should be. What is sealed is random bytes, a few of which were filed as letters.
It goes on where it was interrupted.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Final

OWNER: Final = "owner"
PASSWORD: Final = "a long house-key 7"
"""Of every account."""


def main() -> None:
    """Fill the directory as the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m bench.dataset", description=__doc__)
    parser.add_argument("directory", type=Path, help="the node's data directory")
    parser.add_argument("--accounts", type=int, default=20)
    parser.add_argument("--peers", type=int, default=100, help="each with a user of its own")
    parser.add_argument("--resources", type=int, default=1_000_000, help="lines of the journal")
    parser.add_argument("--letters", type=int, default=20_000, help="filed, of all accounts")
    parser.add_argument("--bytes", type=int, default=96, help="of what is sealed in each")
    arguments = parser.parse_args()
    arguments.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "sdmpweb.settings",
        "SDMPWEB_DATA": str(arguments.directory.resolve()),
        "SDMPWEB_NODE_KEY_BITS": "2048",
        "SDMPWEB_USER_KEY_BITS": "2048",
    }
    import django

    django.setup()
    from bench.years import fill  # the models need Django set up first

    fill(
        accounts=arguments.accounts,
        peers=arguments.peers,
        resources=arguments.resources,
        letters=arguments.letters,
        sealed_bytes=arguments.bytes,
        keys=arguments.directory / "dataset-keys.json",
    )


if __name__ == "__main__":
    main()
