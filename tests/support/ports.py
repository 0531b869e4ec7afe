"""Ports that nobody uses at the moment."""

import socket

_given: set[int] = set()


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that is free and was not returned before."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            port: int = listening.getsockname()[1]
        if port not in _given:
            _given.add(port)
            return port
