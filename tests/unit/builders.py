"""Builders of iCalendar texts for tests: `event(start="20260105T090000Z", rrule="FREQ=DAILY")`.

Times are written as in the text; eight digits make a DATE, and `Europe/Berlin:20260105T090000`
gives the time in that zone. `event`, `todo` and `journal` make a whole calendar; `vevent`, `vtodo`
and `vjournal` make one component, for `calendar(...)` or `overrides=[...]`.
"""

from __future__ import annotations

from collections.abc import Sequence

CRLF = "\r\n"
UID = "1@example.com"
START = "20260105T090000Z"
END = "20260105T100000Z"

BERLIN = CRLF.join(
    (
        "BEGIN:VTIMEZONE",
        "TZID:Europe/Berlin",
        "BEGIN:DAYLIGHT",
        "TZOFFSETFROM:+0100",
        "TZOFFSETTO:+0200",
        "TZNAME:CEST",
        "DTSTART:19700329T020000",
        "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
        "END:DAYLIGHT",
        "BEGIN:STANDARD",
        "TZOFFSETFROM:+0200",
        "TZOFFSETTO:+0100",
        "TZNAME:CET",
        "DTSTART:19701025T030000",
        "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU",
        "END:STANDARD",
        "END:VTIMEZONE",
        "",
    )
)
"""A VTIMEZONE; texts of components end in CRLF."""


def calendar(*components: str, lines: Sequence[str] = ()) -> str:
    """A VCALENDAR of the components; `lines` are further properties of the calendar."""
    head = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//caldavd//tests//EN", *lines, "")
    return CRLF.join(head) + "".join(components) + "END:VCALENDAR" + CRLF


def component(name: str, lines: Sequence[str], components: Sequence[str] = ()) -> str:
    """Any component: content lines without line ends, then the texts of those inside."""
    body = "".join(line + CRLF for line in lines)
    return f"BEGIN:{name}{CRLF}{body}{''.join(components)}END:{name}{CRLF}"


def time(name: str, value: str) -> str:
    """The content line of a date or time written as the module says."""
    zone, colon, local = value.rpartition(":")
    if colon:
        return f"{name};TZID={zone}:{local}"
    first = value.split(",", maxsplit=1)[0]
    return f"{name};VALUE=DATE:{value}" if len(first) == 8 else f"{name}:{value}"


def valarm(trigger: str = "-PT15M", *, lines: Sequence[str] = ()) -> str:
    """An alarm; an absolute trigger is recognised by its form."""
    absolute = ";VALUE=DATE-TIME" if trigger[:1].isdigit() else ""
    return component(
        "VALARM", ["ACTION:DISPLAY", "DESCRIPTION:Alarm", f"TRIGGER{absolute}:{trigger}", *lines]
    )


def vevent(
    *,
    uid: str | None = UID,
    summary: str | None = "Meeting",
    start: str | None = START,
    end: str | None = None,
    duration: str | None = None,
    rrule: str | None = None,
    rdate: Sequence[str] = (),
    exdate: Sequence[str] = (),
    recurrence_id: str | None = None,
    organizer: str | None = None,
    attendees: Sequence[str] = (),
    lines: Sequence[str] = (),
    alarms: Sequence[str] = (),
) -> str:
    """A VEVENT of one hour from `start`, unless it is told an end, a duration or another start."""
    if start == START and end is None and duration is None:
        end = END
    times = (("DTSTART", start), ("DTEND", end), ("RECURRENCE-ID", recurrence_id))
    rest = (("DURATION", duration), ("RRULE", rrule))
    return _component(
        "VEVENT",
        uid,
        summary,
        times,
        rest,
        (
            *(time("RDATE", value) for value in rdate),
            *(time("EXDATE", value) for value in exdate),
            *_people(organizer, attendees),
            *lines,
        ),
        alarms,
    )


def vtodo(
    *,
    uid: str | None = UID,
    summary: str | None = "Task",
    start: str | None = None,
    due: str | None = None,
    duration: str | None = None,
    completed: str | None = None,
    created: str | None = None,
    rrule: str | None = None,
    exdate: Sequence[str] = (),
    recurrence_id: str | None = None,
    lines: Sequence[str] = (),
    alarms: Sequence[str] = (),
) -> str:
    """A VTODO with the given times and no others."""
    times = (
        ("DTSTART", start),
        ("DUE", due),
        ("RECURRENCE-ID", recurrence_id),
        ("COMPLETED", completed),
        ("CREATED", created),
    )
    rest = (("DURATION", duration), ("RRULE", rrule))
    excluded = tuple(time("EXDATE", value) for value in exdate)
    return _component("VTODO", uid, summary, times, rest, (*excluded, *lines), alarms)


def vjournal(
    *,
    uid: str | None = UID,
    summary: str | None = "Entry",
    start: str | None = "20260105",
    rrule: str | None = None,
    recurrence_id: str | None = None,
    lines: Sequence[str] = (),
) -> str:
    """A VJOURNAL of a day."""
    times = (("DTSTART", start), ("RECURRENCE-ID", recurrence_id))
    return _component("VJOURNAL", uid, summary, times, (("RRULE", rrule),), tuple(lines), ())


def event(*, overrides: Sequence[str] = (), zones: Sequence[str] = (), **fields: object) -> str:
    """A calendar with one event: the fields of `vevent`, texts of overrides and of zones."""
    return calendar(*zones, vevent(**fields), *overrides)  # type: ignore[arg-type]


def todo(*, overrides: Sequence[str] = (), zones: Sequence[str] = (), **fields: object) -> str:
    """A calendar with one task: the fields of `vtodo`."""
    return calendar(*zones, vtodo(**fields), *overrides)  # type: ignore[arg-type]


def journal(*, overrides: Sequence[str] = (), zones: Sequence[str] = (), **fields: object) -> str:
    """A calendar with one journal entry: the fields of `vjournal`."""
    return calendar(*zones, vjournal(**fields), *overrides)  # type: ignore[arg-type]


def _component(
    name: str,
    uid: str | None,
    summary: str | None,
    times: Sequence[tuple[str, str | None]],
    rest: Sequence[tuple[str, str | None]],
    lines: Sequence[str],
    components: Sequence[str],
) -> str:
    texts = (("UID", uid), ("DTSTAMP", "20260101T000000Z"), *rest, ("SUMMARY", summary))
    return component(
        name,
        [
            *(f"{key}:{value}" for key, value in texts if value is not None),
            *(time(key, value) for key, value in times if value is not None),
            *lines,
        ],
        components,
    )


def _people(organizer: str | None, attendees: Sequence[str]) -> list[str]:
    lines = [f"ATTENDEE:{_address(attendee)}" for attendee in attendees]
    if organizer is not None:
        lines.insert(0, f"ORGANIZER:{_address(organizer)}")
    return lines


def _address(who: str) -> str:
    """`bob` is mailto:bob@example.com; whatever has a colon or an @ is taken as it is."""
    if ":" in who:
        return who
    return f"mailto:{who if '@' in who else who + '@example.com'}"
