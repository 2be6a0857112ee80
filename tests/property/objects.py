"""Strategies: calendar objects of every type, filters, and windows around them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from caldavd.ical.filter_elements import CompFilter, Filter, PropFilter, TextMatch
from caldavd.model import Window
from tests.unit import builders
from tests.unit.builders import component, valarm

DAY = timedelta(days=1)
FIRST = datetime(2024, 1, 1, tzinfo=UTC)
"""Objects begin in the four years from here on."""

OWN_ZONE = component(
    "VTIMEZONE",
    ["TZID:Own"],
    [
        component(
            name,
            [
                f"DTSTART:2000{month:02}05T040000",
                f"TZOFFSETFROM:{before}",
                f"TZOFFSETTO:{after}",
                f"RRULE:FREQ=YEARLY;BYMONTH={month};BYDAY=1WE",
            ],
        )
        for name, month, before, after in (
            ("DAYLIGHT", 4, "+0330", "+0445"),
            ("STANDARD", 9, "+0445", "+0330"),
        )
    ],
)
"""A zone that no database knows."""

KINDS = (
    "UTC",
    "floating",
    "date",
    "Europe/Berlin",
    "America/New_York",
    "Pacific/Apia",
    "Own",
    "W. Europe Standard Time",
    "/mozilla.org/20050126_1/Europe/London",
    "Nowhere",
)
"""How a time is written: in UTC, in no zone, as a date, in zones known in many ways, or not."""

CLOCKS = ("000000", "003000", "023000", "030000", "090000", "133000", "235959")
CHANGES = (datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC))
"""Days on which clocks in Europe change."""


@st.composite
def days(draw: st.DrawFn) -> datetime:
    return draw(
        st.one_of(
            st.integers(0, 1_400).map(lambda number: FIRST + number * DAY),
            st.tuples(st.sampled_from(CHANGES), st.integers(-2, 2)).map(
                lambda drawn: drawn[0] + drawn[1] * DAY
            ),
        )
    )


def line(name: str, kind: str, day: datetime, clock: str, parameters: str = "") -> str:
    """The content line of a time of a kind."""
    date = day.strftime("%Y%m%d")
    match kind:
        case "date":
            return f"{name};VALUE=DATE{parameters}:{date}"
        case "UTC":
            return f"{name}{parameters}:{date}T{clock}Z"
        case "floating":
            return f"{name}{parameters}:{date}T{clock}"
    return f"{name};TZID={kind}{parameters}:{date}T{clock}"


RULES = (
    "FREQ=DAILY",
    "FREQ=DAILY;COUNT=5",
    "FREQ=DAILY;INTERVAL=3;UNTIL=20270101T000000Z",
    "FREQ=DAILY;UNTIL=20260401",
    "FREQ=DAILY;UNTIL=20260401T020000",
    "FREQ=WEEKLY;BYDAY=MO,FR",
    "FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=SU,WE;COUNT=30",
    "FREQ=MONTHLY;BYDAY=-1FR",
    "FREQ=MONTHLY;BYMONTHDAY=31",
    "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
    "FREQ=YEARLY;BYWEEKNO=20",
    "FREQ=HOURLY;INTERVAL=7",
    "FREQ=DAILY;BYHOUR=1,2,3;BYMINUTE=30",
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
)
LENGTHS = ("PT0S", "PT30M", "PT25H", "P1D", "P3DT2H", "P40D", "-PT1H")


@st.composite
def alarms(draw: st.DrawFn) -> list[str]:
    trigger = draw(st.sampled_from(("", "", "-PT15M", "PT1H", "-P1D", "-P2W", "20260401T090000Z")))
    if not trigger:
        return []
    alarm = valarm(trigger, lines=draw(st.sampled_from(([], ["REPEAT:4", "DURATION:PT10H"]))))
    return [alarm.replace("TRIGGER:", draw(st.sampled_from(("TRIGGER:", "TRIGGER;RELATED=END:"))))]


@st.composite
def ends(draw: st.DrawFn, name: str, kind: str, day: datetime, clock: str) -> list[str]:
    """DTEND or DUE, DURATION, or neither; the end now and then before the start."""
    match draw(st.sampled_from(("none", "end", "end", "duration"))):
        case "end":
            apart = draw(st.sampled_from((0, 0, 1, 2, 40, -1)))
            later = draw(st.sampled_from(CLOCKS[3:]))
            return [line(name, kind, day + apart * DAY, later)]
        case "duration":
            return [f"DURATION:{draw(st.sampled_from(LENGTHS))}"]
    return []


@st.composite
def recurrence(draw: st.DrawFn, kind: str, day: datetime, clock: str) -> list[str]:
    lines = []
    if draw(st.booleans()):
        lines.append("RRULE:" + draw(st.sampled_from(RULES)))
    if draw(st.integers(0, 4)) == 0:
        apart = draw(st.integers(0, 10)) * DAY
        as_ = draw(st.sampled_from((kind, kind, "date")))
        lines.append(line("EXDATE", as_, day + apart, clock))
    if draw(st.integers(0, 4)) == 0:
        lines.append(line("RDATE", kind, day + draw(st.integers(-9, 99)) * DAY, "133000"))
    if kind != "date" and draw(st.integers(0, 9)) == 0:
        period = line("RDATE", kind, day + 5 * DAY, "003000", ";VALUE=PERIOD")
        lines.append(period + draw(st.sampled_from(("/PT3H", "/P2D"))))
    return lines


@st.composite
def times(draw: st.DrawFn, name: str, kind: str) -> tuple[list[str], datetime, str]:
    """The lines of a component that say when it is."""
    day, clock = draw(days()), draw(st.sampled_from(CLOCKS))
    lines: list[str] = []
    end = {"VEVENT": "DTEND", "VTODO": "DUE"}.get(name)
    started = name == "VEVENT" or draw(st.integers(0, 2)) > 0
    if started:
        lines.append(line("DTSTART", kind, day, clock))
    if end is not None:
        given = draw(ends(end, kind, day, clock))
        lines += given if started else [one for one in given if one.startswith("DUE")]
    if name == "VTODO":
        for moment in draw(st.sets(st.sampled_from(("COMPLETED", "CREATED")))):
            lines.append(line(moment, "UTC", day + draw(st.integers(-9, 9)) * DAY, clock))
    if started:
        lines += draw(recurrence(kind, day, clock))
    return lines, day, clock


SUMMARIES = ("Meeting", "MEETING", "straße", "Lunch")


@st.composite
def overrides(
    draw: st.DrawFn, name: str, uid: str, kind: str, day: datetime, clock: str
) -> list[str]:
    """Components with a RECURRENCE-ID; it may be none of the series."""
    found = []
    for apart in draw(st.sets(st.integers(0, 20), max_size=2)):
        future = ";RANGE=THISANDFUTURE" if draw(st.integers(0, 3)) == 0 else ""
        identity = line("RECURRENCE-ID", kind, day + apart * DAY, clock, future)
        moved = line("DTSTART", kind, day + draw(st.integers(-30, 60)) * DAY, "133000")
        summary = f"SUMMARY:{draw(st.sampled_from(SUMMARIES))}"
        lines = [f"UID:{uid}", summary, identity, *([moved] if draw(st.booleans()) else [])]
        if name == "VEVENT" and len(lines) == 3:
            lines.append(moved)
        found.append(component(name, lines, draw(alarms()) if name != "VJOURNAL" else []))
    return found


@st.composite
def objects(draw: st.DrawFn, uid: str) -> str:
    """The text of a calendar object."""
    name = draw(st.sampled_from(("VEVENT", "VEVENT", "VTODO", "VTODO", "VJOURNAL", "VFREEBUSY")))
    if name == "VFREEBUSY":
        return builders.calendar(component(name, [f"UID:{uid}", *draw(published())]))
    kind = draw(st.sampled_from(KINDS))
    lines, day, clock = draw(times(name, kind))
    head = [f"UID:{uid}", f"SUMMARY:{draw(st.sampled_from(SUMMARIES))}"]
    master = component(name, head + lines, draw(alarms()) if name != "VJOURNAL" else [])
    parts = [master]
    if any(one.startswith("DTSTART") for one in lines):
        changed = draw(overrides(name, uid, kind, day, clock))
        parts = changed if changed and draw(st.integers(0, 9)) == 0 else [master, *changed]
    return builders.calendar(*([OWN_ZONE] if kind == "Own" else []), *parts)


@st.composite
def published(draw: st.DrawFn) -> list[str]:
    """DTSTART and DTEND, FREEBUSY, both or neither."""
    day = draw(days())
    lines = []
    if draw(st.booleans()):
        lines = [line("DTSTART", "UTC", day, "000000"), line("DTEND", "UTC", day + DAY, "000000")]
    if draw(st.booleans()):
        date = day.strftime("%Y%m%d")
        lines.append(f"FREEBUSY:{date}T090000Z/PT1H,{date}T133000Z/{date}T140000Z")
    return lines


# --- What is asked ---


@st.composite
def windows(draw: st.DrawFn) -> Window:
    """A range where the objects are, seldom far after them, open at an end now and then."""
    start = draw(days()) + draw(st.sampled_from((0, 0, 0, 4_000))) * DAY
    start += timedelta(minutes=draw(st.sampled_from((0, 30, 540, 1_410))))
    lasts = draw(st.sampled_from((timedelta(minutes=30), DAY, 7 * DAY, 365 * DAY)))
    match draw(st.sampled_from(("both", "both", "both", "start", "end"))):
        case "start":
            return Window(start, None)
        case "end":
            return Window(None, start)
    return Window(start, start + lasts)


@st.composite
def prop_filters(draw: st.DrawFn, uids: Sequence[str]) -> PropFilter:
    match draw(st.sampled_from(("UID", "UID", "text", "range", "undefined", "defined"))):
        case "UID":
            collation = draw(st.sampled_from(("i;octet", "i;octet", "i;ascii-casemap")))
            text = draw(st.sampled_from((*uids, "uid", "UID-1", "none")))
            return PropFilter(
                "UID", text_match=TextMatch(text, collation, draw(st.integers(0, 4)) == 0)
            )
        case "text":
            collation = draw(st.sampled_from(("i;octet", "i;ascii-casemap", "i;unicode-casemap")))
            match = TextMatch(draw(st.sampled_from(("meet", "STRASSE", "Lunch"))), collation)
            return PropFilter("SUMMARY", text_match=match)
        case "range":
            timed = draw(st.sampled_from(("DTSTART", "DTEND", "DUE", "COMPLETED")))
            return PropFilter(timed, time_range=draw(windows()))
        case "undefined":
            return PropFilter(draw(st.sampled_from(("COMPLETED", "RRULE"))), is_not_defined=True)
    return PropFilter(draw(st.sampled_from(("DTSTART", "DURATION", "RECURRENCE-ID"))))


@st.composite
def comp_filters(draw: st.DrawFn, uids: Sequence[str]) -> CompFilter:
    name = draw(st.sampled_from(("VEVENT", "vevent", "VTODO", "VTODO", "VJOURNAL", "VFREEBUSY")))
    if draw(st.integers(0, 9)) == 0:
        return CompFilter(name, is_not_defined=True)
    inner: tuple[CompFilter, ...] = ()
    if name.upper() in ("VEVENT", "VTODO") and draw(st.integers(0, 3)) == 0:
        absent = draw(st.booleans())
        window = None if absent else draw(st.one_of(st.none(), windows()))
        inner = (CompFilter("VALARM", is_not_defined=absent, time_range=window),)
    return CompFilter(
        name,
        time_range=draw(st.one_of(st.none(), windows(), windows())),
        prop_filters=tuple(draw(st.lists(prop_filters(uids), max_size=1))),
        comp_filters=inner,
    )


@st.composite
def filters(draw: st.DrawFn, uids: Sequence[str]) -> Filter:
    top = CompFilter(
        "VCALENDAR",
        time_range=draw(st.one_of(st.none(), st.none(), windows())),
        prop_filters=tuple(draw(st.lists(prop_filters(uids), max_size=1))),
        comp_filters=tuple(draw(st.lists(comp_filters(uids), max_size=1))),
    )
    plain = CompFilter("VCALENDAR", comp_filters=top.comp_filters)
    return Filter(draw(st.sampled_from((plain, plain, top))))
