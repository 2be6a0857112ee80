"""One line a request on standard error, written in batches.

A log record costs more than a GET's whole transaction: making it, formatting it, and a system call
that gives up the interpreter lock each time. Lines of requests are kept as values, formatted by
hand and written together, four times a second and at the end.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
from contextlib import suppress
from dataclasses import asdict
from functools import lru_cache
from typing import Final, TextIO

from caldavd.logs import quoted
from caldavd.requestline import RequestLine

_quoted: Final = lru_cache(maxsize=4096)(quoted)
EVERY_S: Final = 0.25
_LOGGER: Final = "caldavd.request"


class RequestLog:
    """Collects the lines of requests, and writes them from a thread of its own."""

    def __init__(self, format_: str, stream: TextIO | None = None) -> None:
        self._lines: list[RequestLine] = []
        self._stream = stream or sys.stderr
        self._render = json_line if format_ == "json" else text_line
        self._enabled = logging.getLogger(_LOGGER).isEnabledFor(logging.INFO)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, name="request-log", daemon=True)
        if self._enabled:
            self._thread.start()

    def note(self, line: RequestLine) -> None:
        """Has a line written soon."""
        if self._enabled:
            self._lines.append(line)

    def close(self) -> None:
        """Writes what is left."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def _work(self) -> None:
        while not self._ended.wait(EVERY_S):
            self._write()
        self._write()

    def _write(self) -> None:
        lines, self._lines = self._lines, []
        if not lines:
            return
        # A full disk or a reader that went away costs these lines, and not those that follow.
        with suppress(OSError):
            self._stream.write("".join(map(self._render, lines)))
            self._stream.flush()


def text_line(line: RequestLine) -> str:
    """The line as `logs.Text` would write it."""
    return (
        f"{_instant(line.at)} INFO {_LOGGER} request request_id={line.request_id}"
        f" actor={_quoted(line.actor)} peer={_quoted(line.peer)} method={_quoted(line.method)}"
        f" path={_quoted(line.path)} status={line.status} bytes={line.bytes} ms={line.ms:.1f}\n"
    )


def json_line(line: RequestLine) -> str:
    """The line as `logs.Json` would write it."""
    fields = asdict(line)
    at = fields.pop("at")
    head = {"time": _instant(at), "level": "INFO", "logger": _LOGGER, "event": "request"}
    return json.dumps({**head, **fields}) + "\n"


def _instant(at: float) -> str:
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at))
    return f"{whole}.{int(at % 1 * 1000):03d}Z"
