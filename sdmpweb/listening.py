"""Where `up` and `web` listen, and by which name browsers may call that."""

import argparse

from django.conf import settings


def _port(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"must be a number from 1 to 65535, not {text!r}")
    return int(text)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --host and --port to a command."""
    parser.add_argument("--host", metavar="H", help="address to listen on (SDMPWEB_HOST)")
    parser.add_argument("--port", metavar="N", type=_port, help="port to use (SDMPWEB_PORT)")


def choose(host: str | None, port: int | None) -> tuple[str, int]:
    """Return where to listen, and let the settings tell the rest of the process.

    `host` and `port` are what the command was given, None for the settings' own.
    """
    bare = (host or settings.LISTEN_HOST).strip("[]")
    settings.LISTEN_HOST = bare
    settings.LISTEN_PORT = port or settings.LISTEN_PORT
    named = f"[{bare}]" if ":" in bare else bare
    if named not in settings.ALLOWED_HOSTS:
        settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, named]
    return bare, settings.LISTEN_PORT
