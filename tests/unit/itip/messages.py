"""Messages and what they do, for tests: ann asks bob and cid to a meeting at nine, five days long.

`at=3` is the third minute: the DTSTAMP of a message. People are written `bob` or `bob=ACCEPTED`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from caldavd.ical.contentline import Component, parameter, read
from caldavd.ical.parse import parse
from caldavd.ical.parse import stored as reread
from caldavd.itip.outcome import Outcome
from caldavd.itip.receive import receive
from tests.unit.builders import calendar, vevent

NOW = datetime(2026, 1, 3, 12, tzinfo=UTC)
DAILY = "FREQ=DAILY;COUNT=5"
PEOPLE = ("ann=ACCEPTED", "bob", "cid")


def me(name: str) -> frozenset[str]:
    return frozenset({f"mailto:{name}@example.com"})


def person(text: str) -> str:
    name, _, answer = text.partition("=")
    return f"ATTENDEE{f';PARTSTAT={answer}' if answer else ''}:mailto:{name}@example.com"


def part(
    *,
    at: int = 0,
    sequence: int = 0,
    people: Sequence[str] = PEOPLE,
    lines: Sequence[str] = (),
    day: int | None = None,
    **fields: object,
) -> str:
    """A VEVENT of the meeting; of the instance on a day of January, if `day` is given."""
    if day is not None:
        fields.setdefault("start", f"202601{day:02}T090000Z")
        fields.setdefault("duration", "PT1H")
        fields["recurrence_id"] = f"202601{day:02}T090000Z"
    told = [f"SEQUENCE:{sequence}", *map(person, people), *lines]
    text = vevent(organizer="ann", lines=told, **fields)  # type: ignore[arg-type]
    return text.replace("DTSTAMP:20260101T000000Z", f"DTSTAMP:20260102T00{at:02}00Z")


def message(method: str, *parts: str) -> str:
    return calendar(*parts, lines=[f"METHOD:{method}"])


def request(*overrides: str, **fields: object) -> str:
    """A REQUEST of the series."""
    fields.setdefault("rrule", DAILY)
    return message("REQUEST", part(**fields), *overrides)  # type: ignore[arg-type]


def reply(*parts: str) -> str:
    return message("REPLY", *parts)


def answer(who: str, **fields: object) -> str:
    """The component of a REPLY."""
    fields.setdefault("summary", None)
    return part(people=[who], **fields)  # type: ignore[arg-type]


def cancel(*parts: str) -> str:
    return message("CANCEL", *parts)


def got(text: str | None, told: str, who: str = "bob") -> Outcome:
    """What comes of a message, given what is stored."""
    found = reread(told)
    line = found.calendar.first("METHOD")
    assert line is not None
    stored = None if text is None else parse(text.encode())
    outcome = receive(stored, found, line.value, me(who), NOW)
    if outcome.text is not None:
        assert outcome.made == reread(outcome.text)
    return outcome


def after(text: str | None, *told: str, who: str = "bob") -> str | None:
    """What is stored after these messages."""
    for one in told:
        outcome = got(text, one, who)
        text = text if outcome.text is None else outcome.text
    return text


def having(*told: str, who: str = "bob") -> str:
    """What somebody has who got these messages."""
    text = after(None, *told, who=who)
    assert text is not None
    return text


def organized(*overrides: str, **fields: object) -> str:
    """The organizer's object of the series."""
    fields.setdefault("rrule", DAILY)
    return calendar(part(**fields), *overrides)  # type: ignore[arg-type]


def components(text: str | None) -> list[Component]:
    """Its events; none if there is no object."""
    tops = read(text) if text else []
    return [one for top in tops for one in top.components if one.name == "VEVENT"]


def said(text: str | None, name: str) -> list[str]:
    """The values of a property, event by event."""
    return [",".join(line.value for line in one.all(name)) for one in components(text)]


def answers(text: str | None) -> dict[str, list[str]]:
    """Who stands with which answer, by the day of the instance; empty: the series."""
    found: dict[str, list[str]] = {}
    for one in components(text):
        line = one.first("RECURRENCE-ID")
        found["" if line is None else line.value[6:8]] = [
            f"{who.value[7:10]}={parameter(who, 'PARTSTAT') or ''}".rstrip("=")
            for who in one.all("ATTENDEE")
        ]
    return found
