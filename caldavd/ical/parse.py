"""Bytes to a Document: the client's text, verbatim, and what was read from it (RFC 4791 §4.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from caldavd.errors import (
    MAX_RESOURCE_SIZE,
    SUPPORTED_CALENDAR_DATA,
    VALID_CALENDAR_DATA,
    VALID_CALENDAR_OBJECT,
    Condition,
    Refused,
)
from caldavd.ical import validate
from caldavd.ical.contentline import Component, Malformed, parameter, read, unescape
from caldavd.ical.validate import DEFAULT, Limits

MAX_UID_BYTES: Final = 1_000
"""Longer UIDs are refused: an index entry must hold them. RFC 7986 §5.3 wants at most 255."""

_FORBIDDEN: Final = bytes(octet for octet in range(0x20) if octet not in b"\t\r\n")
"""Control characters that no XML 1.0 document can carry (XML 1.0 §2.2)."""

_NONCHARACTERS: Final = (b"\xef\xbf\xbe", b"\xef\xbf\xbf")
"""U+FFFE and U+FFFF in UTF-8: forbidden for the same reason."""

_CUT_CHARACTER: Final = re.compile(rb"(?<=[\x80-\xff])\r?\n[ \t](?=[\x80-\xbf])")
"""A fold that may stand inside a UTF-8 sequence."""


@dataclass(frozen=True, slots=True)
class Document:
    """One calendar object resource. `text` is what was sent; nothing here changes it."""

    text: str
    calendar: Component
    uid: str
    component: str
    """VEVENT, VTODO, VJOURNAL, ...: the one type all of `components` have."""
    components: tuple[Component, ...]
    """The master, if there is one, and its overrides, in the order of the text."""
    zones: Mapping[str, Component]
    """The enclosed VTIMEZONEs by TZID."""
    verbatim: bool = True
    """False if `text` had to be mended, because a fold cut a character in two (RFC 5545 §3.1)."""

    @property
    def size_bytes(self) -> int:
        """Octets of the text."""
        return len(self.text.encode())


def parse(body: bytes, limits: Limits = DEFAULT) -> Document:
    """The Document in a body.

    Raises Refused: VALID_CALENDAR_DATA if the text or one of its values is no iCalendar,
    VALID_CALENDAR_OBJECT if it is no calendar object resource (RFC 4791 §4.1),
    SUPPORTED_CALENDAR_DATA, MAX_RESOURCE_SIZE, MAX_INSTANCES, MAX_ATTENDEES, MIN_DATE_TIME or
    MAX_DATE_TIME.
    """
    text, calendar, verbatim = vcalendar(body, limits.max_bytes)
    if calendar.first("METHOD") is not None:
        raise _not_object("a stored calendar object has no METHOD: leave it out")
    zones, components = _parts(calendar)
    _check_object(components)
    uid = _common_uid(components)
    validate.check(components, zones.values(), limits)
    return Document(text, calendar, uid, components[0].name, tuple(components), zones, verbatim)


def vcalendar(body: bytes, most_bytes: int) -> tuple[str, Component, bool]:
    """The text in a body, its only VCALENDAR, and whether the text is the body unchanged.

    A METHOD may be in it. Raises Refused as `parse` does for what is no iCalendar.
    """
    if len(body) > most_bytes:
        raise Refused(
            MAX_RESOURCE_SIZE,
            f"the object has {len(body)} bytes, more than {most_bytes}: "
            "leave large attachments out",
        )
    text, verbatim = _decode(body)
    return text, _calendar(text), verbatim


def stored(text: str) -> Document:
    """The Document of a text that `parse` has accepted before: read again, not checked again."""
    return written(text, read(text)[0])


def written(text: str, calendar: Component) -> Document:
    """The Document of a text that was written from this VCALENDAR, which is not read again."""
    zones, components = _parts(calendar)
    uid = _common_uid(components)
    return Document(text, calendar, uid, components[0].name, tuple(components), zones)


def _parts(calendar: Component) -> tuple[dict[str, Component], list[Component]]:
    """The VTIMEZONEs by TZID, and the other components; what is not standard is only kept.

    A component of an X- name beside those of a type has none itself (RFC 4791 §5.3.3).
    """
    zones: dict[str, Component] = {}
    components: list[Component] = []
    strange: list[Component] = []
    for component in calendar.components:
        if component.name == "VTIMEZONE":
            zones.setdefault(_zone_id(component), component)
        else:
            (strange if component.name.startswith("X-") else components).append(component)
    return zones, components or strange


def _decode(body: bytes) -> tuple[str, bool]:
    """The text, and whether it is the body unchanged."""
    if len(body.translate(None, _FORBIDDEN)) != len(body):
        place = next(place for place, octet in enumerate(body) if octet in _FORBIDDEN)
        raise _not_text(body, place, f"the control character U+{body[place]:04X}: leave it out")
    if body.isascii():
        return body.decode("ascii"), True
    for character in _NONCHARACTERS:
        if character in body:
            raise _not_text(
                body, body.index(character), "a character that XML forbids: leave it out"
            )
    try:
        return body.decode(), True
    except UnicodeDecodeError as fault:
        place = fault.start
    try:
        return _CUT_CHARACTER.sub(b"", body).decode(), False
    except UnicodeDecodeError:
        raise _not_text(body, place, "bytes that are not UTF-8: send the text in UTF-8") from None


def _not_text(body: bytes, place: int, what: str) -> Refused:
    line = body.count(b"\n", 0, place) + 1
    return Refused(VALID_CALENDAR_DATA, f"line {line} holds {what}")


def _calendar(text: str) -> Component:
    """The only VCALENDAR of the text, of version 2.0."""
    try:
        top = read(text)
    except Malformed as fault:
        raise Refused(VALID_CALENDAR_DATA, f"the body is no iCalendar text: {fault}") from None
    if not top or any(component.name != "VCALENDAR" for component in top):
        raise Refused(
            VALID_CALENDAR_DATA, "the body is no iCalendar text: it must be one VCALENDAR"
        )
    if len(top) > 1:
        raise _not_object(f"{len(top)} VCALENDARs in one object: send one")
    calendar = top[0]
    for line in calendar.lines:
        if line.name == "VERSION" and "2.0" not in line.value:
            raise Refused(
                SUPPORTED_CALENDAR_DATA, "only iCalendar VERSION:2.0 is supported: convert it"
            )
    return calendar


def _check_object(components: Sequence[Component]) -> None:
    """One type, at most one master, no instance described twice (RFC 4791 §4.1)."""
    if not components:
        raise _not_object("nothing but time zones: send an event, a task or a journal entry")
    kinds = sorted({component.name[:40] for component in components})
    if len(kinds) > 1:
        raise _not_object(f"{' and '.join(kinds[:5])} in one object: send one object for each")
    if len(components) == 1:
        return
    seen: set[tuple[str, str] | None] = set()
    for component in components:
        instance = _instance(component)
        if instance in seen:
            what = "without a RECURRENCE-ID" if instance is None else "of the same RECURRENCE-ID"
            raise _not_object(f"two components {what} in one object: keep one")
        seen.add(instance)


def _instance(component: Component) -> tuple[str, str] | None:
    """What tells the overrides of an object apart; None for the master."""
    line = component.first("RECURRENCE-ID")
    return None if line is None else (line.value, parameter(line, "TZID") or "")


def _common_uid(components: Sequence[Component]) -> str:
    uids = {_uid(component) for component in components}
    if len(uids) > 1:
        raise _not_object(f"{len(uids)} different UIDs in one object: send one object for each")
    uid = uids.pop()
    if len(uid.encode()) > MAX_UID_BYTES:
        raise Refused(
            VALID_CALENDAR_DATA, f"the UID has more than {MAX_UID_BYTES} bytes: use a shorter one"
        )
    return uid


def _uid(component: Component) -> str:
    line = component.first("UID")
    if line is None or not line.value.strip():
        raise _not_object(f"a {component.name[:40]} without a UID: give each object its own")
    return unescape(line.value)


def _zone_id(zone: Component) -> str:
    line = zone.first("TZID")
    return "" if line is None else line.value


def _not_object(reason: str, condition: Condition = VALID_CALENDAR_OBJECT) -> Refused:
    return Refused(condition, reason)
