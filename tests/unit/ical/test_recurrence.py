"""Instances: the tables of RFC 4791 §9.9 row by row, and the recurrence sets of RFC 5545."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from caldavd.ical.extent import extent
from caldavd.ical.parse import Document, parse
from caldavd.ical.recurrence import TooMany, instances, iterate
from caldavd.ical.validate import Limits
from caldavd.model import Window
from tests.unit.builders import calendar, event, journal, todo, vevent, vtodo
from tests.unit.builders import component as component_text

BERLIN = ZoneInfo("Europe/Berlin")
ANYTHING = Limits(max_instances=10**9, max_per_day=10**9)
OPEN = Window(None, None)


def document(text: str) -> Document:
    return parse(text.encode(), ANYTHING)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def window(start: str, end: str) -> Window:
    return Window(utc(start), utc(end))


def starts(text: str, start: str, end: str, floating: ZoneInfo = BERLIN) -> list[str]:
    """The starts in the window, in UTC if they are instants."""
    found = instances(document(text), window(start, end), floating)
    return [_shown(row.start) for row in found]


def _shown(value: date | datetime | None) -> str:
    if isinstance(value, datetime) and value.tzinfo is not None:
        value = value.astimezone(UTC)
    return "" if value is None else value.isoformat().removesuffix("+00:00")


# --- RFC 4791 §9.9: every row of the tables, against the words of the RFC ---

S, E, C, D = (int(utc(f"2026-01-05T{hour}:00:00").timestamp()) for hour in ("09", "12", "07", "15"))
MIDNIGHT = int(datetime(2026, 1, 5, tzinfo=BERLIN).timestamp())
P1D = 86_400
START, END = "20260105T090000Z", "20260105T120000Z"
COMPLETED, CREATED = "20260105T150000Z", "20260105T070000Z"

Row = Callable[[int, int], bool]
TABLES: dict[str, tuple[str, Row]] = {
    "VEVENT Y N N": (event(start=START, end=END), lambda s, e: s < E and e > S),
    "VEVENT N Y Y": (event(start=START, duration="PT3H"), lambda s, e: s < E and e > S),
    "VEVENT N Y N": (event(start=START, duration="PT0S"), lambda s, e: s <= S and e > S),
    "VEVENT N N N Y": (
        calendar(vevent(start="20260105T090000Z", lines=["X-A:1"], end=None, duration="PT0S")),
        lambda s, e: s <= S and e > S,
    ),
    "VEVENT N N N N": (
        event(start="20260105"),
        lambda s, e: s < MIDNIGHT + P1D and e > MIDNIGHT,
    ),
    "VTODO Y Y N": (
        todo(start=START, duration="PT3H"),
        lambda s, e: s <= E and (e > S or e >= E),
    ),
    "VTODO Y Y N, no duration": (
        todo(start=START, duration="PT0S"),
        lambda s, e: s <= S and (e > S or e >= S),
    ),
    "VTODO Y N Y": (
        todo(start=START, due=END),
        lambda s, e: (s < E or s <= S) and (e > S or e >= E),
    ),
    "VTODO Y N Y, at once": (
        todo(start=START, due=START),
        lambda s, e: (s < S or s <= S) and (e > S or e >= S),
    ),
    "VTODO Y N Y, backwards": (
        todo(start=END, due=START),
        lambda s, e: (s < S or s <= E) and (e > E or e >= S),
    ),
    "VTODO Y N N": (todo(start=START), lambda s, e: s <= S and e > S),
    "VTODO Y N N, a date": (todo(start="20260105"), lambda s, e: s <= MIDNIGHT and e > MIDNIGHT),
    "VTODO N N Y": (todo(due=END), lambda s, e: s < E and e >= E),
    "VTODO N N N Y Y": (
        todo(completed=COMPLETED, created=CREATED),
        lambda s, e: (s <= C or s <= D) and (e >= C or e >= D),
    ),
    "VTODO N N N Y N": (todo(completed=COMPLETED), lambda s, e: s <= D and e >= D),
    "VTODO N N N N Y": (todo(created=CREATED), lambda s, e: e > C),
    "VTODO N N N N N": (todo(), lambda s, e: True),
    "VJOURNAL Y Y": (journal(start=START), lambda s, e: s <= S and e > S),
    "VJOURNAL Y N": (
        journal(start="20260105"),
        lambda s, e: s < MIDNIGHT + P1D and e > MIDNIGHT,
    ),
    "VJOURNAL N": (journal(start=None), lambda s, e: False),
    "VFREEBUSY Y": (
        calendar(
            component_text("VFREEBUSY", ["UID:1", f"DTSTART:{START}", f"DTEND:{END}"]),
        ),
        lambda s, e: s <= E and e > S,
    ),
    "VFREEBUSY N Y": (
        calendar(component_text("VFREEBUSY", ["UID:1", f"FREEBUSY:{START}/PT3H"])),
        lambda s, e: s < E and e > S,
    ),
    "VFREEBUSY N N": (calendar(component_text("VFREEBUSY", ["UID:1"])), lambda s, e: False),
}


@pytest.mark.rfc("4791 9.9")
@pytest.mark.parametrize("row", TABLES)
def test_a_time_range_matches_as_the_table_of_its_component_says(row: str) -> None:
    text, condition = TABLES[row]
    points = (S, E, C, D, MIDNIGHT, MIDNIGHT + P1D)
    bounds = sorted({point + near for point in points for near in (-1, 0, 1)})
    ranges = list(itertools.combinations(bounds, 2))

    found = list(iterate(document(text), OPEN, BERLIN))

    matched = [any(s < row.ends and e > row.starts for row in found) for s, e in ranges]
    assert matched == [condition(s, e) for s, e in ranges]


@pytest.mark.rfc("4791 9.9")
@pytest.mark.parametrize("row", TABLES)
def test_instances_are_those_that_the_window_matches(row: str) -> None:
    text, condition = TABLES[row]
    ranges = ((S - 1, S), (S, S + 1), (E - 1, E), (E, E + 1), (D, D + 1), (C - 1, C))

    found = [
        bool(instances(document(text), Window(_instant(s), _instant(e)), BERLIN)) for s, e in ranges
    ]

    assert found == [condition(s, e) for s, e in ranges]


def _instant(moment: int) -> datetime:
    return datetime.fromtimestamp(moment, UTC)


# --- Recurrence ---


@pytest.mark.rfc("5545 3.3.10")
@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("FREQ=DAILY;COUNT=3", ["05", "06", "07"]),
        ("FREQ=DAILY;UNTIL=20260107T090000Z", ["05", "06", "07"]),
        ("FREQ=DAILY;UNTIL=20260107T085959Z", ["05", "06"]),
        ("FREQ=DAILY;UNTIL=20260107T090000", ["05", "06", "07"]),
        ("FREQ=DAILY;UNTIL=20260107", ["05", "06", "07"]),
        ("FREQ=WEEKLY;BYDAY=TU;COUNT=3", ["05", "06", "13"]),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=2", ["05", "30"]),
        ("FREQ=MONTHLY;BYDAY=WE,2MO;COUNT=4", ["05", "07", "12", "14"]),
        ("FREQ=MONTHLY;BYDAY=WE,2MO;BYMONTHDAY=12,28;COUNT=3", ["05", "12", "28"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU;WKST=SU;COUNT=3", ["05", "18"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU;WKST=MO;COUNT=3", ["05", "11", "25"]),
    ],
)
def test_a_rule_gives_these_days_of_january(rule: str, expected: list[str]) -> None:
    found = starts(event(rrule=rule), "2026-01-01", "2026-02-01")

    assert found == [f"2026-01-{day}T09:00:00" for day in expected]


@pytest.mark.rfc("5545 3.3.10")
def test_a_week_number_without_a_weekday_is_the_weekday_of_dtstart() -> None:
    text = event(start="20260105", rrule="FREQ=YEARLY;BYWEEKNO=20")

    assert starts(text, "2027-01-01", "2029-01-01") == ["2027-05-17", "2028-05-15"]


@pytest.mark.rfc("5545 3.3.10")
def test_a_set_position_counts_from_the_beginning_of_the_week_of_dtstart() -> None:
    text = event(start="20260110T000000Z", rrule="FREQ=WEEKLY;BYDAY=MO,SA;BYHOUR=0,1;BYSETPOS=2")

    found = starts(text, "2026-01-05", "2026-01-13")

    assert found == ["2026-01-10T00:00:00", "2026-01-12T01:00:00"]


@pytest.mark.rfc("5545 3.3.10")
def test_an_endless_rule_is_found_in_2090_as_well_as_tomorrow() -> None:
    text = event(start="19990105T090000Z", rrule="FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,FR")

    found = starts(text, "2090-01-01", "2090-01-15")

    assert found == ["2090-01-03T09:00:00", "2090-01-06T09:00:00"]


@pytest.mark.rfc("5545 3.3.10")
def test_the_rule_runs_from_1900_to_2100() -> None:
    text = event(start="19000101", rrule="FREQ=YEARLY;INTERVAL=100")

    assert starts(text, "1899-01-01", "2101-01-01") == ["1900-01-01", "2000-01-01", "2100-01-01"]


@pytest.mark.rfc("5545 3.3.5")
def test_a_time_that_the_clocks_skip_has_the_offset_before() -> None:
    text = event(start="Europe/Berlin:20260328T023000", duration="PT1H", rrule="FREQ=DAILY;COUNT=3")

    assert starts(text, "2026-03-01", "2026-04-01") == [
        "2026-03-28T01:30:00",
        "2026-03-29T01:30:00",
        "2026-03-30T00:30:00",
    ]


@pytest.mark.rfc("5545 3.3.5")
def test_a_time_that_occurs_twice_is_the_first() -> None:
    text = event(start="Europe/Berlin:20261024T023000", duration="PT1H", rrule="FREQ=DAILY;COUNT=2")

    assert starts(text, "2026-10-01", "2026-11-01") == [
        "2026-10-24T00:30:00",
        "2026-10-25T00:30:00",
    ]


@pytest.mark.rfc("5545 3.8.5.3")
@pytest.mark.rfc("5545 3.8.2.2")
@pytest.mark.rfc("5545 3.8.2.5")
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"end": "Europe/Berlin:20260329T000000"}, "2026-03-30T01:00:00"),
        ({"duration": "P1D"}, "2026-03-30T00:00:00"),
        ({"duration": "PT24H"}, "2026-03-30T01:00:00"),
    ],
)
def test_dtend_lasts_exactly_and_a_day_of_duration_by_the_clock(
    fields: dict[str, str], expected: str
) -> None:
    text = event(start="Europe/Berlin:20260328T000000", rrule="FREQ=DAILY", **fields)

    found = instances(document(text), window("2026-03-29T12:00:00", "2026-03-29T13:00:00"), BERLIN)

    assert [row.end and row.end.replace(tzinfo=None).isoformat() for row in found] == [expected]


@pytest.mark.rfc("5545 3.8.5.1")
@pytest.mark.parametrize(
    "exdate",
    ["Europe/Berlin:20260106T090000", "20260106T080000Z", "Asia/Tokyo:20260106T170000", "20260106"],
)
def test_an_exdate_of_any_form_takes_its_instance_away(exdate: str) -> None:
    text = event(
        start="Europe/Berlin:20260105T090000",
        duration="PT1H",
        rrule="FREQ=DAILY;COUNT=3",
        exdate=[exdate],
    )

    assert starts(text, "2026-01-01", "2026-02-01") == [
        "2026-01-05T08:00:00",
        "2026-01-07T08:00:00",
    ]


@pytest.mark.rfc("5545 3.8.5.1")
def test_an_exdate_is_no_wall_time_of_another_zone() -> None:
    text = event(
        start="Europe/Berlin:20260105T000000",
        rrule="FREQ=DAILY;BYHOUR=0,1;COUNT=2",
        exdate=["Europe/Berlin:20260105T000000"],
    )

    assert starts(text, "2026-01-01", "2026-02-01") == ["2026-01-05T00:00:00"]


@pytest.mark.rfc("5545 3.8.5.2")
@pytest.mark.rfc("5545 3.3.9")
def test_an_rdate_adds_an_instance_and_a_period_brings_its_end() -> None:
    text = event(
        start="20260105T090000Z",
        duration="PT1H",
        rdate=["20260107T090000Z"],
        lines=["RDATE;VALUE=PERIOD:20260109T090000Z/PT3H,20260110T090000Z/20260110T093000Z"],
    )

    found = instances(document(text), window("2026-01-01", "2026-02-01"), BERLIN)

    assert [(_shown(row.start), _shown(row.end)) for row in found] == [
        ("2026-01-05T09:00:00", "2026-01-05T10:00:00"),
        ("2026-01-07T09:00:00", "2026-01-07T10:00:00"),
        ("2026-01-09T09:00:00", "2026-01-09T12:00:00"),
        ("2026-01-10T09:00:00", "2026-01-10T09:30:00"),
    ]


def series(*overrides: str, **fields: object) -> str:
    return event(
        start="Europe/Berlin:20260105T090000",
        duration="PT1H",
        rrule="FREQ=DAILY;COUNT=4",
        overrides=overrides,
        **fields,
    )


def test_an_override_moved_out_of_the_window_is_not_in_it() -> None:
    moved = vevent(recurrence_id="20260106T080000Z", start="20260301T080000Z", duration="PT1H")

    assert starts(series(moved), "2026-01-06", "2026-01-07") == []


def test_an_override_moved_into_the_window_is_in_it() -> None:
    moved = vevent(
        recurrence_id="Europe/Berlin:20260106T090000", start="20260301T080000Z", duration="PT1H"
    )

    found = instances(document(series(moved)), window("2026-03-01", "2026-03-02"), BERLIN)

    assert [(_shown(row.start), _shown(row.recurrence_id)) for row in found] == [
        ("2026-03-01T08:00:00", "2026-01-06T08:00:00")
    ]


def test_overrides_without_a_master_are_instances() -> None:
    text = calendar(
        vevent(recurrence_id="20260106T080000Z", start="20260106T100000Z", duration="PT1H"),
        vevent(recurrence_id="20260108T080000Z", start="20260108T100000Z", duration="PT1H"),
    )

    assert starts(text, "2026-01-01", "2026-02-01") == [
        "2026-01-06T10:00:00",
        "2026-01-08T10:00:00",
    ]


def test_an_override_of_nothing_is_an_instance_of_its_own() -> None:
    orphan = vevent(recurrence_id="20270101T080000Z", start="20270101T100000Z", duration="PT1H")

    assert starts(series(orphan), "2027-01-01", "2027-02-01") == ["2027-01-01T10:00:00"]


def test_an_exdate_takes_its_override_away_too() -> None:
    moved = vevent(recurrence_id="20260106T080000Z", start="20260301T080000Z", duration="PT1H")

    text = series(moved, exdate=["Europe/Berlin:20260106T090000"])

    assert starts(text, "2026-03-01", "2026-03-02") == []


@pytest.mark.rfc("5545 3.2.13")
def test_this_and_future_moves_and_describes_the_later_instances() -> None:
    future = vevent(
        summary="Later",
        start="Europe/Berlin:20260106T110000",
        duration="PT2H",
        lines=["RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Berlin:20260106T090000"],
    )

    found = instances(document(series(future)), window("2026-01-01", "2026-02-01"), BERLIN)

    assert [(_shown(row.start), _shown(row.end), _summary(row.component)) for row in found] == [
        ("2026-01-05T08:00:00", "2026-01-05T09:00:00", "Meeting"),
        ("2026-01-06T10:00:00", "2026-01-06T12:00:00", "Later"),
        ("2026-01-07T10:00:00", "2026-01-07T12:00:00", "Later"),
        ("2026-01-08T10:00:00", "2026-01-08T12:00:00", "Later"),
    ]


def _summary(component: object) -> str:
    return next(line.value for line in component.lines if line.name == "SUMMARY")  # type: ignore[attr-defined]


def test_an_exrule_takes_instances_away() -> None:
    text = event(rrule="FREQ=DAILY;COUNT=4", lines=["EXRULE:FREQ=DAILY;INTERVAL=2"])

    assert starts(text, "2026-01-01", "2026-02-01") == [
        "2026-01-06T09:00:00",
        "2026-01-08T09:00:00",
    ]


@pytest.mark.rfc("5545 3.3.4")
def test_all_day_instances_are_days_of_the_asker() -> None:
    text = event(start="20260105", rrule="FREQ=DAILY;COUNT=2")
    last_hour_in_utc = window("2026-01-04T23:00:00", "2026-01-05T00:00:00")

    assert len(instances(document(text), last_hour_in_utc, BERLIN)) == 1
    assert instances(document(text), last_hour_in_utc, ZoneInfo("UTC")) == []


def test_a_single_event_has_no_recurrence_id_and_a_series_has_one_for_each() -> None:
    single = instances(document(event()), OPEN, BERLIN)
    both = instances(document(event(rrule="FREQ=DAILY;COUNT=2")), OPEN, BERLIN)

    assert [row.recurrence_id for row in single] == [None]
    assert [row.recurrence_id for row in both] == [row.start for row in both]


@pytest.mark.rfc("5545 3.6.2")
@pytest.mark.rfc("5545 3.8.2.3")
def test_a_recurring_task_recurs_with_its_due() -> None:
    text = todo(start="20260112T090000Z", due="20260112T100000Z", rrule="FREQ=MONTHLY")

    found = instances(document(text), window("2026-02-12", "2026-02-13"), BERLIN)

    assert [(_shown(row.start), _shown(row.end)) for row in found] == [
        ("2026-02-12T09:00:00", "2026-02-12T10:00:00")
    ]


def test_an_override_of_a_task_without_dates_is_where_its_instance_was() -> None:
    text = calendar(
        vtodo(start="20260112T090000Z", rrule="FREQ=DAILY;COUNT=2"),
        vtodo(recurrence_id="20260113T090000Z", completed="20260120T090000Z"),
    )

    assert starts(text, "2026-01-13", "2026-01-14") == ["2026-01-13T09:00:00"]


@pytest.mark.rfc("5545 3.8.2.2")
def test_a_second_of_dtend_before_dtstart_is_no_length() -> None:
    text = event(start="20260105T090000Z", end="20260105T080000Z")

    found = instances(document(text), OPEN, BERLIN)

    assert [(row.starts, row.ends) for row in found] == [(S, S + 1)]


def test_more_instances_than_the_limit_are_too_many() -> None:
    with pytest.raises(TooMany):
        instances(document(event(rrule="FREQ=DAILY")), OPEN, BERLIN, limit=100)


def test_the_first_instance_of_an_endless_rule_is_found_without_the_others() -> None:
    found = iterate(document(event(rrule="FREQ=DAILY")), OPEN, BERLIN)

    assert next(found).starts == S


HOSTILE = (
    "FREQ=SECONDLY",
    "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=SECONDLY;INTERVAL=2;BYSECOND=1",
    "FREQ=SECONDLY;INTERVAL=1000000",
    "FREQ=SECONDLY;COUNT=100000000",
    "FREQ=MINUTELY;BYYEARDAY=366;BYHOUR=3;INTERVAL=7919",
    "FREQ=HOURLY;INTERVAL=24;BYHOUR=8",
    "FREQ=HOURLY;BYYEARDAY=1;INTERVAL=24;BYHOUR=8",
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=DAILY;INTERVAL=7;BYDAY=TU",
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO;BYSETPOS=2",
    "FREQ=WEEKLY;BYDAY=MO;BYSETPOS=2",
    "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=YEARLY;BYWEEKNO=20;BYMONTH=1",
    "FREQ=YEARLY;BYYEARDAY=1;BYMONTH=2",
    "FREQ=MONTHLY;BYDAY=MO;BYMONTHDAY=1;COUNT=1000000",
)


@pytest.mark.parametrize("start", ["00020101T090000Z", "20100104T090000Z"])
@pytest.mark.parametrize("rule", HOSTILE)
def test_a_hostile_rule_is_bounded(rule: str, start: str) -> None:
    hostile = document(event(start=start, duration="PT1H", rrule=rule))
    began = time.process_time()

    for start_, end in (("2026-01-05", "2026-01-06"), ("2090-01-01", "2090-02-01")):
        try:
            found = len(instances(hostile, window(start_, end), BERLIN))
        except TooMany:
            found = 10_000

    assert found <= 10_000
    assert time.process_time() - began < 1


@pytest.mark.parametrize("length", ["P400D", "P3650D"])
def test_an_endless_rule_ends_before_its_instances_leave_the_calendar(length: str) -> None:
    text = event(start="99000101T090000Z", duration=length, rrule="FREQ=YEARLY")

    last = instances(document(text), OPEN, BERLIN)[-1]

    assert last.start is not None and last.start.year > 9998 - 12


def test_an_end_outside_the_calendar_is_a_value_error() -> None:
    master = document(event(start="20260105T090000Z", duration="P3650D")).components[0]

    with pytest.raises(ValueError, match="leave the calendar"):
        extent(master, {}).end_of(utc("9995-01-01"))
