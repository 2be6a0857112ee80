"""Log lines on standard error: an event and its fields, as key=value text or as JSON."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final, TextIO

_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
"""What every record has; whatever else one has was given as `extra`."""
_BARE: Final = re.compile(r"[^\s\"'=\\]+")


def set_up(format_: str, level: str, stream: TextIO | None = None) -> None:
    """Sends every logger's lines to standard error, or to `stream`."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(Json() if format_ == "json" else Text())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # They tell what we know already, or what nobody asked for.
    logging.getLogger("asyncio").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)


class Text(logging.Formatter):
    """`2026-11-21T08:00:00.000Z INFO caldavd.dav.dispatch request method=GET status=200`."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, and a traceback below it where there is one."""
        fields = "".join(f" {name}={quoted(value)}" for name, value in _extra(record))
        event = _printable(record.getMessage())
        line = f"{_instant(record)} {record.levelname} {record.name} {event}{fields}"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


class Json(logging.Formatter):
    """One JSON object a line, its fields beside time, level, logger and event."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, always."""
        fields: dict[str, Any] = {
            "time": _instant(record),
            "level": record.levelname,
            "logger": record.name,
            "event": record.getMessage(),
            **dict(_extra(record)),
        }
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return json.dumps(fields, default=str)


def _extra(record: logging.LogRecord) -> Iterator[tuple[str, Any]]:
    for name, value in vars(record).items():
        if name not in _STANDARD:
            yield name, value


def _instant(record: logging.LogRecord) -> str:
    return (
        f"{datetime.fromtimestamp(record.created, UTC):%Y-%m-%dT%H:%M:%S}.{int(record.msecs):03d}Z"
    )


def quoted(value: object) -> str:
    """A value that cannot be taken for another field, nor for another line."""
    text = str(value)
    if isinstance(value, (int, float)) or (_BARE.fullmatch(text) and text.isprintable()):
        return text
    return json.dumps(text, ensure_ascii=not text.isprintable())


def _printable(text: str) -> str:
    return text if text.isprintable() else json.dumps(text)
