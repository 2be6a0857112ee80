"""What /proc tells of a server's processes, and on which core they run (Linux)."""

from __future__ import annotations

import contextlib
import os
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
_CPUCLOCK_SCHED: Final = 2
_PROC: Final = Path("/proc")


@dataclass(frozen=True, slots=True)
class Cores:
    """Which core whom runs on; None: wherever the system puts it."""

    server: int | None
    generator: int | None
    database: int | None


def cores() -> Cores:
    """A core for the servers, another for load and the database, a third for it if there is one."""
    available = sorted(os.sched_getaffinity(0))
    if len(available) < 2:
        return Cores(None, None, None)
    return Cores(available[0], available[1], available[min(2, len(available) - 1)])


def pin(pid: int, core: int | None) -> None:
    """Keeps a process, all its threads and descendants on a core."""
    if core is None:
        return
    for process in tree(pid):
        for thread in _threads(process):
            with contextlib.suppress(OSError):
                os.sched_setaffinity(thread, {core})


def tree(pid: int) -> list[int]:
    """A process and its descendants."""
    children: dict[int, list[int]] = defaultdict(list)
    for entry in _PROC.iterdir():
        if entry.name.isdigit() and (stat := _stat(int(entry.name))):
            children[int(stat[1])].append(int(entry.name))
    found, waiting = [], [pid]
    while waiting:
        found.append(waiting.pop())
        waiting += children[found[-1]]
    return found


def cpu_s(pid: int) -> float:
    """Processor time that a process, its descendants and those that ended have used."""
    return sum(_own_cpu_s(process) + _ended_children_s(process) for process in tree(pid))


def _own_cpu_s(pid: int) -> float:
    """User and system time of all threads, to the nanosecond where /proc has hundredths only."""
    # The clock of another process, as clock_getcpuclockid(3) computes its number.
    with contextlib.suppress(OSError):
        return time.clock_gettime((~pid << 3) | _CPUCLOCK_SCHED)
    return 0.0


def _ended_children_s(pid: int) -> float:
    stat = _stat(pid)
    return sum(int(value) for value in stat[13:15]) / _TICKS_PER_S if stat else 0.0


def resident_mb(pid: int) -> float:
    """Resident memory of a process and its descendants, in MB of 1,000,000 bytes."""
    return sum(_resident_bytes(process) for process in tree(pid)) / 1e6


def _resident_bytes(pid: int) -> int:
    try:
        pages = int((_PROC / str(pid) / "statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat after the name: state, parent, ..."""
    try:
        text = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    return text.rpartition(")")[2].split()


def _threads(pid: int) -> Iterator[int]:
    with contextlib.suppress(OSError):
        for entry in (_PROC / str(pid) / "task").iterdir():
            yield int(entry.name)
