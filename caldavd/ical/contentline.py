"""Content lines and components as they stand in the text (RFC 5545 §3.1, §3.2, RFC 6868)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple

MAX_DEPTH: Final = 16
"""Components nested deeper than this are refused; RFC 5545 itself nests three deep."""

MAX_LINES: Final = 250_000
"""Texts of more content lines are refused, so that their reading stays well under a second."""

MAX_REMEMBERED: Final = 4_000
"""VTIMEZONEs of more characters are read each time; those of clients have some 500."""

_ZONE_BEGINS: Final = "\nBEGIN:VTIMEZONE\n"
_ZONE_ENDS: Final = "\nEND:VTIMEZONE\n"
_PLACE_NAME: Final = "VTIMEZONE\n."
_PLACE: Final = (("BEGIN", "", _PLACE_NAME), ("END", "", _PLACE_NAME))
"""Where a VTIMEZONE stood in the lines: a name that no text can hold."""

_LINES: Final = re.compile(
    r'^([\w.-]++)((?:;[^":;\n]*+(?:"[^"\n]*"[^":;\n]*+)*+)*+):(.*)$', re.ASCII | re.MULTILINE
)
_PARAMETERS: Final = re.compile(r';([\w.-]++)=((?:[^";]++|"[^"]*")*+)', re.ASCII)
_CARRIAGE_RETURNS: Final = re.compile(r"\r+\n?")
_CARET: Final = {"^n": "\n", "^N": "\n", "^^": "^", "^'": '"'}
_ESCAPED: Final = {r"\n": "\n", r"\N": "\n"}


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
    source: str = field(default="", compare=False, repr=False)
    """The unfolded text of a VTIMEZONE that is remembered: equal for equal components."""

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
    for name, text in _PARAMETERS.findall(line.parameter_text):
        values = tuple(_decode(value) for value in _split_values(text))
        found[name.upper()] = found.get(name.upper(), ()) + values
    return found


def parameter(line: Line, name: str) -> str | None:
    """The first value of one parameter (upper-case name), or None."""
    if not line.parameter_text or name not in line.parameter_text.upper():
        return None
    values = parameters(line).get(name)
    return values[0] if values else None


def without_parameters(line: Line, *names: str) -> str:
    """The parameters of a line as sent, except those of these names (upper case)."""
    if not line.parameter_text:
        return ""
    return "".join(
        match[0]
        for match in _PARAMETERS.finditer(line.parameter_text)
        if match[1].upper() not in names
    )


def unescape(value: str) -> str:
    r"""A TEXT value without its escapes `\\ \; \, \n` (RFC 5545 §3.3.11)."""
    if "\\" not in value:
        return value
    return re.sub(r"\\.", lambda match: _ESCAPED.get(match[0], match[0][1]), value)


def unfold(text: str) -> str:
    """The text with one content line a line, each ended by LF.

    Line ends may be CRLF, LF, CR or (from clients that convert twice) CRCRLF.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    if "\r" in text:
        text = _CARRIAGE_RETURNS.sub("\n", text)
    return text.replace("\n ", "").replace("\n\t", "").rstrip("\n") + "\n"


def read_lines(text: str) -> list[tuple[str, str, str]]:
    """Name, parameters and value of each content line of a text, names in any case.

    Blank lines are passed over. Raises Malformed. The whole text is matched at once, without
    backtracking: its cost is linear, and a fraction of what line by line would be.
    """
    return _read_lines(unfold(text))


def _read_lines(unfolded: str) -> list[tuple[str, str, str]]:
    count = unfolded.count("\n")
    if count > MAX_LINES:
        raise Malformed(f"the text has {count} content lines, more than {MAX_LINES}")
    found: list[tuple[str, str, str]] = _LINES.findall(unfolded)
    if len(found) != count:
        _find_fault(unfolded)
    return found


def read(text: str) -> list[Component]:
    """The top-level components of a stream, usually one VCALENDAR. Raises Malformed.

    A VTIMEZONE may be shared with other texts that hold the same: change none.
    """
    unfolded = unfold(text)
    return _with_known_zones(unfolded) or assemble(_read_lines(unfolded))


