"""What only the node's own user may read: the data directory, and the secret of the pages in it."""

import contextlib
import hashlib
import os
import secrets
from pathlib import Path

from nodes.files import write_once
from sdmpweb.env import WrongEnvironment, read_token


def make_private(data: Path) -> None:
    """Make the data directory, with mode 0700, when there is none.

    A database in it that an earlier version has left readable to others is closed to them.

    Raises WrongEnvironment when it cannot be made or used.
    """
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise WrongEnvironment(f"SDMPWEB_DATA {data} cannot be made: {reason}.") from None
    if not os.access(data, os.R_OK | os.W_OK | os.X_OK):
        raise WrongEnvironment(f"SDMPWEB_DATA {data} cannot be read and written.")
    for file in data.glob("sdmpweb.sqlite3*"):
        with contextlib.suppress(OSError):  # gone meanwhile, or not ours
            if file.stat().st_mode & 0o077:
                file.chmod(0o600)


def web_secret(path: Path) -> str:
    """Return the secret that signs cookies and links, kept in `path`.

    The file is made, with mode 0600, when there is none.

    Raises WrongEnvironment when the file cannot be made or read, or holds less than 32 characters.
    """
    try:
        if not path.exists():
            write_once(path, secrets.token_urlsafe(48).encode("ascii"))
    except OSError:
        raise WrongEnvironment(f"The file {path} for the pages' secret cannot be made.") from None
    try:
        text = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        raise WrongEnvironment(f"The pages' secret in {path} cannot be read.") from None
    if len(text) < 32:
        raise WrongEnvironment(
            f"The pages' secret in {path} is too short; delete the file to have a new one made."
        )
    return text


def metrics_token(text: str, path: Path | None) -> str:
    """Return what has to be shown to read the metrics from elsewhere; nothing when that is not set.

    Raises WrongEnvironment when the file cannot be read, or holds no token.
    """
    if path is None:
        return text
    if text:
        raise WrongEnvironment("Set SDMPWEB_METRICS_TOKEN or SDMPWEB_METRICS_TOKEN_FILE, not both.")
    try:
        return read_token(path.read_text(encoding="ascii").strip())
    except (OSError, UnicodeDecodeError):
        raise WrongEnvironment(f"The metrics' token in {path} cannot be read.") from None
    except ValueError as error:
        raise WrongEnvironment(f"The metrics' token in {path} {error}.") from None


def name_of(web: str) -> str:
    """Return a name by which the processes of one node know each other, from the pages' secret.

    It tells nothing of the secret.
    """
    return hashlib.sha256(f"sdmpweb name {web}".encode()).hexdigest()[:16]
