"""Several serving processes under one parent, which restarts them and passes signals on."""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NoReturn

_log: Final = logging.getLogger(__name__)

GRACE_S: Final = 10
"""Beyond what they were told, before processes that do not stop are killed."""
RESTART_PAUSE_S: Final = 1.0
MAX_EARLY_ENDS: Final = 5
EARLY_S: Final = 10.0
_STOP: Final = (signal.SIGTERM, signal.SIGINT)
_HEEDED: Final = (*_STOP, signal.SIGHUP, signal.SIGCHLD, signal.SIGALRM)


Child = Callable[[int, int], int]
"""What a process does, given its number and a file descriptor that ends when the parent does."""


@dataclass(slots=True)
class _Running:
    number: int
    started: float


class Parent:
    """Keeps `count` processes running until it is told to stop. Must have a single thread."""

    def __init__(self, count: int, child: Child, shutdown_timeout_s: float) -> None:
        self._count = count
        self._child = child
        self._timeout_s = shutdown_timeout_s + GRACE_S
        self._running: dict[int, _Running] = {}
        self._early_ends = 0
        self._alive = os.pipe()

    def run(self) -> int:
        """Starts the processes; returns when all have ended, with the status to exit with."""
        signal.pthread_sigmask(signal.SIG_BLOCK, _HEEDED)
        for number in range(self._count):
            self._start(number)
        while True:
            received = signal.sigwait(_HEEDED)
            if received in _STOP:
                return self._stop()
            if received == signal.SIGHUP:
                self._send(signal.SIGHUP)
            elif received == signal.SIGCHLD and not self._restart_ended():
                self._stop()
                return 1

    def _start(self, number: int) -> None:
        pid = os.fork()
        if pid == 0:
            self._become_child(number)
        self._running[pid] = _Running(number, time.monotonic())

    def _become_child(self, number: int) -> NoReturn:
        """Never returns into the parent's code, whatever happens."""
        status = 70
        try:
            reading, writing = self._alive
            os.close(writing)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEEDED)
            status = self._child(number, reading)
        except BaseException:
            _log.exception("serving process failed")
        finally:
            logging.shutdown()
            os._exit(status)

    def _send(self, number: signal.Signals) -> None:
        for pid in self._running:
            os.kill(pid, number)

    def _restart_ended(self) -> bool:
        """Starts anew what has ended; False if it keeps ending right after its start."""
        for ended in self._reap():
            early = time.monotonic() - ended.started < EARLY_S
            self._early_ends = self._early_ends + 1 if early else 0
            if self._early_ends >= MAX_EARLY_ENDS:
                _log.error("serving processes keep ending", extra={"times": self._early_ends})
                return False
            if early:
                time.sleep(RESTART_PAUSE_S)
            self._start(ended.number)
        return True

    def _reap(self) -> list[_Running]:
        ended = []
        for pid in list(self._running):
            found, status = os.waitpid(pid, os.WNOHANG)
            if found:
                one = self._running.pop(pid)
                extra = {"number": one.number, "status": os.waitstatus_to_exitcode(status)}
                _log.warning("serving process ended, another follows", extra=extra)
                ended.append(one)
        return ended

    def _stop(self) -> int:
        """Tells all to stop and waits for them; kills those that do not."""
        self._send(signal.SIGTERM)
        signal.setitimer(signal.ITIMER_REAL, self._timeout_s)
        worst = 0
        while self._running:
            worst = max(worst, self._collect())
            if self._running and signal.sigwait(_HEEDED) == signal.SIGALRM:
                _log.error("serving processes killed", extra={"count": len(self._running)})
                self._send(signal.SIGKILL)
                worst = 1
        return worst

    def _collect(self) -> int:
        worst = 0
        for pid in list(self._running):
            found, status = os.waitpid(pid, os.WNOHANG)
            if found:
                del self._running[pid]
                worst = max(worst, abs(os.waitstatus_to_exitcode(status)))
        return worst
