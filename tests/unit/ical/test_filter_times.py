"""Time ranges of filters: each row of the tables of RFC 4791 §9.9, and what they apply to."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import product
from zoneinfo import ZoneInfo

import pytest

from caldavd.ical.filter import CompFilter, Filter, PropFilter, TextMatch, check, matches
from caldavd.ical.parse import parse
from caldavd.model import Window
from tests.unit.builders import calendar, component, event, journal, todo, valarm, vevent, vtodo

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
INFINITY = datetime.max.replace(tzinfo=UTC)
BEFORE_ALL = datetime.min.replace(tzinfo=UTC)

Condition = Callable[[datetime, datetime], bool]


def at(day: int, hour: int = 0) -> datetime:
    return datetime(2026, 1, day, hour, tzinfo=UTC)


def found(text: str, filter: CompFilter, floating: tzinfo = UTC) -> bool:
    whole = Filter(CompFilter("VCALENDAR", comp_filters=(filter,)))
    check(whole)
    return matches(whole, parse(text.encode()), floating)


def in_range(
    text: str,
    start: datetime | None,
    end: datetime | None,
    *path: str,
    floating: tzinfo = UTC,
) -> bool:
    """Whether a time-range on the component at the end of the path finds the text."""
    filter = CompFilter(path[-1], time_range=Window(start, end))
    for name in reversed(path[:-1]):
        filter = CompFilter(name, comp_filters=(filter,))
    return found(text, filter, floating)


DTSTART, DTEND = at(5, 9), at(5, 10)
DUE = at(6, 9)
COMPLETED, CREATED = at(5, 12), at(4, 12)
PERIOD_START, PERIOD_END = at(5, 14), at(5, 15)
HOUR = timedelta(hours=1)


def freebusy(*lines: str) -> str:
    return calendar(component("VFREEBUSY", ["UID:1", "DTSTAMP:20260101T000000Z", *lines]))


FREEBUSY = "FREEBUSY:20260105T140000Z/20260105T150000Z"

ROWS: dict[str, tuple[str, str, Condition]] = {
    "VEVENT Y N N": (
        "VEVENT",
        event(start="20260105T090000Z", end="20260105T100000Z"),
        lambda start, end: start < DTEND and end > DTSTART,
    ),
    "VEVENT Y N N of dates": (
        "VEVENT",
        event(start="20260105", end="20260107"),
        lambda start, end: start < at(7) and end > at(5),
    ),
    "VEVENT N Y Y": (
        "VEVENT",
        event(start="20260105T090000Z", duration="PT1H"),
        lambda start, end: start < DTSTART + HOUR and end > DTSTART,
    ),
    "VEVENT N Y N": (
        "VEVENT",
        event(start="20260105T090000Z", duration="PT0S"),
        lambda start, end: start <= DTSTART and end > DTSTART,
    ),
    "VEVENT N N N Y": (
        "VEVENT",
        calendar(component("VEVENT", ["UID:1", "DTSTART:20260105T090000Z"])),
        lambda start, end: start <= DTSTART and end > DTSTART,
    ),
    "VEVENT N N N N": (
        "VEVENT",
        event(start="20260105"),
        lambda start, end: start < at(5) + DAY and end > at(5),
    ),
    "VTODO Y Y N": (
        "VTODO",
        todo(start="20260105T090000Z", duration="PT1H"),
        lambda start, end: start <= DTSTART + HOUR and (end > DTSTART or end >= DTSTART + HOUR),
    ),
    "VTODO Y N Y": (
        "VTODO",
        todo(start="20260105T090000Z", due="20260106T090000Z"),
        lambda start, end: (start < DUE or start <= DTSTART) and (end > DTSTART or end >= DUE),
    ),
    "VTODO Y N Y, due when it starts": (
        "VTODO",
        todo(start="20260105T090000Z", due="20260105T090000Z"),
        lambda start, end: (
            (start < DTSTART or start <= DTSTART) and (end > DTSTART or end >= DTSTART)
        ),
    ),
    "VTODO Y N N": (
        "VTODO",
        todo(start="20260105T090000Z"),
        lambda start, end: start <= DTSTART and end > DTSTART,
    ),
    "VTODO N N Y": (
        "VTODO",
        todo(due="20260106T090000Z"),
        lambda start, end: start < DUE and end >= DUE,
    ),
    "VTODO N N N Y Y": (
        "VTODO",
        todo(completed="20260105T120000Z", created="20260104T120000Z"),
        lambda start, end: (
            (start <= CREATED or start <= COMPLETED) and (end >= CREATED or end >= COMPLETED)
        ),
    ),
    "VTODO N N N Y N": (
        "VTODO",
        todo(completed="20260105T120000Z"),
        lambda start, end: start <= COMPLETED and end >= COMPLETED,
    ),
    "VTODO N N N N Y": (
        "VTODO",
        todo(created="20260104T120000Z"),
        lambda start, end: end > CREATED,
    ),
    "VTODO N N N N N": ("VTODO", todo(), lambda start, end: True),
    "VJOURNAL Y Y": (
        "VJOURNAL",
        journal(start="20260105T090000Z"),
        lambda start, end: start <= DTSTART and end > DTSTART,
    ),
    "VJOURNAL Y N": (
        "VJOURNAL",
        journal(start="20260105"),
        lambda start, end: start < at(5) + DAY and end > at(5),
    ),
    "VJOURNAL N": ("VJOURNAL", journal(start=None), lambda start, end: False),
    "VFREEBUSY Y": (
        "VFREEBUSY",
        freebusy("DTSTART:20260105T090000Z", "DTEND:20260105T100000Z", FREEBUSY),
        lambda start, end: start <= DTEND and end > DTSTART,
    ),
    "VFREEBUSY N Y": (
        "VFREEBUSY",
        freebusy(FREEBUSY),
        lambda start, end: start < PERIOD_END and end > PERIOD_START,
    ),
    "VFREEBUSY N N": ("VFREEBUSY", freebusy(), lambda start, end: False),
}

EDGES = (DTSTART, DTEND, DUE, COMPLETED, CREATED, PERIOD_START, PERIOD_END, at(5), at(6), at(7))
INSTANTS = sorted({edge + step for edge in EDGES for step in (-SECOND, timedelta(), SECOND)})
RANGES = [(start, end) for start, end in product(INSTANTS, repeat=2) if start < end]


@pytest.mark.rfc("4791 9.9")
@pytest.mark.parametrize(("name", "text", "condition"), ROWS.values(), ids=ROWS)
def test_a_row_of_the_table_decides_to_the_second(
    name: str, text: str, condition: Condition
) -> None:
    document = parse(text.encode())

    wrong = [
        (start, end)
        for start, end in RANGES
        if matches(
            Filter(
                CompFilter(
                    "VCALENDAR", comp_filters=(CompFilter(name, time_range=Window(start, end)),)
                )
            ),
            document,
            UTC,
        )
        != condition(start, end)
    ]

    assert wrong == []


@pytest.mark.rfc("4791 9.9")
@pytest.mark.parametrize(("name", "text", "condition"), ROWS.values(), ids=ROWS)
def test_an_open_end_is_infinity(name: str, text: str, condition: Condition) -> None:
    open_end = [in_range(text, instant, None, name) for instant in INSTANTS]
    open_start = [in_range(text, None, instant, name) for instant in INSTANTS]

    assert open_end == [condition(instant, INFINITY) for instant in INSTANTS]
    assert open_start == [condition(BEFORE_ALL, instant) for instant in INSTANTS]


@pytest.mark.rfc("4791 9.8")
def test_a_whole_day_is_that_of_the_zone_asked_for() -> None:
    text = event(start="20260105")
    tokyo, hour = ZoneInfo("Asia/Tokyo"), timedelta(hours=1)

    day_before = (at(4, 15), at(4, 15) + hour)

    assert in_range(text, *day_before, "VEVENT", floating=tokyo)
    assert not in_range(text, *day_before, "VEVENT", floating=UTC)


# --- Recurrence ---

MONTHLY = event(start="20000112T120000Z", end="20000112T130000Z", rrule="FREQ=MONTHLY")
YEARLY = event(start="20000201", rrule="FREQ=YEARLY")
CHANGED = event(
    start="20000113T120000Z",
    end="20000113T130000Z",
    rrule="FREQ=MONTHLY",
    overrides=[
        vevent(
            summary="Other",
            start="20000220T120000Z",
            end="20000220T130000Z",
            recurrence_id="20000213T120000Z",
            lines=["CATEGORIES:moved"],
        )
    ],
)


def day(year: int, month: int, number: int) -> tuple[datetime, datetime]:
    start = datetime(year, month, number, tzinfo=UTC)
    return start, start + DAY


@pytest.mark.rfc("4791 7.4")
@pytest.mark.parametrize(
    ("text", "date", "expected"),
    [
        (MONTHLY, (2000, 2, 12), True),
        (MONTHLY, (2000, 2, 13), False),
        (MONTHLY, (2045, 3, 12), True),
        (MONTHLY, (2090, 12, 12), True),
        (MONTHLY, (1999, 12, 12), False),
        (YEARLY, (2001, 2, 1), True),
        (YEARLY, (2001, 3, 1), False),
        (CHANGED, (2000, 2, 13), False),
        (CHANGED, (2000, 2, 20), True),
        (CHANGED, (2000, 3, 13), True),
    ],
)
def test_any_instance_counts_and_no_other_day(
    text: str, date: tuple[int, int, int], expected: bool
) -> None:
    assert in_range(text, *day(*date), "VEVENT") == expected


def test_recurring_tasks_are_found_like_events() -> None:
    text = todo(start="20000112T120000Z", due="20000112T130000Z", rrule="FREQ=MONTHLY")

    assert in_range(text, *day(2000, 2, 12), "VTODO")
    assert not in_range(text, *day(2000, 2, 13), "VTODO")


def category_on(category: str, date: tuple[int, int, int]) -> CompFilter:
    return CompFilter(
        "VEVENT",
        time_range=Window(*day(*date)),
        prop_filters=(PropFilter("CATEGORIES", text_match=TextMatch(category)),),
    )


@pytest.mark.rfc("4791 9.7.1")
def test_one_component_must_have_both_the_property_and_the_time() -> None:
    assert found(CHANGED, category_on("moved", (2000, 2, 20)))
    assert not found(CHANGED, category_on("moved", (2000, 3, 13)))


@pytest.mark.rfc("4791 9.7.1")
def test_a_master_has_not_the_time_of_its_overrides() -> None:
    undefined = PropFilter("CATEGORIES", is_not_defined=True)
    on = CompFilter("VEVENT", time_range=Window(*day(2000, 2, 20)), prop_filters=(undefined,))

    assert not found(CHANGED, on)


def test_an_open_range_asks_no_endless_question() -> None:
    after = CompFilter(
        "VEVENT",
        time_range=Window(datetime(2010, 1, 1, tzinfo=UTC), None),
        prop_filters=(PropFilter("CATEGORIES"),),
    )

    assert not found(CHANGED, after)


# --- Alarms ---

WITH_ALARM = event(start="20000110T080000Z", end="20000110T090000Z", alarms=[valarm("-PT15M")])
EVERY_DAY = event(
    start="20260101T090000Z",
    end="20260101T100000Z",
    rrule="FREQ=DAILY",
    overrides=[
        vevent(
            start="20260105T180000Z",
            end="20260105T190000Z",
            recurrence_id="20260105T090000Z",
            alarms=[valarm("-PT30M")],
        )
    ],
    alarms=[valarm("-PT15M")],
)


def minutes(start: datetime, first: int, last: int) -> tuple[datetime, datetime]:
    return start + timedelta(minutes=first), start + timedelta(minutes=last)


@pytest.mark.rfc("4791 9.9")
def test_an_alarm_is_found_when_it_goes_off_not_when_the_event_is() -> None:
    eight = datetime(2000, 1, 10, 8, tzinfo=UTC)

    assert in_range(WITH_ALARM, *minutes(eight, -20, -5), "VEVENT", "VALARM")
    assert not in_range(WITH_ALARM, *minutes(eight, 0, 15), "VEVENT", "VALARM")


@pytest.mark.rfc("4791 9.9")
@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (at(2, 9), True),
        (at(5, 9), False),
        (at(5, 18), False),
        (at(6, 9), True),
        (datetime(2090, 1, 1, 9, tzinfo=UTC), True),
    ],
)
def test_an_alarm_goes_off_for_every_instance_of_its_component(
    start: datetime, expected: bool
) -> None:
    assert in_range(EVERY_DAY, *minutes(start, -20, -10), "VEVENT", "VALARM") == expected


def test_an_override_has_its_own_alarm() -> None:
    assert in_range(EVERY_DAY, *minutes(at(5, 18), -31, -29), "VEVENT", "VALARM")


@pytest.mark.rfc("5545 3.8.6.3")
def test_an_absolute_alarm_of_a_series_goes_off_once() -> None:
    text = event(start="20260101T090000Z", rrule="FREQ=DAILY", alarms=[valarm("20260103T070000Z")])

    hits = [d for d in range(1, 8) if in_range(text, at(d, 7), at(d, 8), "VEVENT", "VALARM")]

    assert hits == [3]


def test_an_alarm_long_before_its_event_is_found() -> None:
    text = event(start="20260301T090000Z", alarms=[valarm("-P8W")])

    assert in_range(text, at(4, 9), at(4, 10), "VEVENT", "VALARM")


@pytest.mark.parametrize("bounds", [(at(4), None), (None, at(8))])
def test_an_open_range_finds_an_alarm(bounds: tuple[datetime | None, datetime | None]) -> None:
    assert in_range(EVERY_DAY, *bounds, "VEVENT", "VALARM")


def test_a_broken_alarm_is_no_error() -> None:
    broken = component("VALARM", ["ACTION:DISPLAY"])

    assert not in_range(event(alarms=[broken]), at(1), at(30), "VEVENT", "VALARM")


def test_an_alarm_is_found_whatever_the_type_of_its_component() -> None:
    text = todo(due="20260106T090000Z", alarms=[valarm("-PT1H")])

    assert in_range(text, at(6, 8), at(6, 9), "VALARM")
    assert not in_range(text, at(6, 9), at(6, 10), "VALARM")


# --- Properties ---

HALF_DAY = {"start": "20260105T090000Z", "end": "20260105T210000Z"}
DATED: dict[str, tuple[str, str, str, datetime]] = {
    "DTSTART": ("VEVENT", "DTSTART", event(**HALF_DAY), at(5, 9)),
    "DTSTART of a date": ("VEVENT", "DTSTART", event(start="20260105"), at(5)),
    "DTSTART of a later instance": (
        "VEVENT",
        "DTSTART",
        event(start="20251229T090000Z", rrule="FREQ=WEEKLY"),
        at(5, 9),
    ),
    "DTEND": ("VEVENT", "DTEND", event(**HALF_DAY), at(5, 21)),
    "DTEND by DURATION": (
        "VEVENT",
        "DTEND",
        event(start="20260105T090000Z", duration="PT3H"),
        at(5, 12),
    ),
    "DUE": ("VTODO", "DUE", todo(due="20260105T120000Z"), at(5, 12)),
    "DUE by DURATION": (
        "VTODO",
        "DUE",
        todo(start="20260105T090000Z", duration="PT3H"),
        at(5, 12),
    ),
    "COMPLETED": ("VTODO", "COMPLETED", todo(completed="20260105T120000Z"), at(5, 12)),
    "CREATED": ("VTODO", "created", todo(created="20260105T120000Z"), at(5, 12)),
    "DTSTAMP": ("VEVENT", "DTSTAMP", event(**HALF_DAY), at(1)),
    "LAST-MODIFIED": (
        "VJOURNAL",
        "LAST-MODIFIED",
        journal(lines=["LAST-MODIFIED:20260105T120000Z"]),
        at(5, 12),
    ),
}


def property_in(text: str, type_: str, name: str, start: datetime, end: datetime) -> bool:
    prop = PropFilter(name, time_range=Window(start, end))
    return found(text, CompFilter(type_, prop_filters=(prop,)))


@pytest.mark.rfc("4791 9.9")
@pytest.mark.parametrize(("type_", "name", "text", "time"), DATED.values(), ids=DATED)
def test_a_property_is_in_the_range_that_its_time_is_in(
    type_: str, name: str, text: str, time: datetime
) -> None:
    around = [
        (time - HOUR, time),
        (time, time + SECOND),
        (time - SECOND, time + SECOND),
        (time + SECOND, time + HOUR),
    ]

    hits = [property_in(text, type_, name, start, end) for start, end in around]

    assert hits == [False, True, True, False]


@pytest.mark.parametrize(
    ("type_", "name", "text"),
    [
        ("VEVENT", "DTEND", event(start="20260105T080000Z")),
        ("VTODO", "DTSTART", todo(due="20260105T120000Z")),
        ("VTODO", "DUE", todo(start="20260105T120000Z")),
        ("VTODO", "COMPLETED", todo(due="20260105T120000Z")),
        ("VEVENT", "CREATED", event(lines=["CREATED:00001231T000000Z"])),
    ],
)
def test_a_property_that_is_not_there_or_no_date_is_in_no_range(
    type_: str, name: str, text: str
) -> None:
    assert not property_in(text, type_, name, at(1), at(30))


# --- A calendar's time range ---


@pytest.mark.parametrize(
    "text",
    [
        event(start="20260105T080000Z"),
        todo(due="20260105T080000Z"),
        journal(start="20260105"),
        calendar(vtodo(start="20260105")),
    ],
)
def test_a_range_on_the_calendar_is_about_components_of_any_type(text: str) -> None:
    document = parse(text.encode())

    def on(number: int) -> Filter:
        return Filter(CompFilter("VCALENDAR", time_range=Window(at(number), at(number + 1))))

    assert [number for number in range(3, 8) if matches(on(number), document, UTC)] == [5]


# --- Bounded work ---


def test_many_changed_series_are_asked_in_one_pass() -> None:
    days = [f"{2000 + n // 336}{n // 28 % 12 + 1:02}{n % 28 + 1:02}" for n in range(300)]
    changes = [
        vevent(
            start=f"{date}T100000Z",
            duration="PT1H",
            alarms=[valarm()],
            lines=[f"RECURRENCE-ID;RANGE=THISANDFUTURE:{date}T090000Z"],
        )
        for date in days
    ]
    text = event(start="20000101T090000Z", rrule="FREQ=DAILY", overrides=changes)
    started = time.perf_counter()

    before = in_range(text, *day(1999, 1, 1), "VEVENT")
    ringing = in_range(text, *day(1999, 1, 1), "VEVENT", "VALARM")

    assert (before, ringing) == (False, False)
    assert time.perf_counter() - started < 2


def test_later_instances_are_described_by_the_change_before_them() -> None:
    changed = vevent(
        summary="Changed",
        start="20260106T100000Z",
        duration="PT1H",
        lines=["RECURRENCE-ID;RANGE=THISANDFUTURE:20260106T090000Z"],
    )
    text = event(start="20260105T090000Z", rrule="FREQ=DAILY", overrides=[changed])

    def summary_on(number: int, summary: str) -> bool:
        prop = PropFilter("SUMMARY", text_match=TextMatch(summary))
        window = Window(at(number), at(number + 1))
        return found(text, CompFilter("VEVENT", time_range=window, prop_filters=(prop,)))

    assert [summary_on(n, "changed") for n in (5, 6, 9)] == [False, True, True]
    assert [summary_on(n, "meeting") for n in (5, 6, 9)] == [True, False, False]


@pytest.mark.rfc("5545 3.8.5.1")
def test_an_override_that_an_exdate_takes_away_matches_no_time_range() -> None:
    moved = vevent(recurrence_id="20260106T090000Z", start="20260301T090000Z", duration="PT1H")
    text = event(rrule="FREQ=DAILY;COUNT=3", exdate=["20260106T090000Z"], overrides=[moved])
    window = Window(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC))
    asked = CompFilter("VCALENDAR", comp_filters=(CompFilter("VEVENT", time_range=window),))

    assert not matches(Filter(asked), parse(text.encode()), UTC)
