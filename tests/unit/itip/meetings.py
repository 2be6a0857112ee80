"""Meetings for tests: ann asks others; who they are is written `bob` or `bob ACCEPTED`.

`bob;SCHEDULE-AGENT=NONE ACCEPTED` has a parameter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from caldavd.ical.contentline import Component, Line, parameter, read
from caldavd.ical.parse import Document, parse
from caldavd.itip.address import Addresses, normal
from caldavd.itip.message import Message, Plan
from caldavd.itip.plan import plan
from tests.unit.builders import calendar, vevent, vtodo

AT = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)


def of(who: str) -> Addresses:
    return frozenset({f"mailto:{who}@example.com"})


ANN, BOB, CID, DAN = of("ann"), of("bob"), of("cid"), of("dan")


def people(asked: str, organizer: str = "ann") -> list[str]:
    """ORGANIZER and ATTENDEE lines: `people("bob ACCEPTED, cid")`."""
    name, _, more = organizer.partition(";")
    lines = [f"ORGANIZER{';' if more else ''}{more}:mailto:{name}@example.com"]
    for one in filter(None, (part.strip() for part in asked.split(","))):
        who, _, answer = one.partition(" ")
        name, _, more = who.partition(";")
        text = f";PARTSTAT={answer}" if answer else ""
        text += f";{more}" if more else ""
        lines.append(f"ATTENDEE{text}:mailto:{name}@example.com")
    return lines


def part(
    asked: str = "ann ACCEPTED, bob",
    *,
    organizer: str = "ann",
    sequence: int | None = None,
    lines: Sequence[str] = (),
    **fields: object,
) -> str:
    """A VEVENT of a meeting; the other fields are those of `vevent`."""
    number = [] if sequence is None else [f"SEQUENCE:{sequence}"]
    told = [*people(asked, organizer), *number, *lines]
    return vevent(lines=told, **fields)  # type: ignore[arg-type]


def task(asked: str = "bob", *, lines: Sequence[str] = (), **fields: object) -> Document:
    text = vtodo(lines=[*people(asked), *lines], **fields)  # type: ignore[arg-type]
    return parse(calendar(text).encode())


def meeting_of(*parts: str) -> Document:
    return parse(calendar(*parts).encode())


def single(asked: str = "ann ACCEPTED, bob", **fields: object) -> Document:
    """A meeting that takes place once."""
    return meeting_of(part(asked, **fields))  # type: ignore[arg-type]


def daily(*overrides: str, asked: str = "ann ACCEPTED, bob", **fields: object) -> Document:
    """A meeting on ten days from January 5, 9:00 to 10:00 UTC, with these overrides."""
    rrule = fields.pop("rrule", "FREQ=DAILY;COUNT=10")
    return meeting_of(part(asked, rrule=rrule, **fields), *overrides)  # type: ignore[arg-type]


def on(day: int, asked: str = "ann ACCEPTED, bob", hour: int = 9, **fields: object) -> str:
    """The override of the daily meeting on a day of January, at an hour."""
    return part(
        asked,
        recurrence_id=f"202601{day:02}T090000Z",
        start=f"202601{day:02}T{hour:02}0000Z",
        end=f"202601{day:02}T{hour + 1:02}0000Z",
        **fields,  # type: ignore[arg-type]
    )


def planned(
    old: Document | None, new: Document | None, me: Addresses = ANN, *, reply: bool = True
) -> Plan:
    return plan(old, new, me, AT, reply=reply)


def sent(made: Plan) -> list[str]:
    """Who gets what of which parts: `REQUEST bob: series 20260106`, an EXDATE as `-20260107`."""
    return [f"{one.method} {_name(one.recipient)}: {_shown(one)}" for one in made.messages]


def answers(made: Plan) -> dict[str, str]:
    """What a single REPLY says of each part."""
    (message,) = made.messages
    assert message.method == "REPLY"
    found: dict[str, str] = {}
    for component in components(message.text):
        (line,) = component.all("ATTENDEE")
        found[_when(component)] = parameter(line, "PARTSTAT") or ""
    return found


def components(text: str) -> list[Component]:
    return [one for one in read(text)[0].components if one.name != "VTIMEZONE"]


def stored(made: Plan, sent_: Document) -> str:
    return sent_.text if made.text is None else made.text


def without_stamps(text: str) -> str:
    """The text without what the server remembers of answers, its lines unfolded."""
    unfolded = text.replace("\r\n ", "")
    return re.sub(r";X-CALDAVD-REPLIED=[0-9TZ]+|X-CALDAVD-REMOVED;.*\r\n", "", unfolded)


def partstats(text: str) -> list[dict[str, str]]:
    """What attendees have said, part by part."""
    return [
        {
            _name(normal(line.value)): parameter(line, "PARTSTAT") or ""
            for line in component.all("ATTENDEE")
        }
        for component in components(text)
    ]


def sequences(text: str) -> list[int]:
    return [int(value(component, "SEQUENCE") or 0) for component in components(text)]


def value(component: Component, name: str) -> str:
    line = component.first(name)
    return "" if line is None else line.value


def line(component: Component, name: str) -> Line:
    found = component.first(name)
    assert found is not None
    return found


def parts_of(message: Message) -> Mapping[str, Component]:
    return {_when(component): component for component in components(message.text)}


def _shown(message: Message) -> str:
    shown: list[str] = []
    for component in components(message.text):
        exdates = (f"-{one.value[:8]}" for one in component.all("EXDATE"))
        gone = "!" if value(component, "STATUS") == "CANCELLED" else ""
        shown += [_when(component) + gone, *exdates]
    return " ".join(shown)


def _when(component: Component) -> str:
    return value(component, "RECURRENCE-ID")[:8] or "series"


def _name(address: str) -> str:
    return address.removeprefix("mailto:").partition("@")[0]
