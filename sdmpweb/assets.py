"""The pages' static files, gathered under names that change with their content."""

import hashlib
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command

from sdmpweb import lock


def gather() -> None:
    """Gather the static files into STATIC_ROOT unless that was done for just these files."""
    root = Path(settings.STATIC_ROOT)
    stamp = root / ".gathered"
    wanted = _state_of_sources()
    if stamp.is_file() and stamp.read_text(encoding="ascii") == wanted:
        return
    root.mkdir(parents=True, exist_ok=True)
    with lock.waiting(root.parent / "static.lock"):
        if stamp.is_file() and stamp.read_text(encoding="ascii") == wanted:
            return
        call_command("collectstatic", interactive=False, clear=True, verbosity=0)
        stamp.write_text(wanted, encoding="ascii")


def _state_of_sources() -> str:
    state = hashlib.sha256()
    for finder in get_finders():
        for name, storage in finder.list([]):
            stat = Path(storage.path(name)).stat()
            state.update(f"{name}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return state.hexdigest()
