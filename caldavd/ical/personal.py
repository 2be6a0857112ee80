"""What is each reader's own in an object: alarms and TRANSP (caldav-sharing §5.5.4).

A text is parted into what all readers share and the pieces that are somebody's own. Pieces know
their places, so that what was parted can be joined to the very same text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from caldavd.ical.contentline import Component, parameter, read, unfold

_LOGICAL: Final = re.compile(r"[^\r\n]*(?:(?:\r+\n?|\n)[ \t][^\r\n]*)*(?:\r+\n?|\n|\Z)")
"""A content line as it stands in a text, with its folds and its end."""
_NAME: Final = re.compile(r"[^;:]*")
_ALARM: Final = "VALARM"
_TRANSP: Final = "TRANSP"
_OPAQUE: Final = "OPAQUE"
_OWN_LINE: Final = re.compile(
    rf"{_TRANSP}|X-MOZ-LASTACK|X-MOZ-GENERATION|X-MOZ-SNOOZE-TIME(?:-\d+)?|X-APPLE-DEFAULT-ALARM"
)
_SIGNS: Final = (_ALARM, "X-MOZ-", "X-APPLE-DEFAULT-ALARM")
"""One of them is in every text with a piece that is hidden from others."""
_PARTS: Final = frozenset({"VEVENT", "VTODO", "VJOURNAL"})
_STAMPS: Final = frozenset({"DTSTAMP", "LAST-MODIFIED", "SEQUENCE"})
"""What a client writes anew whatever it changes."""
MASTER: Final = ""


class Piece(NamedTuple):
    """Some of a component that is somebody's own, as it stands in the text."""

    what: str
    """The name of the property or component."""
    place: int
    """How many shared items of its component come before it; of an alarm, after it."""
    text: str


Parts: TypeAlias = Mapping[str, Sequence[Piece]]
"""The pieces of each component of an object, by what tells its components apart."""


@dataclass(frozen=True, slots=True)
class Split:
    """A text without what is somebody's own, and that."""

    shared: str
    parts: Parts


@dataclass(slots=True)
class _Part:
    """A component of an object, as far as it was read: its shared items, and its pieces."""

    key: str = MASTER
    items: list[str] = field(default_factory=list)
    pieces: list[tuple[str, int, str]] = field(default_factory=list)
    """What, how many items were before it, text."""


def split(text: str) -> Split:
    """The shared text of an object, and the pieces that are personal in it."""
    shared: list[str] = []
    parts: dict[str, Sequence[Piece]] = {}
    for one in _walk(text):
        if isinstance(one, str):
            shared.append(one)
            continue
        shared += one.items
        parts[one.key] = [
            Piece(what, len(one.items) - place if what == _ALARM else place, said)
            for what, place, said in one.pieces
        ]
    return Split("".join(shared), parts)


def merge(shared: str, parts: Parts) -> str:
    """A shared text with somebody's pieces.

    An override that they know nothing of has what the whole series has.
    """
    made: list[str] = []
    for one in _walk(shared):
        if isinstance(one, str):
            made.append(one)
        else:
            made += _placed(one.items, parts.get(one.key, parts.get(MASTER, ())))
    return "".join(made)


def seen(text: str, own: Parts | None) -> str:
    """An owner's text as another reader sees it, who has these pieces.

    Where they say nothing of TRANSP, it is the owner's.
    """
    if own is None and not _may_have_pieces(text):
        return text
    parted = split(text)
    return merge(parted.shared, _combined(parted.parts, own or {}))


def own(sent: Parts, owners: Parts) -> Parts:
    """Of the pieces that a reader sent, those that are the reader's own.

    A TRANSP that says what the owner's says is none: it changes with the owner's.
    """
    return {key: _own(pieces, _of(owners, key)) for key, pieces in sent.items()}


def is_empty(parts: Parts) -> bool:
    """Whether somebody has nothing of their own."""
    return not any(parts.values())


def same_essence(one: str, other: str) -> bool:
    """Whether two shared texts say the same, whatever the order of their lines and the stamps."""
    return one == other or _essence(one) == _essence(other)


def dumps(parts: Parts) -> str:
    """Pieces as they are stored."""
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":"))


