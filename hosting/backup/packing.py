"""Putting members into a tar archive that is written as a stream."""

from __future__ import annotations

import io
import tarfile
import time
from typing import BinaryIO


class Pack:
    """A tar archive in the making."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar

    def add(self, name: str, content: bytes) -> None:
        """Add a small member, from memory."""
        self.add_file(name, io.BytesIO(content), len(content))

    def add_file(self, name: str, file: BinaryIO, size: int) -> None:
        """Add a member of `size` bytes, which are read from `file` while it is written."""
        member = tarfile.TarInfo(name)
        member.size = size
        member.mode = 0o600
        member.mtime = int(time.time())
        self._tar.addfile(member, file)
