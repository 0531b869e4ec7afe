"""That the processes of the node are alive: each notes it, the others read it (`hosting.models`).

In the embedded shape all three are threads of one process.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db import Error as DatabaseError
from django.db import close_old_connections
from django.utils import timezone

from hosting.models import Beat

_log = structlog.get_logger(__name__)

WEB: Final = "web"
WORKER: Final = "worker"
SCHEDULE: Final = "schedule"
NAMES: Final = (WEB, WORKER, SCHEDULE)

SECONDS: Final = 15.0
"""Between two notes of a process."""
ALIVE: Final = timedelta(seconds=60)
"""Who has not been seen for longer is taken for dead."""
_FORGOTTEN: Final = timedelta(days=1)
_HOST_LENGTH: Final = 48
_lock = threading.Lock()
_noted: Final[dict[str, float]] = {}


def note(name: str) -> None:
    """Note that this process does what `name` says; it writes at most once in `SECONDS`.

    Never raises: a database that is away for a while ends no process.
    """
    with _lock:
        now = time.monotonic()
        before = _noted.get(name)
        if before is not None and now - before < SECONDS - 1:
            return
        _noted[name] = now
    try:
        close_old_connections()
        moment = timezone.now()
        Beat.objects.update_or_create(name=name, process=process(), defaults={"seen": moment})
        if before is None:
            Beat.objects.filter(seen__lt=moment - _FORGOTTEN).delete()
    except DatabaseError:
        _log.warning("life is not noted", name=name)
    finally:
        close_old_connections()


def process() -> str:
    """Name this process: its machine and its number there."""
    return f"{_machine()}:{os.getpid()}"


def _machine() -> str:
    return socket.gethostname()[:_HOST_LENGTH]


def is_over(process: str) -> bool:
    """Tell whether a process, as `process` names one, was one of this machine and has ended."""
    machine, _, number = process.rpartition(":")
    if machine != _machine():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # it is somebody else's
        pass
    return False


def alive(now: datetime) -> dict[str, list[Beat]]:
    """List the living processes of each name, those seen last first."""
    rows = Beat.objects.filter(seen__gt=now - ALIVE).order_by("-seen")
    return {name: [row for row in rows if row.name == name] for name in NAMES}


def last_seen(name: str) -> datetime | None:
    """Say when a process of that name was last seen."""
    rows = Beat.objects.filter(name=name).order_by("-seen")
    return rows.values_list("seen", flat=True).first()
