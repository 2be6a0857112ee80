"""Components back to text (RFC 5545 §3.1, §3.3.11, RFC 6868)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final

from caldavd.ical.contentline import Component, Line
from caldavd.ical.values import Temporal

CRLF: Final = "\r\n"
FOLD_AT: Final = 75
"""Octets of a line, its end not counted (RFC 5545 §3.1)."""

_SHORT: Final = 512
_FOLD: Final = f"{CRLF} "
_TO_ESCAPE: Final = re.compile(r"[\\;,]|\r\n|\r|\n")
_TO_QUOTE: Final = re.compile(r"[:;,]")
_TO_ENCODE: Final = re.compile(r'[\^"]|\r\n|\r|\n')
_ENCODED: Final = {"^": "^^", '"': "^'"}


def write(components: Iterable[Component]) -> str:
    """The text of components: every line folded and ended by CRLF."""
    lines: list[str] = []
    for component in components:
        _write(component, lines)
    return "".join(lines)


def write_line(line: Line) -> str:
    """One content line, folded, with its end."""
    if line.name == "ATTENDEE" and len(line.parameter_text) + len(line.value) <= _SHORT:
        return _person_again(line)
    return _write_line(line)


def _write_line(line: Line) -> str:
    return fold(f"{line.name}{line.parameter_text}:{line.value}") + CRLF


# The same people are written to each copy of a meeting, hundreds of them to that of a large one.
_person_again: Final = lru_cache(maxsize=8192)(_write_line)


def fold(text: str) -> str:
    """One content line in pieces of at most 75 octets; no character is cut in two."""
    if text.isascii():
        if len(text) <= FOLD_AT:
            return text
        rest = (text[at : at + FOLD_AT - 1] for at in range(FOLD_AT, len(text), FOLD_AT - 1))
        return _FOLD.join((text[:FOLD_AT], *rest))
    octets = text.encode()
    pieces: list[bytes] = []
    start, room = 0, FOLD_AT
    while len(octets) - start > room:
        end = start + room
        while octets[end] & 0xC0 == 0x80:
            end -= 1
        pieces.append(octets[start:end])
        start, room = end, FOLD_AT - 1
    pieces.append(octets[start:])
    return _FOLD.encode().join(pieces).decode()


def escape(text: str) -> str:
    """A TEXT value: what contentline.unescape reads back, with LF for any line end."""
    return _TO_ESCAPE.sub(lambda found: _escaped(found[0]), text)


def parameter_text(name: str, *values: str) -> str:
    """A parameter as it stands in a content line, semicolon first; encoded and quoted at need."""
    return f";{name}=" + ",".join(_quoted(value) for value in values)


def time_line(name: str, value: Temporal, parameters: str = "") -> Line:
    """A line of a DATE or DATE-TIME. An aware value is written in UTC, a naive one as floating.

    `parameters` are those that remain beside VALUE and TZID.
    """
    if not isinstance(value, datetime):
        return Line(name, f";VALUE=DATE{parameters}", _date(value))
    zone = value.tzinfo
    if zone is not None and zone is not UTC:
        value = value.astimezone(UTC)
    clock = f"{value.hour:02}{value.minute:02}{value.second:02}"
    return Line(name, parameters, f"{_date(value)}T{clock}{'' if zone is None else 'Z'}")


def _date(value: date) -> str:
    return f"{value.year:04}{value.month:02}{value.day:02}"


def _write(component: Component, lines: list[str]) -> None:
    lines.append(fold(f"BEGIN:{component.name}") + CRLF)
    lines.extend(write_line(line) for line in component.lines)
    for inner in component.components:
        _write(inner, lines)
    lines.append(fold(f"END:{component.name}") + CRLF)


def _escaped(found: str) -> str:
    return r"\n" if found[0] in "\r\n" else "\\" + found


def _quoted(value: str) -> str:
    encoded = _TO_ENCODE.sub(lambda found: _ENCODED.get(found[0], "^n"), value)
    return f'"{encoded}"' if _TO_QUOTE.search(encoded) else encoded
