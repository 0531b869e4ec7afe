"""Ports that nobody uses at the moment, and that no call from this machine is given."""

import itertools
import os
import socket
from typing import Final

# Below those that Linux gives to whoever calls: a node that starts, or starts again, finds its own.
_FIRST: Final = 12_000
_EACH: Final = 5_000  # for one of several processes that test at once
_WORKERS: Final = 4

_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % _WORKERS
_numbers = itertools.count(os.getpid() * 37)  # another test run beside this one begins elsewhere


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that is free and was not returned lately."""
    for number in itertools.islice(_numbers, _EACH):
        port = _FIRST + _worker * _EACH + number % _EACH
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port
    raise AssertionError("no port is free")