def _with_known_zones(unfolded: str) -> list[Component] | None:
    """What `read` gives for a VCALENDAR with VTIMEZONEs as most are; None for any other text.

    They are half of the lines of an event, and the same from one event to the next.
    """
    zones: list[Component] = []
    lines: list[tuple[str, str, str]] = []
    read_until = 0
    if unfolded.count("\n") > MAX_LINES:
        return None
    try:
        while (begins := unfolded.find(_ZONE_BEGINS, max(read_until - 1, 0))) >= 0:
            ends = unfolded.find(_ZONE_ENDS, begins, begins + MAX_REMEMBERED)
            if ends < 0:
                return None
            lines += _read_lines(unfolded[read_until : begins + 1])
            lines += _PLACE
            read_until = ends + len(_ZONE_ENDS)
            zones.append(known_zone(unfolded[begins + 1 : read_until]))
        if not zones:
            return None
        top = assemble(lines + _read_lines(unfolded[read_until:]))
    except Malformed:
        return None  # what is wrong with it, and where, is found in the whole of it
    return top if len(top) == 1 and _fill(top[0].components, zones) else None


def _fill(components: list[Component], zones: list[Component]) -> bool:
    """Puts the zones into their places; False if not all of the places are here."""
    places = [place for place, part in enumerate(components) if part.name == _PLACE_NAME]
    if len(places) != len(zones):
        return False
    for place, zone in zip(places, zones, strict=True):
        components[place] = zone
    return True


@lru_cache(maxsize=128)
def known_zone(source: str) -> Component:
    """The VTIMEZONE of an unfolded text: the same one for equal texts. Raises Malformed."""
    zone, *others = assemble(_read_lines(source))
    if others or any(part.components for part in zone.components):
        raise Malformed("a VTIMEZONE holds STANDARD and DAYLIGHT, and they nothing else")
    zone.source = source
    return zone


def assemble(lines: Iterable[tuple[str, str, str]]) -> list[Component]:
    """The components that content lines make. Raises Malformed."""
    top: list[Component] = []
    open_: list[Component] = []
    current: list[Line] | None = None
    for number, (raw_name, parameter_text, value) in enumerate(lines, 1):
        name = raw_name.upper()
        if name == "BEGIN":
            component = Component(value.strip().upper())
            (open_[-1].components if open_ else top).append(component)
            open_.append(component)
            if len(open_) > MAX_DEPTH:
                raise Malformed(f"content line {number}: components nested over {MAX_DEPTH} deep")
            current = component.lines
        elif name == "END":
            if not open_ or open_.pop().name != value.strip().upper():
                raise Malformed(f"content line {number}: END:{value[:40]} closes nothing")
            current = open_[-1].lines if open_ else None
        elif current is None:
            raise Malformed(f"content line {number}: {name[:40]} stands outside a component")
        else:  # the tuple's own constructor: Line(...) takes twice as long
            current.append(tuple.__new__(Line, (name, parameter_text, value)))
    if open_:
        raise Malformed(f"BEGIN:{open_[-1].name[:40]} has no END")
    return top


def _find_fault(unfolded: str) -> None:
    """Raises Malformed for the first line that is neither blank nor a content line."""
    for number, line in enumerate(unfolded.split("\n"), 1):
        if line.strip() and _LINES.match(line) is None:
            raise Malformed(f"content line {number} is not NAME;PARAMETERS:VALUE")


def _split_values(text: str) -> list[str]:
    """The values of one parameter: commas inside quotes do not part them; quotes are dropped."""
    if '"' not in text:
        return text.split(",")
    values = [""]
    for position, piece in enumerate(text.split('"')):
        if position % 2:
            values[-1] += piece
        else:
            head, *tail = piece.split(",")
            values[-1] += head
            values += tail
    return values


def _decode(value: str) -> str:
    if "^" not in value:
        return value
    return re.sub(r"\^[nN^']", lambda match: _CARET[match[0]], value)
