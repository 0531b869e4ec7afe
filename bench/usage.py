"""What processes use: processor time and memory."""

from __future__ import annotations

from collections.abc import Iterable

import psutil  # type: ignore[import-untyped]


def cpu_seconds(pids: Iterable[int]) -> float:
    """Add up the processor time, user and system, that processes have used so far."""
    total = 0.0
    for pid in pids:
        times = psutil.Process(pid).cpu_times()
        total += times.user + times.system
    return total


def resident_mib(pids: Iterable[int]) -> float:
    """Add up the resident memory of processes and their children, in MiB."""
    total = 0
    for pid in pids:
        process = psutil.Process(pid)
        for each in (process, *process.children(recursive=True)):
            total += each.memory_info().rss
    return total / 1024**2


def load() -> float:
    """Return the load of the last minute: above the number of cores, others were computing."""
    return float(psutil.getloadavg()[0])
