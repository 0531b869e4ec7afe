"""One node for each data directory."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from nodes.errors import UserError


@contextlib.contextmanager
def only_node(data: Path) -> Iterator[None]:
    """Hold the data directory's lock; the kernel lets go of it when the process ends, however.

    Raises UserError when another process holds it.
    """
    opened = os.open(data / "node.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(opened, 32).decode(errors="replace").strip() or "unknown"
            raise UserError(
                f"A node runs already with the data directory {data} (process {holder})."
            ) from None
        os.ftruncate(opened, 0)
        os.write(opened, str(os.getpid()).encode())
        yield
    finally:
        os.close(opened)


def is_held(data: Path) -> bool:
    """Tell whether a node runs with a data directory."""
    try:
        opened = os.open(data / "node.lock", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(opened)
    return False


@contextlib.contextmanager
def waiting(path: Path) -> Iterator[None]:
    """Hold the lock on a file, waiting until whoever holds it lets go."""
    opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)
