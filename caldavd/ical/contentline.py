"""Content lines and components as they stand in the text (RFC 5545 §3.1, §3.2, RFC 6868)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

MAX_DEPTH: Final = 16
"""Components nested deeper than this are refused; RFC 5545 itself nests three deep."""

_LINE: Final = re.compile(r'([A-Za-z0-9-]+)((?:;[^":;]*(?:"[^"]*"[^":;]*)*)*):(.*)', re.DOTALL)
_PARAMETER: Final = re.compile(r';([A-Za-z0-9-]+)=((?:"[^"]*"|[^";])*)')
_PARAMETER_VALUE: Final = re.compile(r'"([^"]*)"|([^",]+)|(?<=,)(?=,|$)|^(?=,|$)')
_CARET: Final = {"^n": "\n", "^N": "\n", "^^": "^", "^'": '"'}


class Malformed(ValueError):
    """The text is no iCalendar stream; the message says where and why."""


class Line(NamedTuple):
    """One unfolded content line. The value is as sent, still escaped."""

    name: str
    """Upper case."""
    parameter_text: str
    """The parameters as sent, each with its leading semicolon; empty if there are none."""
    value: str


@dataclass(slots=True)
class Component:
    """A component: its own lines and the components inside it, both in the order of the text."""

    name: str
    lines: list[Line] = field(default_factory=list)
    components: list[Component] = field(default_factory=list)

    def first(self, name: str) -> Line | None:
        """The first line of that name (upper case), or None."""
        for line in self.lines:
            if line.name == name:
                return line
        return None

    def all(self, name: str) -> Iterator[Line]:
        """Every line of that name (upper case)."""
        return (line for line in self.lines if line.name == name)


def parameters(line: Line) -> dict[str, tuple[str, ...]]:
    """All parameters of a line: upper-case names, values unquoted and RFC 6868 decoded."""
    found: dict[str, tuple[str, ...]] = {}
    for name, text in _PARAMETER.findall(line.parameter_text):
        values = tuple(
            _decode(quoted or plain) for quoted, plain in _PARAMETER_VALUE.findall(text)
        )
        found[name.upper()] = found.get(name.upper(), ()) + values
    return found


def parameter(line: Line, name: str) -> str | None:
    """The first value of one parameter (upper-case name), or None."""
    if not line.parameter_text:
        return None
    values = parameters(line).get(name)
    return values[0] if values else None


def unfold(text: str) -> list[str]:
    """The content lines of a text whose lines end in CRLF or LF; blank lines are left out."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    text = text.replace("\n ", "").replace("\n\t", "")
    return [line for line in text.split("\n") if line and not line.isspace()]


def read(text: str) -> list[Component]:
    """The top-level components of a stream, usually one VCALENDAR. Raises Malformed."""
    top: list[Component] = []
    open_: list[Component] = []
    for number, raw in enumerate(unfold(text), 1):
        line = _line(raw, number)
        if line.name == "BEGIN":
            component = Component(line.value.strip().upper())
            (open_[-1].components if open_ else top).append(component)
            open_.append(component)
            if len(open_) > MAX_DEPTH:
                raise Malformed(f"content line {number}: components nested over {MAX_DEPTH} deep")
        elif line.name == "END":
            if not open_ or open_.pop().name != line.value.strip().upper():
                raise Malformed(f"content line {number}: END:{line.value[:40]} closes nothing")
        elif open_:
            open_[-1].lines.append(line)
        else:
            raise Malformed(f"content line {number}: {line.name[:40]} stands outside a component")
    if open_:
        raise Malformed(f"{open_[-1].name[:40]} is not closed")
    return top


def _line(raw: str, number: int) -> Line:
    match = _LINE.match(raw)
    if match is None:
        raise Malformed(f"content line {number} is not NAME;PARAMETERS:VALUE")
    name, parameter_text, value = match.groups()
    return Line(name.upper(), parameter_text, value)


def _decode(value: str) -> str:
    if "^" not in value:
        return value
    return re.sub(r"\^[nN^']", lambda match: _CARET[match[0]], value)