def loads(stored: str) -> Parts:
    """Pieces as they were stored."""
    return {
        key: [Piece(what, place, text) for what, place, text in pieces]
        for key, pieces in json.loads(stored).items()
    }


def _may_have_pieces(text: str) -> bool:
    """Whether an owner's text may hold what others do not see: quick, and wrong on one side."""
    unfolded = unfold(text).upper()
    return any(sign in unfolded for sign in _SIGNS)


def _combined(owners: Parts, readers: Parts) -> Parts:
    keys = dict.fromkeys((*owners, *readers))
    return {key: _seen(_of(owners, key), _of(readers, key)) for key in keys}


def _of(parts: Parts, key: str) -> Sequence[Piece]:
    return parts.get(key, parts.get(MASTER, ()))


def _seen(owners: Sequence[Piece], readers: Sequence[Piece]) -> Sequence[Piece]:
    if any(piece.what == _TRANSP for piece in readers):
        return readers
    return [*(piece for piece in owners if piece.what == _TRANSP), *readers]


def _own(sent: Sequence[Piece], owners: Sequence[Piece]) -> Sequence[Piece]:
    said, owner_said = _transp(sent), _transp(owners)
    if said == owner_said:
        return [piece for piece in sent if piece.what != _TRANSP]
    if any(piece.what == _TRANSP for piece in sent):
        return sent
    return [Piece(_TRANSP, 0, f"{_TRANSP}:{_OPAQUE}\r\n"), *sent]


def _transp(pieces: Iterable[Piece]) -> str:
    """What a component's TRANSP says (RFC 5545 §3.8.2.7)."""
    for piece in pieces:
        if piece.what == _TRANSP:
            return unfold(piece.text).partition(":")[2].strip().upper()
    return _OPAQUE


def _placed(items: Sequence[str], pieces: Sequence[Piece]) -> Iterator[str]:
    """The items of a component with pieces in their places."""
    last = len(items)
    placed: dict[int, list[str]] = {}
    for piece in pieces:
        place = last - piece.place if piece.what == _ALARM else piece.place
        placed.setdefault(min(max(place, 0), last), []).append(piece.text)
    for place, item in enumerate((*items, "")):
        yield from placed.get(place, ())
        yield item


def _walk(text: str) -> Iterator[str | _Part]:
    """A text as content lines, and as the insides of the components of its object."""
    part = _Part()
    open_: list[str] = []
    block: list[str] = []
    for raw in _LOGICAL.findall(text):
        name, value = _said(raw)
        if name == "END" and open_:
            open_.pop()
        if len(open_) < 2 or open_[1] not in _PARTS:
            if name == "END" and len(open_) == 1 and value in _PARTS:
                yield part
                part = _Part()
            yield raw
        else:
            block.append(raw)
            if len(open_) == 2 and name != "BEGIN":
                _take(part, value or name, block)
                block = []
        if name == "BEGIN":
            open_.append(value)


def _take(part: _Part, what: str, block: Sequence[str]) -> None:
    """Adds an item or a piece to a component: a content line, or a whole component inside."""
    text = "".join(block)
    if what == _ALARM or _OWN_LINE.fullmatch(what):
        part.pieces.append((what, len(part.items), text))
        return
    part.items.append(text)
    if what == "RECURRENCE-ID":
        part.key = _key(text)


def _said(raw: str) -> tuple[str, str]:
    """The name of a content line, and what it opens or closes if it does, in upper case."""
    line = unfold(raw).strip()
    match = _NAME.match(line)
    name = "" if match is None else match[0].upper()
    value = line[len(name) + 1 :].strip().upper() if name in ("BEGIN", "END") else ""
    return name, value


def _key(raw: str) -> str:
    """What tells an override from others of its series."""
    line = read(f"BEGIN:X\n{unfold(raw)}END:X")[0].lines[0]
    return f"{line.value.strip()};{parameter(line, 'TZID') or ''}"


def _essence(text: str) -> object:
    parts = [part for calendar in read(text) for part in calendar.components]
    return sorted(_said_by(part) for part in parts if part.name != "VTIMEZONE")


def _said_by(part: Component) -> tuple[object, ...]:
    lines = sorted(tuple(line) for line in part.lines if line.name not in _STAMPS)
    return part.name, lines, sorted(map(_said_by, part.components))
