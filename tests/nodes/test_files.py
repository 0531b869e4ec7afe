"""Private files, made by several at once."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from nodes.files import write_once


def test_a_file_is_whole_private_and_written_once(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda n: write_once(path, bytes([n]) * 100_000), range(40)))
    assert made.count(True) == 1
    data = path.read_bytes()
    assert data == data[:1] * 100_000
    assert data[0] == made.index(True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]
