"""The secret that signs cookies and links of the pages: a file that only the node's user reads."""

import os
import secrets
from pathlib import Path

from sdmpweb.env import WrongEnvironment


def web_secret(path: Path) -> str:
    """Return the secret kept in `path`, making the file (mode 0600) when there is none.

    Raises WrongEnvironment when the file cannot be made or read, or holds less than 32 characters.
    """
    try:
        made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        pass
    except OSError:
        raise WrongEnvironment(f"The file {path} for the pages' secret cannot be made.") from None
    else:
        with os.fdopen(made, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48))
    try:
        text = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        raise WrongEnvironment(f"The pages' secret in {path} cannot be read.") from None
    if len(text) < 32:
        raise WrongEnvironment(
            f"The pages' secret in {path} is too short; delete the file to have a new one made."
        )
    return text
