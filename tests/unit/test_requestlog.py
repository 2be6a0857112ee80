"""Lines of requests."""

from __future__ import annotations

import errno
import io
import json
import logging
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from caldavd.requestline import RequestLine
from caldavd.requestlog import RequestLog, json_line, text_line

LINE = RequestLine(
    at=1_795_248_000.9996,
    request_id="r1",
    actor="ann",
    peer="192.0.2.7",
    method="GET",
    path="/dav/a b",
    status=200,
    bytes=12,
    ms=1.25,
)
WAIT_S = 10


class FullOnce(io.StringIO):
    """A stream whose first write fails."""

    def __init__(self) -> None:
        super().__init__()
        self.failed = threading.Event()

    def write(self, text: str) -> int:
        if self.failed.is_set():
            return super().write(text)
        self.failed.set()
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture(autouse=True)
def requests_are_told(caplog: pytest.LogCaptureFixture) -> None:
    """As at the level INFO."""
    caplog.set_level(logging.INFO, "caldavd.request")


def test_a_line_of_text() -> None:
    assert text_line(LINE) == (
        "2026-11-21T08:00:00.999Z INFO caldavd.request request request_id=r1 actor=ann"
        ' peer=192.0.2.7 method=GET path="/dav/a b" status=200 bytes=12 ms=1.2\n'
    )


def test_a_path_cannot_make_a_second_line() -> None:
    assert text_line(replace(LINE, path="/a\n/b")).count("\n") == 1
    assert json_line(replace(LINE, path="/a\n/b")).count("\n") == 1


def test_a_line_of_json() -> None:
    assert json.loads(json_line(LINE)) == {
        "time": "2026-11-21T08:00:00.999Z",
        "level": "INFO",
        "logger": "caldavd.request",
        "event": "request",
        "request_id": "r1",
        "actor": "ann",
        "peer": "192.0.2.7",
        "method": "GET",
        "path": "/dav/a b",
        "status": 200,
        "bytes": 12,
        "ms": 1.25,
    }


@pytest.mark.parametrize(("format_", "render"), [("text", text_line), ("json", json_line)])
def test_what_was_noted_is_written_at_the_end(
    format_: str, render: Callable[[RequestLine], str]
) -> None:
    stream = io.StringIO()
    log = RequestLog(format_, stream)

    log.note(LINE)
    log.note(replace(LINE, request_id="r2"))
    log.close()

    assert stream.getvalue() == render(LINE) + render(replace(LINE, request_id="r2"))


def test_a_stream_that_fails_costs_its_lines_and_not_the_next_ones() -> None:
    stream = FullOnce()
    log = RequestLog("text", stream)
    log.note(LINE)
    assert stream.failed.wait(WAIT_S)

    log.note(replace(LINE, request_id="r2"))
    log.close()

    assert stream.getvalue() == text_line(replace(LINE, request_id="r2"))
