"""A file of many events, tasks and entries as one calendar object for each UID.

The file is read twice and never held: once for the places of its components, then for each
object by itself. The same file always gives the same texts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import BinaryIO, Final, NamedTuple

from caldavd.ical.contentline import Line, Malformed, read_lines, unfold
from caldavd.ical.validate import DEFAULT, Limits
from caldavd.ical.write import CRLF

PRODID: Final = "-//caldavd//import//EN"
"""The PRODID of the objects of a file that has none."""

_CHUNK: Final = 64 * 1024
"""Longer physical lines are passed over in pieces."""
_MOST: Final = 1_000
"""Faults and calendar properties kept of a file."""
_TOP: Final = frozenset((b"VEVENT", b"VTODO", b"VJOURNAL", b"VFREEBUSY", b"VAVAILABILITY"))
"""Components that stand in no other: where one begins, any other has ended."""
_CONTROL: Final = bytes(octet for octet in range(0x20) if octet not in b"\t\r\n")
_TZID: Final = re.compile(r';TZID=(?:"([^"\n]*)"|([^;:"\n]*))', re.IGNORECASE)
_SAFE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,199}", re.ASCII)
_OWN: Final = frozenset(("VERSION", "PRODID", "CALSCALE", "METHOD"))
"""Properties of a VCALENDAR that are not about the calendar as a whole."""


class Slice(NamedTuple):
    """Where a component stands in the file, in bytes, and the number of its first line."""

    start: int
    end: int
    line: int


@dataclass(slots=True)
class Entry:
    """The components of one UID, by their places."""

    calendar: int
    """The number of the VCALENDAR of the file in which the first of them stands."""
    uid: bytes | None
    slices: list[Slice]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A part of the file that gives no object: where, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Item:
    """One calendar object, complete; what it holds is for `parse` to judge."""

    line: int
    text: str


@dataclass(slots=True)
class Contents:
    """What is where in a file."""

    properties: list[Line] = field(default_factory=list)
    """Of its VCALENDARs, such as X-WR-CALNAME; VERSION, PRODID, CALSCALE, METHOD are left out."""
    entries: list[Entry] = field(default_factory=list)
    zones: dict[tuple[int, str], Slice] = field(default_factory=dict)
    """The VTIMEZONEs by VCALENDAR and TZID."""
    heads: list[list[Line]] = field(default_factory=list)
    """PRODID and CALSCALE of each VCALENDAR."""
    faults: list[Unreadable] = field(default_factory=list)


def split(
    stream: BinaryIO, contents: Contents, new_uid: Callable[[str], str], limits: Limits = DEFAULT
) -> Iterator[Item | Unreadable]:
    """One item for each entry of the `contents` that `scan` found, and then what it could not read.

    METHOD is dropped, and so are control characters and components that stand there twice; a
    component without a UID gets that which `new_uid` makes of its text.
    """
    for entry in contents.entries:
        size = sum(piece.end - piece.start for piece in entry.slices)
        line = entry.slices[0].line
        if size > limits.max_bytes:
            yield Unreadable(line, f"the object has {size} bytes, more than {limits.max_bytes}")
            continue
        try:
            yield Item(line, _assemble(stream, contents, entry, new_uid))
        except UnicodeDecodeError:
            yield Unreadable(line, "the object is not UTF-8: convert the file")
    yield from contents.faults


def stable_uid(text: str) -> str:
    """A UID for a component that has none: the same for the same text."""
    return sha256(unfold(text).encode()).hexdigest()[:32]


def object_name(uid: str) -> str:
    """A name for the object of a UID, safe in a URL: the UID itself where it is, else a hash."""
    if _SAFE_NAME.fullmatch(uid):
        return f"{uid}.ics"
    return sha256(uid.encode()).hexdigest()[:32] + ".ics"


def _assemble(
    stream: BinaryIO, contents: Contents, entry: Entry, new_uid: Callable[[str], str]
) -> str:
    components = list(dict.fromkeys(_text(stream, piece) for piece in entry.slices))
    if entry.uid is None:
        begin, end, rest = components[0].partition(CRLF)
        components[0] = f"{begin}{end}UID:{new_uid(components[0])}{end}{rest}"
    heads = contents.heads[entry.calendar]
    prodid = next((line.value for line in heads if line.name == "PRODID"), PRODID)
    scale = [f"CALSCALE:{line.value}" for line in heads if line.name == "CALSCALE"][:1]
    head = ("BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{prodid}", *scale, "")
    body = "".join(components)
    zones = "".join(_zones(stream, contents.zones, entry.calendar, body))
    return f"{CRLF.join(head)}{zones}{body}END:VCALENDAR{CRLF}"


def _zones(
    stream: BinaryIO, zones: Mapping[tuple[int, str], Slice], calendar: int, text: str
) -> Iterator[str]:
    """The VTIMEZONEs that a text uses, in the order in which it names them."""
    found = (match[1] or match[2] or "" for match in _TZID.finditer(unfold(text)))
    for tzid in dict.fromkeys(found):
        piece = zones.get((calendar, tzid))
        if piece is not None:
            yield _text(stream, piece)


def _text(stream: BinaryIO, piece: Slice) -> str:
    stream.seek(piece.start)
    octets = stream.read(piece.end - piece.start).translate(None, _CONTROL)
    lines = octets.decode().replace("\r", "\n").split("\n")
    return "".join(line + CRLF for line in lines if line.strip())


# --- The first reading ---


def scan(stream: BinaryIO) -> Contents:
    """What is where in a seekable file, from its start. Raises nothing: faults are reported."""
    stream.seek(0)
    scanner = _Scanner()
    start_of_line = True
    offset = 0
    while octets := stream.readline(_CHUNK):
        end = offset + len(octets)
        if start_of_line:
            scanner.line(octets, offset, end)
        else:
            scanner.more(octets)
        start_of_line = octets.endswith(b"\n")
        offset = end
    scanner.finish()
    return scanner.contents


class _Scanner:
    """Follows BEGIN and END; of other lines it keeps UID, TZID and the calendar's own."""

    def __init__(self) -> None:
        self.contents = Contents()
        self._by_uid: dict[tuple[bytes, bytes], Entry] = {}
        self._number = 0
        self._open: list[bytes] = []
        self._start = 0
        self._start_number = 0
        self._id: bytes | None = None
        self._kept: bytearray | None = None
        self._strayed = False

    def line(self, octets: bytes, offset: int, end: int) -> None:
        """A physical line, or the first piece of a long one."""
        self._number += 1
        if octets[:1] in (b" ", b"\t"):
            self.more(octets.rstrip(b"\r\n")[1:])
            return
        self._take_kept()
        if not octets.strip():
            return
        name = octets[:6].upper()
        if self._number == 1 and octets.startswith(b"\xef\xbb\xbf"):
            name = octets[3:9].upper()
            octets = octets[3:]
        if name == b"BEGIN:":
            self._begin(octets[6:].strip().upper(), offset)
        elif name.startswith(b"END:"):
            self._end(octets[4:].strip().upper(), end)
        else:
            self._property(octets)

    def more(self, octets: bytes) -> None:
        """What a fold continues, or a further piece of a long line."""
        if self._kept is not None and len(self._kept) < _CHUNK:
            self._kept += octets.rstrip(b"\r\n")

    def finish(self) -> None:
        self._take_kept()
        self._close_broken(0)
        if not self.contents.heads:
            self._fault(1, "the file holds no VCALENDAR")

    def _begin(self, name: bytes, offset: int) -> None:
        if name == b"VCALENDAR" or (name in _TOP and len(self._open) > 1):
            self._close_broken(1 if name in _TOP else 0)
        if name == b"VCALENDAR" or not self._open:
            self._open = [b"VCALENDAR"]
            self.contents.heads.append([])
            self._start_number = self._number
            if name == b"VCALENDAR":
                return
        if len(self._open) == 1:
            self._start, self._start_number, self._id = offset, self._number, None
        self._open.append(name)

    def _end(self, name: bytes, end: int) -> None:
        if not self._open or self._open[-1] != name:
            if name == b"VCALENDAR":
                self._close_broken(0)
            else:
                self._fault(self._number, f"END:{_shown(name)} closes nothing")
            return
        self._open.pop()
        if len(self._open) == 1:
            self._record(name, Slice(self._start, end, self._start_number))

    def _close_broken(self, depth: int) -> None:
        """Give up the component that is open where something else begins or ends."""
        if len(self._open) > 1:
            self._fault(self._start_number, f"{_shown(self._open[1])} has no END")
        del self._open[depth:]

    def _record(self, name: bytes, piece: Slice) -> None:
        calendar = len(self.contents.heads) - 1
        if name == b"VTIMEZONE":
            tzid = (self._id or b"").decode(errors="replace")
            self.contents.zones.setdefault((calendar, tzid), piece)
            return
        entry = None if self._id is None else self._by_uid.get((name, self._id))
        if entry is not None:
            entry.slices.append(piece)
            return
        entry = Entry(calendar, self._id, [piece])
        self.contents.entries.append(entry)
        if self._id is not None:
            self._by_uid[name, self._id] = entry

    def _property(self, octets: bytes) -> None:
        depth = len(self._open)
        if depth == 0 and not self._strayed:
            self._strayed = True
            self._fault(self._number, "there is text outside of a VCALENDAR")
        if depth == 1 or (depth == 2 and octets[:4].upper() in _IDS):
            self._kept = bytearray(octets.rstrip(b"\r\n"))

    def _take_kept(self) -> None:
        """A property is complete: the lines that continue it have been read."""
        if self._kept is None:
            return
        octets, self._kept = bytes(self._kept), None
        try:
            [found] = read_lines(octets.decode())
        except (Malformed, UnicodeDecodeError, ValueError):
            self._fault(self._number - 1, "a property of the calendar cannot be read")
            return
        line = Line(found[0].upper(), found[1], found[2])
        if len(self._open) == 1:
            kept = self.contents.heads[-1] if line.name in _OWN else self.contents.properties
            if len(kept) < _MOST:
                kept.append(line)
        elif self._id is None and line.name in ("UID", "TZID") and line.value.strip():
            self._id = line.value.encode()

    def _fault(self, line: int, reason: str) -> None:
        if len(self.contents.faults) < _MOST:
            self.contents.faults.append(Unreadable(line, reason))


_IDS: Final = frozenset((b"UID:", b"UID;", b"TZID"))


def _shown(name: bytes) -> str:
    return ascii(name[:40].decode(errors="replace")).strip("'")
