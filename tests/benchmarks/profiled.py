"""Runs caldavd with its code profiled: `python -m tests.benchmarks.profiled OUT ARGUMENTS`.

Starts to profile at SIGUSR1, writes what it found to OUT at the end. Counts processor time, not
waiting, in the main thread and in every thread that is started after the imports.
"""

from __future__ import annotations

import contextlib
import cProfile
import pstats
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Final

from caldavd.cli.main import run

_profiles: Final[list[cProfile.Profile]] = []


class _Switch:
    """Turns profiling on for threads, each of which must do it for itself."""

    def __init__(self) -> None:
        self.profiling = False

    def main_thread(self, number: int, frame: FrameType | None) -> None:
        """Handles the signal."""
        self.profiling = True
        _start()

    def thread(self, frame: FrameType, event: str, argument: object) -> None:
        """A profile function of the interpreter, until profiling begins."""
        if self.profiling:
            sys.setprofile(None)
            _start()


def _start() -> None:
    profile = cProfile.Profile(time.thread_time)
    with contextlib.suppress(ValueError):  # from Python 3.12 on, one profiler sees all threads
        profile.enable()
        _profiles.append(profile)


def _profiled_main(out: Path) -> int:
    switch = _Switch()
    signal.signal(signal.SIGUSR1, switch.main_thread)
    threading.setprofile(switch.thread)
    try:
        return run(sys.argv[1:])
    finally:
        _write(out)


def _write(out: Path) -> None:
    sys.setprofile(None)
    found = [profile for profile in _profiles if profile.getstats()]
    if found:
        stats = pstats.Stats(found[0])
        for profile in found[1:]:
            stats.add(profile)
        stats.dump_stats(out)


if __name__ == "__main__":
    _out = Path(sys.argv.pop(1))
    raise SystemExit(_profiled_main(_out))
